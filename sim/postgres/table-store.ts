// A table: its chains as its indexes know them, and how versions come into it and leave it again.
// An abort takes versions out at once; what a commit made obsolete leaves when no snapshot can want it.
// Source: PostgreSQL manual, 24.1 "Routine Vacuuming", Chapter 11 "Indexes".
import { HashIndex } from "./hash-index.ts";
import { Chain, RowVersion } from "./heap.ts";
import { OrderedIndex } from "./ordered-index.ts";
import type { AnyRow, Table } from "./schema.ts";
import { isVisible, type SnapshotRegistry } from "./snapshots.ts";
import type { Range, Where } from "./statements.ts";
import type { Transaction } from "./transactions.ts";

export type Index = HashIndex | OrderedIndex;

/** Source: PostgreSQL manual, Chapter 11 "Indexes". */
export class TableStore {
  readonly table: Table<AnyRow>;
  readonly indexes: readonly Index[];
  readonly #byName = new Map<string, Index>();
  readonly #keyColumns: readonly string[];

  constructor(table: Table<AnyRow>) {
    if (table.indexes.length === 0) throw new Error(`table ${table.name} has no index to find its rows by`);
    this.table = table;
    this.indexes = table.indexes.map((definition) =>
      definition.kind === "hash" ? new HashIndex(definition) : new OrderedIndex(definition),
    );
    for (const index of this.indexes) this.#byName.set(index.definition.name, index);
    this.#keyColumns = [...new Set(table.indexes.flatMap((definition) => definition.columns))];
  }

  index(name: string): Index {
    const index = this.#byName.get(name);
    if (index === undefined) throw new Error(`table ${this.table.name} has no index ${name}`);
    return index;
  }

  /** Visits the chains that the index finds until `visit` answers true. */
  some(where: Where<AnyRow>, descending: boolean, visit: (chain: Chain) => boolean): void {
    const index = this.index(where.index);
    if (index instanceof HashIndex) index.some(where.equals, visit);
    else index.some(where.equals, where.range ?? wholeRange, descending, visit);
  }

  /** What a snapshot shows to somebody who wrote nothing. */
  visibleRows(snapshot: number): AnyRow[] {
    const rows: AnyRow[] = [];
    const [first] = this.table.indexes;
    if (first === undefined) return rows;
    this.some({ index: first.name }, false, ({ newest }) => {
      let version: RowVersion | undefined = newest;
      while (version !== undefined && !isVisible(version, undefined, snapshot)) version = version.previous;
      if (version !== undefined) rows.push(version.data);
      return false;
    });
    return rows;
  }

  hasSameKeys(one: AnyRow, other: AnyRow): boolean {
    for (const column of this.#keyColumns) if (one[column] !== other[column]) return false;
    return true;
  }

  /** A row that is new in the table; the caller enters it into the indexes one by one. */
  createChain(row: AnyRow, creator: Transaction): Chain {
    const version = new RowVersion(row, creator, undefined);
    return this.#startChain(version, creator);
  }

  /** The next version of a row whose lock the writer has. Answers the chain to be entered into the indexes, or
   *  `undefined` where the keys are the same and nothing is to be entered. */
  replace(version: RowVersion, row: AnyRow, writer: Transaction): Chain | undefined {
    const next = new RowVersion(row, writer, version);
    version.deleter = writer;
    version.next = next;
    const chain = version.chain;
    if (chain === undefined || !this.hasSameKeys(version.data, row)) return this.#startChain(next, writer);
    next.previous = version;
    next.chain = chain;
    chain.newest = next;
    writer.recordCreated(next);
    return undefined;
  }

  delete(version: RowVersion, writer: Transaction): void {
    version.deleter = writer;
    writer.recordDeleted(version);
  }

  /** Enters the chain into the next index that it is not in yet. */
  enter(chain: Chain): void {
    this.indexes[chain.indexed]?.add(chain.newest.data, chain);
    chain.indexed += 1;
  }

  /** An abort takes a version out as if it had never been. */
  undoCreate(version: RowVersion): void {
    const { replaced, chain, previous } = version;
    if (replaced !== undefined) {
      replaced.deleter = undefined;
      replaced.next = undefined;
    }
    if (chain === undefined) return;
    if (previous === undefined) this.removeChain(chain);
    else chain.newest = previous;
  }

  removeChain(chain: Chain): void {
    if (chain.isGone) return;
    chain.isGone = true;
    for (let place = 0; place < chain.indexed; place += 1)
      this.indexes[place]?.remove(chain.newest.data, chain);
  }

  #startChain(version: RowVersion, creator: Transaction): Chain {
    const chain = new Chain(this, version);
    version.chain = chain;
    creator.recordCreated(version);
    return chain;
  }
}

/** Chains whose last version was replaced elsewhere or deleted, until no snapshot shows it any more.
 *  Source: PostgreSQL manual, 24.1.2 "Recovering Disk Space". */
export class Vacuum {
  #queue: { readonly chain: Chain; readonly commitSequence: number }[] = [];
  #done = 0;

  add(chain: Chain, commitSequence: number): void {
    this.#queue.push({ chain, commitSequence });
  }

  run(snapshots: SnapshotRegistry): void {
    if (this.#done === this.#queue.length) return;
    const horizon = snapshots.horizon();
    for (let entry = this.#queue[this.#done]; entry !== undefined; entry = this.#queue[this.#done]) {
      if (entry.commitSequence > horizon) break;
      entry.chain.store.removeChain(entry.chain);
      this.#done += 1;
    }
    if (this.#done > sweepAbove && this.#done * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#done);
      this.#done = 0;
    }
  }
}

const wholeRange: Range = {};
const sweepAbove = 64;
