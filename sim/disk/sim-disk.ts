// A device's disk: rows that outlive the process. A commit takes a moment; who crashes within that moment finds
// either all of it or nothing of it afterwards, as the seed decides. There are no torn commits: the durable stores
// that the device's port stands for do not have them either.
import type { JsonValue } from "../../protocol/json.ts";
import type { Accident } from "../../scenarios/format/types.ts";
import type { Decisions } from "../kernel/addressed-random.ts";
import type { SimProcess } from "../kernel/process.ts";

export type DiskWrite<Table extends string = string> =
  | { readonly kind: "put"; readonly table: Table; readonly key: string; readonly value: JsonValue }
  | { readonly kind: "remove"; readonly table: Table; readonly key: string }
  | { readonly kind: "clear"; readonly table: Table };

/** What the world may do to a commit. Asked once for each, in order. */
export interface CommitFate {
  readonly kind: "fail" | "crash-before" | "crash-after";
  /** Where it is chance that does it. */
  readonly accident?: Accident;
}

export interface SimDiskOptions {
  readonly decisions: Decisions;
  /** A commit takes between 0 and this. Units: virtual milliseconds. */
  readonly latencyMaxMs: number;
  /** Decides what happens to a commit; `undefined` is nothing. */
  readonly fate: () => CommitFate | undefined;
  /** Called when a fate asks for the crash of the process. */
  readonly crash: (fate: CommitFate) => void;
  /** The error that a device sees for a commit that fails. */
  readonly failure: (fate: CommitFate) => Error;
}

/** Committed rows by table and key. */
export type DiskImage<Table extends string = string> = ReadonlyMap<Table, ReadonlyMap<string, JsonValue>>;

export class SimDisk<Table extends string = string> {
  readonly #options: SimDiskOptions;
  #calms = 0;
  #tables = new Map<Table, Map<string, JsonValue>>();
  /** The commit that is under way, and whether it outlives a crash now. */
  #underWay: { readonly writes: readonly DiskWrite<Table>[]; readonly survives: boolean } | undefined;

  constructor(options: SimDiskOptions) {
    this.#options = options;
  }

  /** The disk as one life of a process sees it. */
  open(process: SimProcess): {
    load(): Promise<DiskImage<Table>>;
    commit(writes: readonly DiskWrite<Table>[]): Promise<void>;
  } {
    return {
      load: () => {
        const wait = process.wait<DiskImage<Table>>("disk load");
        wait.answerAfter(0, this.#sortedImage());
        return wait.promise;
      },
      commit: (writes) => this.#commit(process, writes),
    };
  }

  /** What a crash of the process means for a commit that was under way. */
  settleCrash(): void {
    const underWay = this.#underWay;
    this.#underWay = undefined;
    if (underWay?.survives === true) this.#write(underWay.writes);
  }

  /** What was decided and has not struck yet does not strike any more. */
  calm(): void {
    this.#calms++;
  }

  image(): DiskImage<Table> {
    return new Map([...this.#tables].map(([table, rows]) => [table, new Map(rows)]));
  }

  replaceWith(image: DiskImage<Table>): void {
    this.#tables = new Map([...image].map(([table, rows]) => [table, new Map(rows)]));
  }

  #commit(process: SimProcess, writes: readonly DiskWrite<Table>[]): Promise<void> {
    const wait = process.wait<void>("disk commit");
    const { decisions, latencyMaxMs, fate, crash, failure } = this.#options;
    const drawn = fate();
    // One draw says both, so that a crash moves no later commit.
    const draw = decisions.next();
    const latencyMs = draw % (latencyMaxMs + 1);
    if (drawn?.kind === "crash-before") {
      process.scheduleOwn(0, "crash before commit", () => crash(drawn));
      return wait.promise;
    }
    this.#underWay = { writes, survives: ((draw >>> 16) & 1) === 0 };
    const calms = this.#calms;
    process.scheduleOwn(latencyMs, "disk commit", () => {
      this.#underWay = undefined;
      const striking = this.#calms === calms ? drawn : undefined;
      if (striking?.kind === "fail") {
        wait.failNow(failure(striking));
        return;
      }
      this.#write(writes);
      if (striking === undefined) wait.answerNow();
      else crash(striking);
    });
    return wait.promise;
  }

  #write(writes: readonly DiskWrite<Table>[]): void {
    for (const write of writes) {
      let rows = this.#tables.get(write.table);
      if (rows === undefined) {
        rows = new Map();
        this.#tables.set(write.table, rows);
      }
      switch (write.kind) {
        case "put":
          rows.set(write.key, write.value);
          break;
        case "remove":
          rows.delete(write.key);
          break;
        case "clear":
          rows.clear();
          break;
      }
    }
  }

  #sortedImage(): DiskImage<Table> {
    const image = new Map<Table, ReadonlyMap<string, JsonValue>>();
    for (const [table, rows] of this.#tables) {
      const keys = [...rows.keys()].sort();
      image.set(table, new Map(keys.map((key) => [key, rows.get(key)!])));
    }
    return image;
  }
}
