// One durable step: the writes that reach the disk together, and what memory learns once they have.
// Memory never runs ahead of the disk, so a commit that fails or a crash in its middle leaves nothing to undo.
import type { JsonValue } from "../../protocol/json.ts";
import type { DiskTable, DiskWrite } from "./ports.ts";

export class DurableStep {
  readonly writes: DiskWrite[] = [];
  readonly #lessons: (() => void)[] = [];

  /** `value` is plain data and belongs to the disk from here on. */
  put(table: DiskTable, key: string, value: JsonValue | object): void {
    this.writes.push({ kind: "put", table, key, value: value as JsonValue });
  }

  remove(table: DiskTable, key: string): void {
    this.writes.push({ kind: "remove", table, key });
  }

  /** Has `learn` run after the commit, in the order of the calls. */
  afterwards(learn: () => void): void {
    this.#lessons.push(learn);
  }

  /** Called once, by whoever committed the writes. */
  committed(): void {
    for (const learn of this.#lessons) learn();
  }
}
