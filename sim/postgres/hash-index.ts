// An index for equality on the whole key: one map inside another for each column. An entry is a chain, or a list of
// chains where several rows share the key or a row was replaced under it.
// Source: PostgreSQL manual, 11.2.2 "Hash".
import type { Chain } from "./heap.ts";
import type { AnyRow, IndexDefinition, Key } from "./schema.ts";

type Entry = Chain | Chain[];
type Node = Map<Key, Node | Entry>;

/** Source: PostgreSQL manual, 11.2.2 "Hash". */
export class HashIndex {
  readonly definition: IndexDefinition;
  readonly #prefix: readonly string[];
  readonly #last: string;
  readonly #root: Node = new Map();

  constructor(definition: IndexDefinition) {
    this.definition = definition;
    this.#prefix = definition.columns.slice(0, -1);
    this.#last = definition.columns.at(-1) ?? "";
  }

  add(row: AnyRow, chain: Chain): void {
    let node = this.#root;
    for (const column of this.#prefix) {
      const value = row[column] as Key;
      let child = node.get(value) as Node | undefined;
      if (child === undefined) {
        child = new Map();
        node.set(value, child);
      }
      node = child;
    }
    const key = row[this.#last] as Key;
    const entry = node.get(key) as Entry | undefined;
    if (entry === undefined) node.set(key, chain);
    else if (Array.isArray(entry)) entry.push(chain);
    else node.set(key, [entry, chain]);
  }

  remove(row: AnyRow, chain: Chain): void {
    const node = this.#nodeOf(row);
    const key = row[this.#last] as Key;
    const entry = node?.get(key) as Entry | undefined;
    if (node === undefined || entry === undefined) return;
    if (Array.isArray(entry)) {
      const rest = entry.filter((other) => other !== chain);
      if (rest.length === 0) node.delete(key);
      else node.set(key, rest.length === 1 ? (rest[0] as Chain) : rest);
    } else if (entry === chain) {
      node.delete(key);
    }
  }

  /** Visits the chains with exactly this row's key until `visit` answers true. */
  someEqual(row: AnyRow, visit: (chain: Chain) => boolean): boolean {
    return someOf(this.#nodeOf(row)?.get(row[this.#last] as Key) as Entry | undefined, visit);
  }

  /** Visits the chains with this key until `visit` answers true; all of them, in no promised order, without a key. */
  some(equals: readonly Key[] | undefined, visit: (chain: Chain) => boolean): boolean {
    if (equals === undefined) return someBelow(this.#root, this.#prefix.length, visit);
    let node: Node | undefined = this.#root;
    for (let depth = 0; depth < this.#prefix.length; depth += 1) {
      node = node?.get(equals[depth] as Key) as Node | undefined;
    }
    return someOf(node?.get(equals[this.#prefix.length] as Key) as Entry | undefined, visit);
  }

  #nodeOf(row: AnyRow): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const column of this.#prefix) node = node?.get(row[column] as Key) as Node | undefined;
    return node;
  }
}

function someOf(entry: Entry | undefined, visit: (chain: Chain) => boolean): boolean {
  if (entry === undefined) return false;
  return Array.isArray(entry) ? entry.some((chain) => visit(chain)) : visit(entry);
}

function someBelow(node: Node, depth: number, visit: (chain: Chain) => boolean): boolean {
  for (const child of node.values()) {
    if (depth > 0 ? someBelow(child as Node, depth - 1, visit) : someOf(child as Entry, visit)) return true;
  }
  return false;
}
