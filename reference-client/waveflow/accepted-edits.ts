// Edits that the server has taken and that have not come back yet. Without them the screen would fall back to the old
// value between the reply to a push and the pull that brings the op; and with the queue row simply kept, it would show
// an own value that somebody else's higher id has long overwritten. They carry their id and compete by it.
import type { PushOp, ServerId } from "../../protocol/waveflow/types.ts";
import type { DurableStep } from "./durable-step.ts";
import { rowKey } from "./edit-queue.ts";

export interface AcceptedEdit {
  /** The number of the queue row that it was. */
  readonly number: number;
  readonly id: ServerId;
  readonly op: PushOp;
}

/** Kept in order of the ids, so that settling costs what it settles.  Source: WF-DEV-7. */
export class AcceptedEdits {
  readonly #prefix: string;
  #edits: AcceptedEdit[] = [];

  constructor(prefix: string, edits: Iterable<AcceptedEdit>) {
    this.#prefix = prefix;
    for (const edit of edits) this.#insert(edit);
  }

  add(step: DurableStep, edit: AcceptedEdit): void {
    step.put("accepted", rowKey(this.#prefix, edit.number), edit);
    step.afterwards(() => this.#insert(edit));
  }

  /** Lets go of all edits at or below the new cursor: they were applied from the log, or were compacted away because
   *  something higher had superseded them. Where the cursor is the server's head, what lies above it is known to be
   *  lost there (a restored backup), and is handed back and let go of too. */
  settle(step: DurableStep, reached: { cursor: ServerId; isHead: boolean }): readonly AcceptedEdit[] {
    let kept = 0;
    while (kept < this.#edits.length && this.#edits[kept]!.id <= reached.cursor) kept++;
    const lost = reached.isHead ? this.#edits.slice(kept) : [];
    if (kept === 0 && lost.length === 0) return lost;
    for (let at = 0; at < kept; at++) this.#remove(step, this.#edits[at]!);
    for (const edit of lost) this.#remove(step, edit);
    step.afterwards(() => {
      this.#edits = reached.isHead ? [] : this.#edits.slice(kept);
    });
    return lost;
  }

  /** In order of their ids. */
  edits(): readonly AcceptedEdit[] {
    return this.#edits;
  }

  #remove(step: DurableStep, edit: AcceptedEdit): void {
    step.remove("accepted", rowKey(this.#prefix, edit.number));
  }

  #insert(edit: AcceptedEdit): void {
    let at = this.#edits.length;
    while (at > 0 && this.#edits[at - 1]!.id > edit.id) at--;
    this.#edits.splice(at, 0, edit);
  }
}
