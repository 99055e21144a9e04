// The live socket: a faster pull, never the only one. Subscribe first, then pull, then the frames that came meanwhile.
// A frame moves the cursor only where its `prev_id` proves that nothing lies between; everything else is a reason to
// pull. Frames are held while a pull runs, because the pull is about to close the very gap that they would show.
import { closeCodes, type ServerId } from "../../protocol/waveflow/types.ts";
import { applyDelivery } from "./apply.ts";
import type { DeviceContext } from "./context.ts";
import { Conversation, notAllowed } from "./conversation.ts";
import { isClosed, type Session } from "./gate.ts";
import { HeldFrames, readFrame } from "./held-frames.ts";
import type { PassOutcome } from "./outcomes.ts";
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
  /** Looks after work that nobody waits for. */
  watch(work: Promise<unknown>): void;
}

/** One connection from its opening on. Frames of an older one are told by it and ignored. */
interface Line {
  readonly session: Session;
  socket: DeviceSocket | undefined;
  /** A frame has come, and no pull has brought what the socket should have. */
  isProven: boolean;
  acknowledged: ServerId;
  /** After how many replacements of the account's state the ACK was sent. */
  acknowledgedAfter: number;
}

export class Subscriber {
  readonly #context: DeviceContext;
  readonly #reactions: SubscriberReactions;
  #line: Line | undefined;
  readonly #held: HeldFrames;
  #holds = 0;
  #isPumping = false;

  constructor(context: DeviceContext, reactions: SubscriberReactions) {
    this.#context = context;
    this.#reactions = reactions;
    this.#held = new HeldFrames(context.config.framesHeldMax);
  }

  get isLive(): boolean {
    return this.#line?.socket !== undefined;
  }

  /** The highest ACK of the present state that was sent over the present socket; 0 without one. */
  get acknowledged(): ServerId {
    const line = this.#line;
    if (line === undefined || line.session.account.replacements !== line.acknowledgedAfter) return 0;
    return line.acknowledged;
  }

  /** Opens the socket in place of any other. Whoever calls it pulls next.  Source: WF-DEV-10. */
  async open(): Promise<PassOutcome> {
    this.close();
    const { gate, transport } = this.#context;
    const session = gate.open("follow");
    if (isClosed(session)) return notAllowed(session.why);
    const conversation = new Conversation(this.#context, session);
    const line: Line = { session, socket: undefined, isProven: false, acknowledged: 0, acknowledgedAfter: 0 };
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
    line.acknowledgedAfter = line.session.account.replacements;
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
    this.#held.clear();
  }

  #receive(line: Line, frame: unknown): void {
    line.isProven = true;
    const read = readFrame(frame);
    switch (read?.kind) {
      case "hello":
        this.#held.greet(read.head);
        break;
      case "op":
        this.#held.add(read);
        break;
      case "resync_required":
        this.#resync(line);
        return;
      case "error":
        // It may have been our ACK: the next one goes by POST, where it gets an answer.
        line.isProven = false;
        line.acknowledged = 0;
        return;
      case undefined:
        this.#held.missOne();
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
    this.#reactions.watch(owed);
  }

  /** Has the held frames applied when their turn among the durable steps comes. */
  #pump(): void {
    const line = this.#line;
    if (line === undefined || this.#holds > 0 || this.#isPumping) return;
    this.#isPumping = true;
    this.#reactions.watch(this.#pumpNow(line));
  }

  async #pumpNow(line: Line): Promise<void> {
    try {
      await this.#context.store.step(line.session.account, (step) => {
        this.#isPumping = false;
        if (this.#line !== line || this.#holds > 0) return;
        const { account } = line.session;
        const { ops, cursor, wantsPull } = this.#held.takeRun(account.settings.cursor);
        const delivery = { ops, cursor, isHead: false, via: "socket" } as const;
        if (ops.length > 0) applyDelivery(this.#context, account, step, delivery);
        step.afterwards(() => {
          if (ops.length > 0) this.#reactions.advanced();
          if (wantsPull) this.#reactions.pullWanted();
        });
      });
    } finally {
      this.#isPumping = false;
    }
  }
}
