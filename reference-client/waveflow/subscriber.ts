// The live socket: a faster pull, never the only one. Subscribe first, then pull, then the frames that came meanwhile.
// A frame moves the cursor only where its `prev_id` proves that nothing lies between; everything else is a reason to
// pull. Frames are held while a pull runs, because the pull is about to close the very gap that they would show.
import { serverFrameSchema } from "../../protocol/waveflow/messages.ts";
import { closeCodes, type ServerId } from "../../protocol/waveflow/types.ts";
import { applyDelivery } from "./apply.ts";
import type { DeviceContext } from "./context.ts";
import { Conversation, notAllowed } from "./conversation.ts";
import { isClosed, type Session } from "./gate.ts";
import type { PassOutcome } from "./outcomes.ts";
import { readOp, type ReceivedOp } from "./pages.ts";
import { NoAnswer, UpgradeRefused, type DeviceSocket, type SocketHandlers } from "./ports.ts";
import { oweResync } from "./pull.ts";

/** What the device does when the socket says so. */
export interface SubscriberReactions {
  /** The log holds more than the socket has shown. */
  pullWanted(): void;
  /** Frames were applied. */
  advanced(): void;
  /** The socket is gone, and nobody here closed it. */
  closed(code: number): void;
}

/** One op frame that waits. */
interface HeldFrame {
  readonly prevId: ServerId;
  readonly op: ReceivedOp;
}

/** One connection from its opening on. Frames of an older one are told by it and ignored. */
interface Line {
  readonly session: Session;
  socket: DeviceSocket | undefined;
  /** A frame has come, and no pull has brought what the socket should have. */
  isProven: boolean;
  acknowledged: ServerId;
}

export class Subscriber {
  readonly #context: DeviceContext;
  readonly #reactions: SubscriberReactions;
  #line: Line | undefined;
  #held: HeldFrame[] = [];
  #holds = 0;
  #isPumping = false;
  #helloHead: ServerId = 0;
  #hasGap = false;

  constructor(context: DeviceContext, reactions: SubscriberReactions) {
    this.#context = context;
    this.#reactions = reactions;
  }

  get isLive(): boolean {
    return this.#line?.socket !== undefined;
  }

  /** The highest ACK sent over the present socket; 0 without one. */
  get acknowledged(): ServerId {
    return this.#line?.acknowledged ?? 0;
  }

  /** Opens the socket in place of any other. Whoever calls it pulls next.  Source: WF-DEV-10. */
  async open(): Promise<PassOutcome> {
    this.close();
    const { gate, transport } = this.#context;
    const session = gate.open("follow");
    if (isClosed(session)) return notAllowed(session.why);
    const conversation = new Conversation(this.#context, session);
    const line: Line = { session, socket: undefined, isProven: false, acknowledged: 0 };
    this.#line = line;
    const { server, headers } = session;
    try {
      const socket = await transport.openSocket(
        { server, path: "/sync/ws", headers },
        this.#handlersOf(line),
      );
      if (this.#line === line && gate.isOpen(session)) {
        line.socket = socket;
        return conversation.ending("complete");
      }
      socket.close();
      return conversation.ending("interrupted");
    } catch (error) {
      if (this.#line === line) this.#line = undefined;
      if (error instanceof NoAnswer) return conversation.endingOf(undefined);
      if (error instanceof UpgradeRefused) return conversation.endingOf(conversation.note(error.reply));
      throw error;
    }
  }

  close(): void {
    const line = this.#line;
    this.#forget();
    line?.socket?.close();
  }

  /** Sends an ACK where the socket can be trusted with it. */
  sendAck(cursor: ServerId): boolean {
    const line = this.#line;
    if (line?.socket === undefined || !line.isProven || !this.#context.gate.isOpen(line.session))
      return false;
    line.socket.send({ ack: cursor });
    line.acknowledged = cursor;
    return true;
  }

  /** Holds frames back until the matching `release`. */
  hold(): void {
    this.#holds++;
  }

  /** `broughtOps`: the pull found what an open socket should have shown, so it may be half open. The first pull after
   *  the opening says nothing, and neither does one that the socket itself asked for. */
  release(pulled: { broughtOps: boolean }): void {
    this.#holds--;
    if (pulled.broughtOps && this.#line !== undefined) this.#line.isProven = false;
    this.#pump();
  }

  #handlersOf(line: Line): SocketHandlers {
    return {
      onFrame: (frame) => {
        if (this.#line === line) this.#receive(line, frame);
      },
      onClose: (code) => {
        if (this.#line !== line) return;
        this.#forget();
        this.#reactions.closed(code);
      },
    };
  }

  #forget(): void {
    this.#line = undefined;
    this.#held = [];
    this.#helloHead = 0;
    this.#hasGap = false;
  }

  #receive(line: Line, frame: unknown): void {
    line.isProven = true;
    const read = readFrame(frame);
    switch (read?.kind) {
      case "hello":
        this.#helloHead = read.head;
        break;
      case "op":
        this.#held.push(read.held);
        if (this.#held.length > this.#context.config.framesHeldMax) {
          this.#held = [];
          this.#hasGap = true;
        }
        break;
      case "resync_required":
        this.#resync(line);
        return;
      case "error":
        // It may have been our ACK: the next one goes by POST, where it gets an answer.
        line.isProven = false;
        return;
      case undefined:
        // It may have been an op.
        this.#hasGap = true;
        break;
    }
    this.#pump();
  }

  /** The server closes the socket (4410) after the frame; whoever cares reconnects after the walk. */
  #resync(line: Line): void {
    this.close();
    const owed = oweResync(this.#context, line.session).then(() =>
      this.#reactions.closed(closeCodes.resyncRequired),
    );
    void this.#context.watch(owed);
  }

  /** Has the held frames applied when their turn among the durable steps comes. */
  #pump(): void {
    const line = this.#line;
    if (line === undefined || this.#holds > 0 || this.#isPumping) return;
    this.#isPumping = true;
    const pumped = this.#context.store
      .step(line.session.account, (step) => {
        this.#isPumping = false;
        if (this.#line !== line || this.#holds > 0) return;
        const { ops, cursor, isComplete } = this.#takeRun(line.session.account.settings.cursor);
        const wantsPull = !isComplete || this.#hasGap || this.#helloHead > cursor;
        this.#hasGap = false;
        this.#helloHead = 0;
        const delivery = { ops, cursor, isHead: false, via: "socket" } as const;
        if (ops.length > 0) applyDelivery(this.#context, line.session.account, step, delivery);
        step.afterwards(() => {
          if (ops.length > 0) this.#reactions.advanced();
          if (wantsPull) this.#reactions.pullWanted();
        });
      })
      .finally(() => {
        this.#isPumping = false;
      });
    void this.#context.watch(pumped);
  }

  /** Takes all held frames and returns those that follow the cursor without a gap. The rest is not kept: a pull
   *  brings it, and what would come of holding on to it is a pull for every pump while the pulls fail.
   *  Source: WF-WS-2, WF-DEV-10. */
  #takeRun(from: ServerId): { ops: readonly ReceivedOp[]; cursor: ServerId; isComplete: boolean } {
    const frames = this.#held.sort((left, right) => left.op.id - right.op.id);
    this.#held = [];
    const ops: ReceivedOp[] = [];
    let cursor = from;
    for (const { prevId, op } of frames) {
      if (op.id <= cursor) continue;
      if (prevId > cursor) return { ops, cursor, isComplete: false };
      ops.push(op);
      cursor = op.id;
    }
    return { ops, cursor, isComplete: true };
  }
}

type ReadFrame =
  | { readonly kind: "hello"; readonly head: ServerId }
  | { readonly kind: "op"; readonly held: HeldFrame }
  | { readonly kind: "resync_required" | "error" };

/** A frame, or `undefined` for what is none. An op in a shape that we do not know is still an op.
 *  Source: WF-DEV-12. */
function readFrame(frame: unknown): ReadFrame | undefined {
  const parsed = serverFrameSchema.safeParse(frame);
  if (parsed.success && parsed.data.type !== "op") {
    return parsed.data.type === "hello"
      ? { kind: "hello", head: parsed.data.head }
      : { kind: parsed.data.type };
  }
  const {
    type,
    prev_id: prevId,
    op: raw,
  } = (frame ?? {}) as { type?: unknown; prev_id?: unknown; op?: unknown };
  if (type !== "op" || !Number.isSafeInteger(prevId) || (prevId as number) < 0) return undefined;
  const op = readOp(raw);
  return op === undefined || (prevId as number) >= op.id
    ? undefined
    : { kind: "op", held: { prevId: prevId as number, op } };
}
