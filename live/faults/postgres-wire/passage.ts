// Lets the two directions of one connection pass, and stops them where a fault wants it. No sockets in here: bytes come
// in, bytes go out.
//
// What a stop relies on:
//   1. Messages are only ever stopped whole, so whatever has reached the database is complete, and the database works
//      through all of it before it notices the end of the connection. Forwarded means done, in the order of forwarding.
//   2. A pipelining server sends BEGIN, INSERT and COMMIT in one packet, and the backend keeps its answers until it is
//      told to send them. To learn that everything before a place is done, a Flush is put in where the server sent
//      none. Nothing answers a Flush, so neither side can tell.
//   3. "After a statement" is after the Sync behind it, if a Sync is what comes next: without it, a statement outside of
//      a transaction would not be committed. If something else comes next, the statement is flushed, and what comes next
//      is held back. Which of both it is shows with the next message; no backend answers before.
//   4. Rows that a server is still to send for a COPY pass, and so does the request for them.
import type { WireAnswer, WireConnectionInfo, WireEvent, WireStatement } from "./events.ts";
import type { CutMethod, FaultBoard, Point, WireFailure } from "./fault-board.ts";
import { Conversation, type FrontendStep } from "./conversation.ts";
import { stopAfter, type StopAfter, type StopBefore } from "./stops.ts";
import { Delivery } from "./delivery.ts";
import { type Frame, Framing } from "./framing.ts";
import {
  backendRules,
  brokenParse,
  errorMessage,
  flushMessage,
  frontendRules,
  type WireError,
} from "./messages.ts";

export interface PassageEnds {
  toBackend(bytes: Buffer): void;
  toFrontend(bytes: Buffer): void;
  /** See `Standing.cut`. */
  cut(method: CutMethod): Promise<void>;
  /** The frontend's messages may go on, after they were stopped. */
  onReleased(): void;
}

export interface PassageOptions {
  readonly connection: WireConnectionInfo;
  readonly board: FaultBoard;
  readonly ends: PassageEnds;
  readonly report: (event: WireEvent) => void;
}

export class Passage {
  readonly #board: FaultBoard;
  readonly #ends: PassageEnds;
  readonly #conversation: Conversation;
  readonly #up = new Framing(frontendRules);
  readonly #down = new Framing(backendRules);
  readonly #delivery: Delivery;
  readonly #answers = new WeakMap<WireStatement, WireAnswer>();
  /** Of the message that is being looked at. */
  #step: FrontendStep | undefined;
  #point: Point | undefined;
  #isDelayed = false;
  #timer: NodeJS.Timeout | undefined;
  #before: StopBefore | undefined;
  #after: StopAfter | undefined;
  #disguise: WireFailure | undefined;
  #isTerminated = false;
  #isOver = false;

  constructor({ connection, board, ends, report }: PassageOptions) {
    this.#board = board;
    this.#ends = ends;
    this.#delivery = new Delivery((bytes) => ends.toFrontend(bytes));
    this.#conversation = new Conversation(connection, (event) => {
      if (event.kind === "answered") this.#noteAnswer(event.statement, event.answer);
      report(event);
    });
  }

  get connection(): WireConnectionInfo {
    return this.#conversation.connection;
  }

  get isInTransaction(): boolean {
    return this.#conversation.isInTransaction;
  }

  get fatal(): WireError | undefined {
    return this.#conversation.fatal;
  }

  /** The frontend has said goodbye. */
  get isTerminated(): boolean {
    return this.#isTerminated;
  }

  /** The frontend's messages stand still: the end of the frontend has to wait its turn. */
  get isHeld(): boolean {
    return this.#timer !== undefined || this.#before !== undefined || this.#after !== undefined;
  }

  /** An answer is kept from the frontend: the end of the backend has to wait its turn. */
  get isWithholding(): boolean {
    return this.#delivery.isWithholding;
  }

  /** Bytes of the frontend that have not gone on. */
  get waiting(): number {
    return this.#up.waiting;
  }

  /** Errors: `UnparseableBytes`. */
  fromFrontend(chunk: Buffer): void {
    this.#up.feed(chunk);
    this.#pumpUp();
  }

  /** Errors: `UnparseableBytes`. */
  fromBackend(chunk: Buffer): void {
    this.#down.feed(chunk);
    for (let frame = this.#down.peek(); frame !== undefined; frame = this.#down.peek()) {
      if (frame.type === "E" && frame.isWhole && this.#disguise !== undefined) {
        this.#disguiseFailure(this.#disguise);
        continue;
      }
      const isEnd = this.#after?.from === "completion" && endTypes.has(frame.type);
      if (isEnd && this.#conversation.isAnswering(this.#after!.statement)) this.#withhold();
      this.#down.pass();
      this.#conversation.answered(frame);
      if (this.#after !== undefined) this.#lookBehind(frame, this.#after);
      if (this.#isOver) return;
    }
    this.#deliver();
    this.#lookBefore();
  }

  /** No more will come from the frontend; what came is still worked through. */
  frontendEnded(): void {
    const after = this.#after;
    if (after === undefined || after.isReached) return;
    if (after.until === "copy end") this.#lose();
    if (after.until !== "next message") return;
    after.until = "flush";
    this.#flush();
    this.#lookWhetherDone(after);
  }

  /** No more will come from the backend. Who stands at a gate stays there and may let go what was held. */
  backendEnded(): void {
    if (this.#before?.isReached === false || this.#after?.isReached === false) this.#lose();
  }

  /** The connection has ended. Nothing passes from here on, and whoever waits for it here waits in vain. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#lose();
    this.#delivery.forget();
  }

  #lose(): void {
    for (const stop of [this.#before, this.#after]) if (stop?.isReached === false) stop.gate.lost();
    this.#before = undefined;
    this.#after = undefined;
    if (!this.#isOver) this.#deliverWithheld();
  }

  #pumpUp(): void {
    while (!this.#isOver && this.#timer === undefined && this.#before === undefined) {
      const frame = this.#up.peek();
      if (frame === undefined) break;
      this.#step ??= this.#conversation.read(frame);
      if (!this.#admits(this.#step)) break;
      const step = this.#step;
      this.#step = undefined;
      this.#point = undefined;
      this.#isDelayed = false;
      this.#up.pass();
      this.#isTerminated ||= frame.type === "X";
      this.#conversation.forwarded(step);
      this.#withholdFromStart();
    }
    if (this.#isOver) return;
    this.#send();
  }

  /** Says whether a message may go on now; where not, something is set that starts it again. */
  #admits(step: FrontendStep): boolean {
    if (this.#after !== undefined) return this.#admitsBehind(step, this.#after);
    if (this.#board.isIdle && this.#point === undefined) return true;
    // A server that asks while the database waits for rows gets an error from it, and no stop: nothing would end it.
    if (this.#conversation.isCopyIn) return true;
    if (step.kind === "statement") this.#point ??= this.#board.pointOf(step.statement);
    else if (step.kind === "sync" && step.commits !== undefined) {
      this.#point ??= { statement: step.commits, commit: "implicit", ordinals: new Map() };
    } else return true;
    const point = this.#point;
    if (point.commit !== "implicit" && this.#isDelaying(point.statement)) return false;
    const before = this.#board.takeGate("before", point);
    if (before !== undefined) {
      this.#before = { gate: before, statement: point.statement, isReached: false };
      this.#flush();
      this.#lookBefore();
      return false;
    }
    const after = this.#board.takeGate("after", point);
    if (after !== undefined) this.#after = stopAfter(after, step, point.statement);
    return true;
  }

  /** Behind a statement after which the connection is to stop, only what belongs to it may go on. */
  #admitsBehind(step: FrontendStep, after: StopAfter): boolean {
    if (after.isReached) return false;
    const isExtended = after.statement.form === "extended";
    if (step.kind === "copy end") {
      if (isExtended && after.until === "copy end") after.until = "next message";
      return true;
    }
    if (this.#conversation.isCopyIn) return step.kind === "sync" || step.kind === "flush";
    if (after.until !== "next message") return false;
    if (step.kind === "sync") after.until = "sync";
    else {
      after.until = "flush";
      if (step.kind === "flush") return true;
      this.#flush();
      this.#lookWhetherDone(after);
    }
    return step.kind === "sync";
  }

  #isDelaying(statement: WireStatement): boolean {
    if (this.#isDelayed) return false;
    this.#isDelayed = true;
    const delayMs = this.#board.delayOf(statement);
    if (delayMs <= 0) return false;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#resume();
    }, delayMs);
    return true;
  }

  /** Sends what may go, and has everything answered that was asked. */
  #flush(): void {
    this.#send();
    if (!this.#conversation.isUnflushed) return;
    this.#conversation.forwarded({ kind: "flush" });
    this.#ends.toBackend(flushMessage);
  }

  #send(): void {
    const bytes = this.#up.take();
    if (bytes.length > 0) this.#ends.toBackend(bytes);
  }

  /** Before a place: everything earlier is answered, and the server has its answers. */
  #lookBefore(): void {
    const stop = this.#before;
    if (stop === undefined || stop.isReached || !this.#conversation.isQuiet) return;
    stop.isReached = true;
    stop.gate.reached({
      statement: stop.statement,
      answer: undefined,
      release: () => {
        if (this.#before !== stop) return;
        this.#before = undefined;
        this.#resume();
      },
      fail: (error) => {
        if (this.#before !== stop) return;
        this.#before = undefined;
        // The database passes over it anyway.
        if (!this.#conversation.isSkipping) this.#disguise = error;
        this.#spoil(stop.statement.form);
        this.#resume();
      },
      cut: (method) => {
        const isStatement = this.#before === stop && this.#step?.kind === "statement";
        if (isStatement) this.#board.cutBefore(stop.statement);
        return this.#ends.cut(method);
      },
    });
  }

  /** A Query or a function call is spoilt where it stands; before anything else a Parse is put in that fails, behind
   *  which the backend passes over everything up to the Sync. */
  #spoil(form: WireStatement["form"]): void {
    if (this.#step?.kind !== "statement" || form === "extended") this.#ends.toBackend(brokenParse);
    else if (form === "simple") this.#up.peek()!.head[0] = exclamationMark;
    else this.#up.peek()!.head.fill(0);
  }

  /** The failure that was brought about gets the words that it should have. */
  #disguiseFailure(error: WireFailure): void {
    this.#disguise = undefined;
    this.#deliver();
    this.#down.drop();
    const message = errorMessage(error);
    this.#conversation.answered({ type: "E", head: message.subarray(5), isWhole: true });
    this.#ends.toFrontend(message);
  }

  /** After a place: looks at what the backend has just said. */
  #lookBehind({ type }: Frame, after: StopAfter): void {
    if (after.isReached) return;
    if ((type === "G" || type === "W") && this.#conversation.isAnswering(after.statement)) {
      after.from = "completion";
      if (after.statement.form === "extended" && this.#conversation.isCopyIn) after.until = "copy end";
      this.#deliverWithheld();
      return;
    }
    this.#withholdFromStart();
    this.#lookWhetherDone(after);
  }

  #lookWhetherDone(after: StopAfter): void {
    if (after.isReached || after.until === "next message" || after.until === "copy end") return;
    const isDone =
      after.until === "sync" ? this.#conversation.isQuiet : this.#conversation.isAnswered(after.statement);
    if (!isDone) return;
    // With its last message the answer is complete, which is kept with the rest.
    this.#withhold();
    this.#deliver();
    after.isReached = true;
    after.gate.reached({
      statement: after.statement,
      answer: this.#answers.get(after.statement),
      release: () => {
        if (this.#after !== after) return;
        this.#after = undefined;
        this.#deliverWithheld();
        this.#resume();
      },
      fail: () => {
        throw new Error("a statement that the database has answered cannot fail any more");
      },
      cut: (method) => this.#ends.cut(method),
    });
  }

  #resume(): void {
    if (this.#isOver) return;
    this.#ends.onReleased();
  }

  /** Called when what was stopped may go on. Errors: `UnparseableBytes`. */
  goOn(): void {
    this.#pumpUp();
  }

  #withholdFromStart(): void {
    const after = this.#after;
    if (after?.from !== "answer") return;
    const { statement } = after;
    // Answered already: the stop is behind the Sync that commits it.
    if (this.#conversation.isAnswering(statement) || this.#conversation.isAnswered(statement))
      this.#withhold();
  }

  #withhold(): void {
    if (this.#delivery.isWithholding) return;
    this.#deliver();
    this.#delivery.withhold(this.#after?.gate.isAnswerLost === true);
  }

  /** What is too large to be kept passes, up to its last message. */
  #deliver(): void {
    this.#delivery.deliver(this.#down.take());
    if (!this.#delivery.isFull || this.#after?.isReached !== false) return;
    this.#after.from = "completion";
    this.#delivery.letGo();
  }

  #deliverWithheld(): void {
    this.#delivery.letGo();
    this.#deliver();
  }

  #noteAnswer(statement: WireStatement, answer: WireAnswer): void {
    if (this.#after?.statement === statement) this.#answers.set(statement, answer);
    this.#board.answered(statement, answer);
  }
}

/** No statement of SQL begins with it. */
const exclamationMark = 0x21;

/** With which an answer ends. */
const endTypes: ReadonlySet<string> = new Set(["C", "E", "I", "s", "Z"]);
