// One open socket of one device: what may be sent on it and when it has to end. It sends nothing before its hello, and
// nothing twice or out of order, because it knows up to which id it has sent.
import { ackFrameSchema } from "../../protocol/waveflow/messages.ts";
import { closeCodes, type ServerFrame, type ServerId } from "../../protocol/waveflow/types.ts";
import type { AckOutcome } from "./ack.ts";
import type { Caller } from "./identity.ts";
import type { Clock, ServerSocket, StoredOp, Timer, TokenVerifier } from "./ports.ts";

/** What the rim that owns the wire tells the core about a socket. */
export interface SocketSession {
  /** Parsed JSON, or `undefined` for a frame that was none. */
  onFrame(frame: unknown): void;
  onPong(): void;
  onClose(): void;
}

export interface LiveSocketOptions {
  readonly caller: Caller;
  readonly clock: Clock;
  readonly tokens: Pick<TokenVerifier, "now">;
  readonly pendingFramesMax: number;
  readonly acknowledge: (lastSeenId: ServerId) => Promise<AckOutcome>;
  readonly onAnsweredPing: () => void;
  readonly onOver: () => void;
  readonly onFault: (error: unknown) => void;
}

export class LiveSocket implements SocketSession {
  readonly caller: Caller;
  /** Every op of the user up to here was sent, or was in the log before the hello. */
  sentUpTo: ServerId = 0;
  /** The watermark up to which the device's acknowledged id was found good, or that stood when it connected. */
  watermarkSeen: ServerId = 0;
  readonly #options: LiveSocketOptions;
  #wire: ServerSocket | undefined;
  #state: "joining" | "open" | "over" = "joining";
  #expiry: Timer | undefined;
  #isPingUnanswered = false;
  #acksWaiting: ServerId[] = [];
  #isAcknowledging = false;

  constructor(options: LiveSocketOptions) {
    this.#options = options;
    this.caller = options.caller;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Says hello; frames may follow from here on.  Source: waveflow.md section 8. */
  open(wire: ServerSocket, at: { readonly head: ServerId; readonly watermark: ServerId }): void {
    this.#wire = wire;
    this.#state = "open";
    this.sentUpTo = at.head;
    this.watermarkSeen = at.watermark;
    this.#send({ type: "hello", head: at.head });
    this.#watchExpiry();
  }

  /** Sends the op unless it was sent before. Ops come in id order.  Source: WF-WS-1. */
  deliver(stored: StoredOp, frame: ServerFrame): void {
    if (this.#state !== "open" || stored.id <= this.sentUpTo) return;
    this.sentUpTo = stored.id;
    this.#send(frame);
  }

  /** Source: WF-WS-3. */
  requireResync(compactedUpTo: ServerId): void {
    this.#send({ type: "resync_required", compacted_up_to: compactedUpTo });
    this.close(closeCodes.resyncRequired, "resync required");
  }

  ping(): void {
    if (this.#state !== "open") return;
    this.#isPingUnanswered = true;
    this.#wire?.ping();
  }

  close(code: number, reason: string): void {
    if (this.#state === "over") return;
    this.#wire?.close(code, reason);
    this.onClose();
  }

  onFrame(frame: unknown): void {
    if (this.#state !== "open" || this.#closeIfExpired()) return;
    const parsed = ackFrameSchema.safeParse(frame);
    if (!parsed.success) {
      this.#send({ type: "error", reason: 'expected {"ack":N} with an integer N from 0' });
      return;
    }
    this.#acksWaiting.push(parsed.data.ack);
    // A later ACK says all that an earlier one said, so a flood may lose its oldest.
    if (this.#acksWaiting.length > acksWaitingMax) this.#acksWaiting.shift();
    if (!this.#isAcknowledging) void this.#acknowledgeAll();
  }

  onPong(): void {
    if (this.#state !== "open" || !this.#isPingUnanswered) return;
    this.#isPingUnanswered = false;
    this.#options.onAnsweredPing();
  }

  onClose(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#expiry?.cancel();
    this.#options.onOver();
  }

  /** One after the other, so that the device hears of a bad one in the order in which it sent them. */
  async #acknowledgeAll(): Promise<void> {
    this.#isAcknowledging = true;
    while (this.#acksWaiting.length > 0) {
      const next = this.#acksWaiting.shift()!;
      try {
        const outcome = await this.#options.acknowledge(next);
        if (outcome.kind === "beyond head") {
          this.#send({ type: "error", reason: `ack ${next} is beyond the head ${outcome.head}` });
        }
      } catch (error) {
        // The device acknowledges again; until then compaction is more careful than it need be.
        this.#options.onFault(error);
      }
    }
    this.#isAcknowledging = false;
  }

  #send(frame: ServerFrame): void {
    const wire = this.#wire;
    if (this.#state !== "open" || wire === undefined) return;
    wire.send(frame);
    if (wire.pendingFrames() > this.#options.pendingFramesMax) this.close(closeCodes.tooSlow, "too slow");
  }

  // In steps, because a timer of many days is more than some clocks can set, and the time may have been set anew.
  #watchExpiry(): void {
    if (this.#closeIfExpired()) return;
    const { clock, tokens } = this.#options;
    const remainingMs = this.caller.tokenExpiresAt - tokens.now();
    this.#expiry = clock.after(Math.min(remainingMs, expiryStepMs), () => {
      if (this.#state === "open") this.#watchExpiry();
    });
  }

  #closeIfExpired(): boolean {
    if (this.#options.tokens.now() < this.caller.tokenExpiresAt) return false;
    this.close(closeCodes.tokenExpired, "token expired");
    return true;
  }
}

const acksWaitingMax = 64;
const expiryStepMs = 86_400_000;
