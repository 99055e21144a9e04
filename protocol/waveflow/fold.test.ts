import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyToState, entityKey, entityKeyParts, type FoldableOp, foldLog, visibleState } from "./fold.ts";

const op = fc.record({
  entity_type: fc.constantFrom("song", "album"),
  entity_id: fc.constantFrom("1", "2"),
  op: fc.constantFrom("upsert", "upsert", "upsert", "delete"),
  field: fc.constantFrom("title", "rating"),
  value: fc.integer({ min: 0, max: 9 }),
});
/** A log: ids ascend with gaps. */
const log = fc.array(op, { maxLength: 30 }).map((ops) =>
  ops.map((each, index): FoldableOp => {
    const isDelete = each.op === "delete";
    const content = { ...each, op: isDelete ? ("delete" as const) : ("upsert" as const) };
    return {
      ...content,
      id: 3 * index + 1,
      field: isDelete ? null : each.field,
      value: isDelete ? null : each.value,
    };
  }),
);

describe("the state of a log", () => {
  test("is the same in whatever order and how often its ops come", () => {
    fc.assert(
      fc.property(log, fc.array(fc.nat(), { maxLength: 60 }), (ops, picks) => {
        const expected = visibleState(foldLog(ops));
        const mixed = [
          ...picks.map((pick) => ops[pick % Math.max(1, ops.length)]!).filter(Boolean),
          ...ops,
        ].reverse();
        expect(visibleState(foldLog(mixed))).toEqual(expected);
      }),
    );
  });

  test("is what replaying it one after the other gives: the last write wins, a delete clears", () => {
    fc.assert(
      fc.property(log, (ops) => {
        const replayed = new Map<string, Map<string, unknown>>();
        for (const each of ops) {
          const key = `${each.entity_type}/${each.entity_id}`;
          if (each.op === "delete") replayed.delete(key);
          else replayed.set(key, (replayed.get(key) ?? new Map()).set(each.field!, each.value));
        }
        const expected = Object.fromEntries(
          [...replayed].map(([key, fields]) => [key, Object.fromEntries(fields)]),
        );
        expect(visibleState(foldLog(ops))).toEqual(expected);
      }),
    );
  });

  test("keeps a barrier: a field written below a delete that came first stays gone", () => {
    const state = foldLog([]);
    const song = { entity_type: "song", entity_id: "1" };
    applyToState(state, { ...song, id: 9, op: "delete", field: null, value: null });
    applyToState(state, { ...song, id: 5, op: "upsert", field: "title", value: "A" });
    expect(visibleState(state)).toEqual({});
    applyToState(state, { ...song, id: 12, op: "upsert", field: "rating", value: 5 });
    expect(visibleState(state)).toEqual({ "song/1": { rating: 5 } });
  });
});

test("a field or an entity may bear any name", () => {
  const named = {
    entity_type: "__proto__",
    entity_id: "constructor",
    op: "upsert",
    field: "__proto__",
    value: 1,
  };
  const visible = visibleState(foldLog([{ ...named, id: 1 } as FoldableOp]));
  expect(Object.keys(visible)).toEqual(["__proto__/constructor"]);
  expect(Object.entries(visible["__proto__/constructor"]!)).toEqual([["__proto__", 1]]);
});

test("no two entities share a key, and the key leads back to the entity", () => {
  const name = fc.string({ unit: fc.constantFrom("a", "/", "%", "2", "F", "5"), minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(name, name, (entityType, entityId) => {
      expect(entityKeyParts(entityKey(entityType, entityId))).toEqual({ entityType, entityId });
    }),
  );
});
