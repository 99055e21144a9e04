import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HashIndex } from "./hash-index.ts";
import { Chain, RowVersion } from "./heap.ts";
import { OrderedIndex } from "./ordered-index.ts";
import type { IndexDefinition } from "./schema.ts";
import { TableStore } from "./table-store.ts";
import { Transaction } from "./transactions.ts";

const ordered: IndexDefinition = { name: "by_user", kind: "ordered", columns: ["user", "id"], unique: false };
const store = new TableStore({ name: "op", indexes: [ordered] });
const writer = new Transaction("read committed", { lockWait: undefined, onGranted: () => {} });
const chainOf = (user: string, id: number) =>
  new Chain(store, new RowVersion({ user, id }, writer, undefined));

function idsOf(
  index: OrderedIndex,
  user: string,
  options: { above?: number; atMost?: number; descending?: boolean } = {},
) {
  const { descending = false, ...range } = options;
  const ids: unknown[] = [];
  index.some([user], range, descending, (chain) => {
    ids.push(chain.newest.data["id"]);
    return false;
  });
  return ids;
}

describe("an ordered index", () => {
  test("answers like a sorted list, whatever is added and removed in whatever order", () => {
    const change = fc.record({ id: fc.integer({ min: 0, max: 60 }), remove: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 200, size: "max" }),
        fc.nat(60),
        fc.nat(60),
        (changes, above, atMost) => {
          const index = new OrderedIndex(ordered);
          const model: Chain[] = [];
          for (const { id, remove } of changes) {
            const place = model.findIndex((chain) => chain.newest.data["id"] === id);
            const chain = model[place];
            if (remove && chain !== undefined) {
              chain.isGone = true;
              index.remove(chain.newest.data);
              model.splice(place, 1);
            } else if (!remove) {
              const added = chainOf("u", id);
              index.add(added.newest.data, added);
              model.push(added);
            }
          }
          const all = model
            .map((chain) => chain.newest.data["id"] as number)
            .sort((one, other) => one - other);
          const within = all.filter((id) => id > above && id <= atMost);
          expect(idsOf(index, "u")).toEqual(all);
          expect(idsOf(index, "u", { above, atMost })).toEqual(within);
          expect(idsOf(index, "u", { above, atMost, descending: true })).toEqual(within.toReversed());
        },
      ),
    );
  });

  test("keeps the users apart and lists them in order", () => {
    const index = new OrderedIndex(ordered);
    for (const user of ["zoe", "ann", "bob"]) {
      const chain = chainOf(user, 1);
      index.add(chain.newest.data, chain);
    }
    expect(idsOf(index, "bob")).toEqual([1]);
    expect(idsOf(index, "nobody")).toEqual([]);
    const { values, from } = index.firstValues("ann");
    expect(values.slice(from)).toEqual(["bob", "zoe"]);
  });
});

describe("a hash index", () => {
  test("finds rows by their whole key, and forgets them one by one", () => {
    const index = new HashIndex({ name: "h", kind: "hash", columns: ["user", "id"], unique: true });
    const [one, other] = [chainOf("u", 1), chainOf("u", 1)];
    const found = (id: number) => {
      const chains: Chain[] = [];
      index.some(["u", id], (chain) => {
        chains.push(chain);
        return false;
      });
      return chains;
    };
    index.add(one.newest.data, one);
    index.add(other.newest.data, other);
    expect(found(1)).toEqual([one, other]);
    expect(found(2)).toEqual([]);
    index.remove(one.newest.data, one);
    expect(found(1)).toEqual([other]);
    index.remove(other.newest.data, other);
    expect(found(1)).toEqual([]);
  });
});
