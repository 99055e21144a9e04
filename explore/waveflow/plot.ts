// What everybody who writes a part of a plan needs: who is there, words to write with, and the list of steps. It also
// keeps the few rules that make any mixture of parts a plan that runs to its end: nothing is put back to a backup that
// was never made, and what could wait for a held statement is begun and not waited for.
import type { JsonValue } from "../../protocol/json.ts";
import { editOf, StepList } from "../step-list.ts";
import { Stream } from "../stream.ts";

export interface Entity {
  readonly entityType: string;
  readonly entityId: string;
}

/** What a plan's parts may depend on. */
export interface PlotOptions {
  readonly seed: string;
  readonly devices: readonly string[];
  readonly users: readonly string[];
  readonly processes: number;
  readonly stalenessMs: number;
  /** The mean pause between two happenings; 0 for plans in which nothing waits. Units: milliseconds. */
  readonly lullMs: number;
}

/** Few, so that devices meet on them. */
const entities: readonly Entity[] = [
  { entityType: "song", entityId: "1" },
  { entityType: "song", entityId: "2" },
  { entityType: "album", entityId: "1" },
  { entityType: "playlist", entityId: "hot" },
  { entityType: "song", entityId: "Ärger/ß 1" },
  { entityType: "Song", entityId: "1" },
];
const fields = ["title", "rating", "tags", "no te"] as const;

/** Values that have been mistaken for others. */
const oddValues: readonly JsonValue[] = [
  null,
  false,
  0,
  "",
  9_007_199_254_740_991,
  1e300,
  0.1,
  [],
  {},
  { b: [1, { c: null }], a: "x" },
  ["1", 1, true],
  " spaced ",
  "日本語 🎵",
  "null",
];
/** Values that the server cannot keep, or refuses to. */
const poison: readonly JsonValue[] = ["a\u0000b", "\ud800", { "\u0000": 1 }];

export class Plot {
  readonly options: PlotOptions;
  readonly steps = new StepList();
  readonly choices: Stream;
  readonly words: Stream;
  /** Who has been signed out, or could be in another mode, and is to be asked back before the calm. */
  readonly astray = new Set<string>();
  /** Gone for good: nobody asks them back. */
  readonly gone = new Set<string>();
  readonly #backedUp = new Set<string>();
  /** The smaller, the more often all of them write to the same field. */
  readonly #entities: readonly Entity[];
  readonly #fields: readonly string[];
  #serial = 0;
  #names = 0;
  #isHolding = false;

  constructor(options: PlotOptions) {
    this.options = options;
    this.choices = new Stream(options.seed, "plot");
    this.words = new Stream(options.seed, "words");
    this.#entities = entities.slice(0, this.words.pick([1, 1, 2, 2, 3, entities.length]));
    this.#fields = fields.slice(0, this.words.pick([1, 2, 2, fields.length]));
  }

  anyone(): string {
    return this.choices.pick(this.options.devices);
  }

  /** Somebody else, or the same where there is only one. */
  other(than: string): string {
    const others = this.options.devices.filter((name) => name !== than);
    return others.length === 0 ? than : this.choices.pick(others);
  }

  entity(): Entity {
    return this.words.pick(this.#entities);
  }

  field(): string {
    return this.words.pick(this.#fields);
  }

  /** A value that tells who wrote it and which of the writer's edits it was; now and then an odd one. */
  value(name: string): JsonValue {
    this.#serial++;
    if (this.words.onceIn(12)) return this.words.pick(oddValues);
    if (this.words.onceIn(150)) return this.words.pick(poison);
    return `${name} ${this.#serial}`;
  }

  edit(name: string, entity: Entity = this.entity(), field: string = this.field()): void {
    this.steps.device(name, "edit", editOf(entity, [{ field, value: this.value(name) }]));
  }

  /** Several edits of one line: one op each. */
  edits(name: string, count: number): void {
    const entity = this.entity();
    const edits = Array.from({ length: count }, () => ({ field: this.field(), value: this.value(name) }));
    this.steps.device(name, "edit", editOf(entity, edits));
  }

  /** An edit that the server refuses for good. */
  poison(name: string): void {
    const edits = [{ field: this.field(), value: this.words.pick(poison) }];
    this.steps.device(name, "edit", editOf(this.entity(), edits));
  }

  remove(name: string, entity: Entity = this.entity()): void {
    this.steps.device(name, "delete", { ...entity });
  }

  /** An edit, mostly; now and then a delete. */
  write(name: string, entity: Entity = this.entity(), field: string = this.field()): void {
    if (this.choices.onceIn(6)) this.remove(name, entity);
    else this.edit(name, entity, field);
  }

  sync(...names: readonly string[]): void {
    if (names.length === 1) this.steps.device(names[0]!, "sync");
    else this.steps.sync([...new Set(names)]);
  }

  everybodySyncs(): void {
    this.steps.sync(this.options.devices);
  }

  /** The compaction job; remembers the watermark as `{w}` for whoever asks. */
  compact(): void {
    const { processes } = this.options;
    const where =
      processes > 1 && this.choices.onceIn(2) ? { process: this.choices.between(1, processes) } : {};
    this.mayHang(() => this.steps.server({ verb: "compact", ...where }, { w: "body.compacted_up_to" }));
  }

  /** For steps that a held statement would keep waiting. */
  mayHang(write: () => void): void {
    if (this.#isHolding) this.steps.start(write);
    else write();
  }

  hold(purpose: string, place: { position: "before" | "after"; statement: string; device?: string }): void {
    this.#isHolding = true;
    this.mayHang(() => this.steps.server({ verb: "hold-during", purpose, nth: 1, ...place }));
  }

  /** From here on nothing is held, once this has been heard. */
  release(purpose: string): void {
    this.steps.server({ verb: "release", purpose });
  }

  backup(who: string): void {
    this.#backedUp.add(who);
    if (who === "server") this.steps.server({ verb: "backup" });
    else this.steps.device(who, "backup");
  }

  /** Makes the backup now where there is none: it is older by no time then, which is lawful too. */
  restore(who: string): void {
    if (!this.#backedUp.has(who)) this.backup(who);
    if (who === "server") this.steps.server({ verb: "restore" });
    else this.steps.device(who, "restore");
  }

  hasBackup(who: string): boolean {
    return this.#backedUp.has(who);
  }

  /** A name that nothing has remembered yet. */
  newName(stem: string): string {
    this.#names++;
    return `${stem}${this.#names}`;
  }

  lull(): void {
    const { lullMs } = this.options;
    if (lullMs > 0) this.steps.wait(this.choices.between(1, 2 * lullMs));
  }
}
