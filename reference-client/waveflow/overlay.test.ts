import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyToState, foldLog, visibleState, type FoldableOp } from "../../protocol/waveflow/fold.ts";
import type { OpContent, PushOp } from "../../protocol/waveflow/types.ts";
import { overlay } from "./overlay.ts";

const anyContent: fc.Arbitrary<OpContent> = fc.record({
  entity_type: fc.constantFrom("song", "list/a"),
  entity_id: fc.constantFrom("1", "2"),
  op: fc.constantFrom("upsert", "upsert", "upsert", "delete"),
  field: fc.constantFrom("title", "rating"),
  value: fc.nat(99),
});
const withId = (content: OpContent, id: number): FoldableOp => ({ ...content, id });
const pushOp = (content: OpContent): PushOp => ({ ...content, operation_id: "o", lamport_ts: 1 });

describe("what the user sees", () => {
  test("pending edits on top are the log with the edits numbered above everything", () => {
    fc.assert(
      fc.property(fc.array(anyContent), fc.array(anyContent), (log, pending) => {
        const entities = foldLog(log.map((content, index) => withId(content, index + 1)));
        const seen = overlay({ entities, accepted: [], pending: pending.map((op) => ({ op })) });
        const all = [...log, ...pending].map((content, index) => withId(content, index + 1));
        expect(visibleState(seen)).toEqual(visibleState(foldLog(all)));
      }),
    );
  });

  test("an accepted edit wins and loses by its id, whether or not the log has shown it yet", () => {
    fc.assert(
      fc.property(
        fc.array(anyContent, { minLength: 1 }),
        fc.array(fc.boolean()),
        fc.nat(),
        (log, own, cut) => {
          const ops = log.map((content, index) => withId(content, index + 1));
          const cursor = cut % (ops.length + 1);
          const accepted = ops.filter((op) => op.id > cursor && own[op.id] === true);
          const entities = foldLog(ops.slice(0, cursor));
          const edits = accepted.map((op) => ({ number: op.id, id: op.id, op: pushOp(op) }));
          const before = overlay({ entities, accepted: edits, pending: [] });
          for (const op of accepted) applyToState(entities, op);
          expect(visibleState(before)).toEqual(visibleState(entities));
        },
      ),
    );
  });

  test("looking changes nothing", () => {
    const entities = foldLog([
      withId({ entity_type: "song", entity_id: "1", op: "upsert", field: "t", value: 1 }, 1),
    ]);
    const before = visibleState(entities);
    const op: OpContent = { entity_type: "song", entity_id: "1", op: "delete", field: null, value: null };
    expect(visibleState(overlay({ entities, accepted: [], pending: [{ op }] }))).toEqual({});
    expect(visibleState(entities)).toEqual(before);
  });
});
