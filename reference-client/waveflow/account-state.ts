// Everything that belongs to one (server, user): settings, queue, accepted edits, dead letters, parked ops, entities.
// A mirror in memory of what the disk holds; it changes when a durable step has been committed, and only then.
// Another account is another set of rows beside it, so a switch deletes nothing and sends nothing of the first.
import type { JsonValue } from "../../protocol/json.ts";
import type { EntityState, FoldedState, Register } from "../../protocol/waveflow/fold.ts";
import type { EpochMs, LamportTs, PushOp, ServerId } from "../../protocol/waveflow/types.ts";
import { AcceptedEdits, type AcceptedEdit } from "./accepted-edits.ts";
import type { DurableStep } from "./durable-step.ts";
import { EditQueue, type QueueRow } from "./edit-queue.ts";
import type { UnusableOp } from "./events.ts";
import type { DiskContents, DiskTable, Ids } from "./ports.ts";

export interface AccountSettings {
  /** Empty until the account is bound for the first time. */
  readonly accountKey: string;
  /** Empty where the URL was cleared. */
  readonly server: string;
  readonly profile: string;
  readonly user: string;
  /** Empty after a sign-out. */
  readonly token: string;
  readonly lamport: LamportTs;
  readonly cursor: ServerId;
  /** The highest cursor whose ACK was answered.  Source: WF-ACK-1. */
  readonly acknowledged: ServerId;
  /** A walk from 0 is owed.  Source: WF-DEV-11. */
  readonly resyncDue: boolean;
  /** A pull to the end is owed before anything is pushed.  Source: WF-DEV-13. */
  readonly catchUpDue: boolean;
}

/** An edit that the server refused for good. */
export interface DeadLetter {
  readonly op: PushOp;
  readonly reason: string;
  readonly at: EpochMs;
}

/** An op that was set aside. */
export interface ParkedOp {
  readonly op: UnusableOp;
  readonly reason: string;
}

const initialSettings: AccountSettings = {
  accountKey: "",
  server: "",
  profile: "",
  user: "",
  token: "",
  lamport: 0,
  cursor: 0,
  acknowledged: 0,
  resyncDue: false,
  catchUpDue: false,
};

const settingNames = Object.keys(initialSettings) as readonly (keyof AccountSettings)[];

export class AccountState {
  /** Stands before the key of every row of this account. */
  readonly prefix: string;
  readonly queue: EditQueue;
  readonly accepted: AcceptedEdits;
  readonly #dead = new Map<string, DeadLetter>();
  #parked = new Map<string, ParkedOp>();
  #entities: FoldedState = new Map();
  #replacements = 0;
  #settings: AccountSettings;
  /** Made once: a text that is made anew has to be hashed anew by whoever looks its row up. */
  readonly #settingKeys = {} as Record<keyof AccountSettings, string>;

  constructor(slot: number, ids: Ids, contents: DiskContents) {
    this.prefix = accountPrefix(slot);
    for (const name of settingNames) this.#settingKeys[name] = this.prefix + name;
    const stored: Record<string, JsonValue> = {};
    for (const [name, value] of this.#rowsOf(contents, "meta")) stored[name] = value;
    const { nextRow = 0, ...settings } = stored;
    this.#settings = { ...initialSettings, ...(settings as Partial<AccountSettings>) };
    const rows = this.#valuesOf<QueueRow>(contents, "queue");
    this.queue = new EditQueue({ prefix: this.prefix, ids, rows, nextNumber: nextRow as number });
    this.accepted = new AcceptedEdits(this.prefix, this.#valuesOf<AcceptedEdit>(contents, "accepted"));
    for (const letter of this.#valuesOf<DeadLetter>(contents, "dead")) {
      this.#dead.set(letter.op.operation_id, letter);
    }
    for (const parked of this.#valuesOf<ParkedOp>(contents, "parked")) {
      this.#parked.set(parkedKey(parked.op), parked);
    }
    for (const [key, row] of this.#rowsOf(contents, "entities")) {
      this.#entities.set(key, rowToEntity(row as unknown as EntityRow));
    }
  }

  get settings(): AccountSettings {
    return this.#settings;
  }

  get entities(): ReadonlyMap<string, EntityState> {
    return this.#entities;
  }

  /** How often the whole state was replaced since the device started: what was said of a state before says nothing
   *  about this one. */
  get replacements(): number {
    return this.#replacements;
  }

  deadLetters(): readonly DeadLetter[] {
    return [...this.#dead.values()];
  }

  parkedOps(): readonly ParkedOp[] {
    return [...this.#parked.values()];
  }

  countDead(): number {
    return this.#dead.size;
  }

  countParked(): number {
    return this.#parked.size;
  }

  set(step: DurableStep, changes: Partial<AccountSettings>): void {
    const before = this.#settings;
    for (const name of Object.keys(changes) as (keyof AccountSettings)[]) {
      const value = changes[name]!;
      if (before[name] !== value) step.put("meta", this.#settingKeys[name], value);
    }
    step.afterwards(() => {
      this.#settings = { ...this.#settings, ...changes };
    });
  }

  bury(step: DurableStep, letter: DeadLetter): void {
    step.put("dead", this.prefix + letter.op.operation_id, letter);
    step.afterwards(() => this.#dead.set(letter.op.operation_id, letter));
  }

  park(step: DurableStep, parked: ParkedOp): void {
    const key = parkedKey(parked.op);
    step.put("parked", this.prefix + key, parked);
    step.afterwards(() => this.#parked.set(key, parked));
  }

  putEntity(step: DurableStep, key: string, entity: EntityState): void {
    step.put("entities", this.prefix + key, entityToRow(entity));
    step.afterwards(() => this.#entities.set(key, entity));
  }

  /** Puts a whole state in the place of the present one. What is not in it goes: its delete may have been compacted
   *  away, and nothing else would ever remove it. */
  replaceState(step: DurableStep, next: { entities: FoldedState; parked: readonly ParkedOp[] }): void {
    for (const key of this.#entities.keys()) {
      if (!next.entities.has(key)) step.remove("entities", this.prefix + key);
    }
    for (const [key, entity] of next.entities) step.put("entities", this.prefix + key, entityToRow(entity));
    const parked = new Map(next.parked.map((one) => [parkedKey(one.op), one]));
    for (const key of this.#parked.keys()) if (!parked.has(key)) step.remove("parked", this.prefix + key);
    for (const [key, one] of parked) step.put("parked", this.prefix + key, one);
    step.afterwards(() => {
      this.#entities = next.entities;
      this.#parked = parked;
      this.#replacements++;
    });
  }

  #rowsOf(contents: DiskContents, table: DiskTable): [string, JsonValue][] {
    const rows: [string, JsonValue][] = [];
    for (const [key, value] of contents.get(table) ?? []) {
      if (key.startsWith(this.prefix)) rows.push([key.slice(this.prefix.length), value]);
    }
    return rows;
  }

  /** The disk gives back what was committed, so the rows have the shape in which they were put. */
  #valuesOf<Row>(contents: DiskContents, table: DiskTable): Row[] {
    return this.#rowsOf(contents, table).map(([, value]) => value as unknown as Row);
  }
}

/** The account whose key this is, or else the next number that no account has. */
export function slotOfAccount(contents: DiskContents, accountKey: string): number {
  let next = 0;
  for (const [key, value] of contents.get("meta") ?? []) {
    const match = /^(\d+)\/(.*)$/u.exec(key);
    if (match === null) continue;
    const slot = Number(match[1]);
    if (match[2] === "accountKey" && value === accountKey) return slot;
    next = Math.max(next, slot + 1);
  }
  return next;
}

const accountPrefix = (slot: number): string => `${slot}/`;
const parkedKey = (op: UnusableOp): string => String(op.id).padStart(16, "0");

/** Registers as entries: a field may be called `__proto__`. */
interface EntityRow {
  readonly deletedAt: ServerId;
  readonly registers: readonly (readonly [field: string, value: JsonValue, id: ServerId])[];
}

function entityToRow(entity: EntityState): EntityRow {
  const registers: [string, JsonValue, ServerId][] = [];
  for (const [field, { value, id }] of entity.registers) registers.push([field, value, id]);
  return { deletedAt: entity.deletedAt, registers };
}

function rowToEntity(row: EntityRow): EntityState {
  const registers = new Map<string, Register>();
  for (const [field, value, id] of row.registers) registers.set(field, { value, id });
  return { deletedAt: row.deletedAt, registers };
}
