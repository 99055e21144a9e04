// An index that keeps order by its last column, within each combination of the columns before it. The entries of one
// combination are a sorted array: appending in increasing order is O(1), a search is binary, and entries that are gone
// are swept out when they are a third, so that the cost of an operation does not grow with the length of the log.
// Source: PostgreSQL manual, 11.2.1 "B-Tree", 11.3 "Multicolumn Indexes".
import type { Chain } from "./heap.ts";
import type { AnyRow, IndexDefinition, Key } from "./schema.ts";
import type { Range } from "./statements.ts";

type Node = Map<Key, Node> | Partition;

/** Source: PostgreSQL manual, 11.2.1 "B-Tree". */
export class OrderedIndex {
  readonly definition: IndexDefinition;
  readonly #prefix: readonly string[];
  readonly #last: string;
  #root: Node | undefined;
  #firstValues: Key[] = [];
  #firstValuesSorted = true;

  constructor(definition: IndexDefinition) {
    this.definition = definition;
    this.#prefix = definition.columns.slice(0, -1);
    this.#last = definition.columns.at(-1) ?? "";
  }

  add(row: AnyRow, chain: Chain): void {
    this.#partitionFor(row).add(row[this.#last] as Key, chain);
  }

  /** The chain is marked as gone already. */
  remove(row: AnyRow): void {
    let node = this.#root;
    for (const column of this.#prefix) node = (node as Map<Key, Node> | undefined)?.get(row[column] as Key);
    (node as Partition | undefined)?.removeGone();
  }

  /** Visits the chains with exactly this row's key until `visit` answers true. */
  someEqual(row: AnyRow, visit: (chain: Chain) => boolean): boolean {
    let node = this.#root;
    for (const column of this.#prefix) node = (node as Map<Key, Node> | undefined)?.get(row[column] as Key);
    const key = row[this.#last] as Key;
    return (node as Partition | undefined)?.some({ atLeast: key, atMost: key }, false, visit) ?? false;
  }

  /** Visits chains in order until `visit` answers true. `equals` is the prefix, the whole key, or nothing for all. */
  some(
    equals: readonly Key[] | undefined,
    range: Range,
    descending: boolean,
    visit: (chain: Chain) => boolean,
  ): boolean {
    let node = this.#root;
    if (equals === undefined && this.#prefix.length > 0) {
      return node !== undefined && someBelow(node, range, descending, visit);
    }
    for (let depth = 0; depth < this.#prefix.length; depth += 1) {
      node = (node as Map<Key, Node> | undefined)?.get(equals?.[depth] as Key);
    }
    const whole = equals?.[this.#prefix.length];
    const bounds = whole === undefined ? range : { atLeast: whole, atMost: whole };
    return (node as Partition | undefined)?.some(bounds, descending, visit) ?? false;
  }

  /** The values of the first of several columns, ascending, above `above`; some may have no visible row. */
  firstValues(above: Key | undefined): { readonly values: readonly Key[]; readonly from: number } {
    if (!this.#firstValuesSorted) {
      this.#firstValues.sort(compareKeys);
      this.#firstValuesSorted = true;
    }
    const values = this.#firstValues;
    return { values, from: above === undefined ? 0 : firstPlace(values, 0, values.length, above, true) };
  }

  /** Visits the chains that have this value in the first of several columns until `visit` answers true. */
  someWithFirst(value: Key, visit: (chain: Chain) => boolean): boolean {
    const node = (this.#root as Map<Key, Node> | undefined)?.get(value);
    return node !== undefined && someBelow(node, {}, false, visit);
  }

  #partitionFor(row: AnyRow): Partition {
    if (this.#root === undefined) this.#root = this.#prefix.length === 0 ? new Partition() : new Map();
    let node = this.#root;
    for (let depth = 0; depth < this.#prefix.length; depth += 1) {
      const value = row[this.#prefix[depth] as string] as Key;
      const parent = node as Map<Key, Node>;
      let child = parent.get(value);
      if (child === undefined) {
        child = depth === this.#prefix.length - 1 ? new Partition() : new Map<Key, Node>();
        parent.set(value, child);
        if (depth === 0) this.#noteFirstValue(value);
      }
      node = child;
    }
    return node as Partition;
  }

  #noteFirstValue(value: Key): void {
    const last = this.#firstValues.at(-1);
    if (last !== undefined && compareKeys(last, value) > 0) this.#firstValuesSorted = false;
    this.#firstValues.push(value);
  }
}

class Partition {
  #keys: Key[] = [];
  #chains: Chain[] = [];
  #start = 0;
  #gone = 0;

  add(key: Key, chain: Chain): void {
    const length = this.#keys.length;
    const last = this.#keys[length - 1];
    if (last === undefined || last <= key) {
      this.#keys.push(key);
      this.#chains.push(chain);
      return;
    }
    const place = firstPlace(this.#keys, this.#start, length, key, true);
    this.#keys.splice(place, 0, key);
    this.#chains.splice(place, 0, chain);
  }

  removeGone(): void {
    this.#gone += 1;
    while (this.#chains.at(-1)?.isGone === true && this.#chains.length > this.#start) {
      this.#chains.pop();
      this.#keys.pop();
      this.#gone -= 1;
    }
    while (this.#chains[this.#start]?.isGone === true) {
      this.#start += 1;
      this.#gone -= 1;
    }
    if (this.#gone + this.#start > sweepAbove + this.#chains.length / 3) this.#sweep();
  }

  some(range: Range, descending: boolean, visit: (chain: Chain) => boolean): boolean {
    const { above, atLeast, below, atMost } = range;
    const keys = this.#keys;
    const chains = this.#chains;
    let from = this.#start;
    let to = keys.length;
    if (above !== undefined) from = firstPlace(keys, from, to, above, true);
    if (atLeast !== undefined) from = firstPlace(keys, from, to, atLeast, false);
    if (below !== undefined) to = firstPlace(keys, from, to, below, false);
    if (atMost !== undefined) to = firstPlace(keys, from, to, atMost, true);
    if (descending) {
      for (let place = to - 1; place >= from; place -= 1) {
        const chain = chains[place] as Chain;
        if (!chain.isGone && visit(chain)) return true;
      }
    } else {
      for (let place = from; place < to; place += 1) {
        const chain = chains[place] as Chain;
        if (!chain.isGone && visit(chain)) return true;
      }
    }
    return false;
  }

  #sweep(): void {
    const keys: Key[] = [];
    const chains: Chain[] = [];
    for (let place = this.#start; place < this.#chains.length; place += 1) {
      const chain = this.#chains[place] as Chain;
      if (chain.isGone) continue;
      keys.push(this.#keys[place] as Key);
      chains.push(chain);
    }
    this.#keys = keys;
    this.#chains = chains;
    this.#start = 0;
    this.#gone = 0;
  }
}

/** Numbers before text, each in its own order.  Source: PostgreSQL manual, 11.2.1 "B-Tree". */
export const compareKeys = (one: Key, other: Key): number => {
  if (typeof one !== typeof other) return typeof one === "number" ? -1 : 1;
  if (one === other) return 0;
  return one < other ? -1 : 1;
};

// Small partitions are swept when a few entries are gone; below that it is not worth the copying.
const sweepAbove = 16;

function someBelow(node: Node, range: Range, descending: boolean, visit: (chain: Chain) => boolean): boolean {
  if (node instanceof Partition) return node.some(range, descending, visit);
  for (const child of node.values()) if (someBelow(child, range, descending, visit)) return true;
  return false;
}

// The first place in [from, to) whose key is at least `key`, or above it; `to` where there is none.
function firstPlace(keys: readonly Key[], from: number, to: number, key: Key, isAbove: boolean): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const value = keys[middle] as Key;
    if (value < key || (isAbove && value === key)) low = middle + 1;
    else high = middle;
  }
  return low;
}
