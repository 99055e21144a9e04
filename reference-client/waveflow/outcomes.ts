// What came of a pass, as data. A device never throws for something that a server or a network may do.
import type { JsonValue } from "../../protocol/json.ts";
import type { PushOp, ServerId } from "../../protocol/waveflow/types.ts";

/** `complete`: all there was to do is done. `not_allowed`: nothing was sent, `why` says what stands against it.
 *  `interrupted`: mode, token or account changed. `unanswered`: no answer came. `failed`: an answer came that does not
 *  let the pass go on. */
export type Ending = "complete" | "not_allowed" | "interrupted" | "unanswered" | "failed";

/** One answer of the server; `type` where its body names one. */
export interface Answer {
  readonly status: number;
  readonly type?: string;
}

/** `status` and `type` are those of the first answer that was not a 2xx, else of the last one. */
export interface PassOutcome {
  readonly outcome: Ending;
  readonly why?: string | undefined;
  readonly status?: number | undefined;
  readonly type?: string | undefined;
  /** All answers, in order. */
  readonly answers: readonly Answer[];
}

export interface DrainOutcome extends PassOutcome {
  /** Edits that left the queue by a reply. */
  readonly accepted: number;
  readonly deadLettered: number;
}

export interface PullOutcome extends PassOutcome {
  readonly applied: number;
  /** Whether the whole state was read anew and swapped in. */
  readonly resynced: boolean;
}

export interface AckOutcome extends PassOutcome {
  /** What the device takes for acknowledged now. */
  readonly acknowledged: ServerId;
  /** How it was sent, if it was. */
  readonly via?: "post" | "socket";
}

export interface ConnectOutcome extends PassOutcome {
  readonly live: boolean;
  /** The catching up after the socket was open. */
  readonly pull?: PullOutcome;
}

export interface SyncOutcome {
  readonly drain: DrainOutcome;
  readonly pull: PullOutcome;
  readonly acknowledge: AckOutcome;
}

/** Why an edit or a read did not happen. `op` is there where it was sent: without an answer it may have been stored. */
export interface Refusal {
  readonly refused: "invalid" | "clock_exhausted" | Exclude<Ending, "complete">;
  readonly why: string;
  readonly status?: number;
  readonly type?: string;
  readonly op?: PushOp;
}

export type EditOutcome = PushOp | Refusal;

/** `fields` is absent for an entity that does not exist or has been deleted. */
export type ReadOutcome = { readonly fields?: Readonly<Record<string, JsonValue>> } | Refusal;

export const isRefusal = (outcome: object): outcome is Refusal => "refused" in outcome;

/** The refusal that an ending means for one edit or read. */
export function refusalOf(ending: PassOutcome, op?: PushOp): Refusal {
  const { outcome, why = outcome, status, type } = ending;
  return {
    refused: outcome === "complete" ? "failed" : outcome,
    why,
    ...(status === undefined ? {} : { status }),
    ...(type === undefined ? {} : { type }),
    ...(op === undefined ? {} : { op }),
  };
}
