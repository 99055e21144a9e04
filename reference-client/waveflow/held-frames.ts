// Frames of the socket between their arrival and their turn: read without trusting them, held while a pull runs, and
// given out as the run that follows the cursor without a gap.
import { serverFrameSchema } from "../../protocol/waveflow/messages.ts";
import type { ServerId } from "../../protocol/waveflow/types.ts";
import { readOp, type ReceivedOp } from "./pages.ts";

/** A frame of the server, as far as a device acts on it. */
export type ReadFrame =
  | { readonly kind: "hello"; readonly head: ServerId }
  | { readonly kind: "op"; readonly prevId: ServerId; readonly op: ReceivedOp }
  | { readonly kind: "resync_required" | "error" };

/** A frame, or `undefined` for what is none. An op in a shape that we do not know is still an op.
 *  Source: WF-DEV-12. */
export function readFrame(frame: unknown): ReadFrame | undefined {
  const { type, prev_id, op: raw } = (frame ?? {}) as { type?: unknown; prev_id?: unknown; op?: unknown };
  if (type === "op") {
    const op = readOp(raw);
    if (op === undefined || !Number.isSafeInteger(prev_id)) return undefined;
    const prevId = prev_id as number;
    return prevId < 0 || prevId >= op.id ? undefined : { kind: "op", prevId, op };
  }
  const parsed = serverFrameSchema.safeParse(frame);
  if (!parsed.success || parsed.data.type === "op") return undefined;
  return parsed.data.type === "hello"
    ? { kind: "hello", head: parsed.data.head }
    : { kind: parsed.data.type };
}

/** What the held frames come to at a cursor. */
export interface FrameRun {
  /** Ascending, and each the next one of the user's log. */
  readonly ops: readonly ReceivedOp[];
  readonly cursor: ServerId;
  /** Whether the log holds more than the frames have shown. */
  readonly wantsPull: boolean;
}

export class HeldFrames {
  readonly #countMax: number;
  #frames: Extract<ReadFrame, { kind: "op" }>[] = [];
  #helloHead: ServerId = 0;
  #hasGap = false;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  add(frame: Extract<ReadFrame, { kind: "op" }>): void {
    this.#frames.push(frame);
    if (this.#frames.length <= this.#countMax) return;
    this.#frames = [];
    this.#hasGap = true;
  }

  /** The server's head when the socket was opened. */
  greet(head: ServerId): void {
    this.#helloHead = head;
  }

  /** Something came that cannot be read, and that may have been an op. */
  missOne(): void {
    this.#hasGap = true;
  }

  clear(): void {
    this.#frames = [];
    this.#helloHead = 0;
    this.#hasGap = false;
  }

  /** Takes everything, and returns what follows the cursor without a gap. The rest is not kept: a pull brings it, and
   *  what would come of holding on to it is a pull for every frame while the pulls fail.
   *  Source: WF-WS-2, WF-DEV-10. */
  takeRun(from: ServerId): FrameRun {
    const frames = this.#frames.sort((left, right) => left.op.id - right.op.id);
    const isMissing = this.#hasGap;
    const helloHead = this.#helloHead;
    this.clear();
    const ops: ReceivedOp[] = [];
    let cursor = from;
    for (const { prevId, op } of frames) {
      if (op.id <= cursor) continue;
      if (prevId > cursor) return { ops, cursor, wantsPull: true };
      ops.push(op);
      cursor = op.id;
    }
    return { ops, cursor, wantsPull: isMissing || helloHead > cursor };
  }
}
