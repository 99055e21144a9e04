import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  isUuid,
  logOpSchema,
  parseRequestText,
  pullReplySchema,
  pushReplySchema,
  pushRequestSchema,
  serverFrameSchema,
} from "./messages.ts";

const uuid = fc.oneof(
  fc.uuid(),
  fc.uuid().map((text) => text.toUpperCase()),
  fc.constantFrom("", "no-uuid"),
);
const integer = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 1_000 }) },
  fc.constantFrom(-1, 0, 1.5, Number.NaN, 2 ** 53, 2 ** 53 - 1, "7", null),
);
const text = fc.oneof(
  { weight: 6, arbitrary: fc.string({ minLength: 1, maxLength: 8 }) },
  fc.constantFrom("", "x".repeat(64), "x".repeat(65), "😀".repeat(64), "😀".repeat(65), 7, null),
);
const value: fc.Arbitrary<unknown> = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant(undefined));
const loose = (record: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<unknown> =>
  fc
    .tuple(fc.record(record), fc.constantFrom("", "", "", "", "extra", ...Object.keys(record)))
    .map(([message, change]) => {
      const changed: Record<string, unknown> = { ...message };
      if (change === "extra") changed.extra = 1;
      else if (change !== "") delete changed[change];
      return changed;
    });
const pushOp = loose({
  operation_id: uuid,
  entity_type: text,
  entity_id: text,
  op: fc.constantFrom("upsert", "upsert", "delete", "merge"),
  field: fc.oneof(text, fc.constant(null)),
  value: fc.oneof(value, fc.constant(null)),
  lamport_ts: integer,
});
const logOp = loose({
  id: integer,
  device_id: uuid,
  operation_id: uuid,
  entity_type: text,
  entity_id: text,
  op: fc.constantFrom("upsert", "delete", "merge"),
  field: fc.oneof(text, fc.constant(null)),
  value,
  lamport_ts: integer,
  wall_clock: text,
});
const list = (item: fc.Arbitrary<unknown>) =>
  fc.oneof(fc.array(item, { maxLength: 3 }), fc.constantFrom({}, null));

interface Quick {
  readonly full: { safeParse(value: unknown): { readonly success: boolean; readonly data?: unknown } };
  safeParse(value: unknown): { readonly success: boolean; readonly data?: unknown };
}

/** By way of unknown: the compiler does not get to the end of comparing recursive schema types. */
const asQuick = (schema: unknown): Quick => schema as Quick;

describe("the quick look at plain messages", () => {
  const cases: readonly (readonly [string, Quick, fc.Arbitrary<unknown>])[] = [
    ["pushes", asQuick(pushRequestSchema), loose({ ops: list(pushOp) })],
    [
      "replies to pushes",
      asQuick(pushReplySchema),
      loose({
        results: list(
          loose({
            operation_id: uuid,
            id: integer,
            lamport_ts: integer,
            status: fc.constantFrom("stored", "duplicate", "lost"),
          }),
        ),
        head: integer,
      }),
    ],
    [
      "pages",
      asQuick(pullReplySchema),
      loose({
        ops: list(logOp),
        head: integer,
        has_more: fc.constantFrom(true, false, "no"),
        resync: fc.constantFrom("token", null, undefined, 5),
      }),
    ],
    ["ops", asQuick(logOpSchema), logOp],
    [
      "frames",
      asQuick(serverFrameSchema),
      loose({ type: fc.constantFrom("op", "op", "hello", "error"), prev_id: integer, op: logOp }),
    ],
  ];

  test.each(cases)(
    "never says yes to %s that the schema refuses, nor reads them otherwise",
    (_, schema, messages) => {
      let good = 0;
      fc.assert(
        fc.property(messages, (message) => {
          const quick = schema.safeParse(message);
          const full = schema.full.safeParse(message);
          expect(quick.success).toBe(full.success);
          expect(quick.data).toEqual(full.data);
          if (quick.success) good++;
        }),
        { numRuns: 3_000, seed: 1 },
      );
      expect(good, "good messages among the made ones").toBeGreaterThan(5);
    },
  );
});

describe("integers", () => {
  test.each([
    ['{"last_seen_id":7}', 7],
    ['{"last_seen_id":9007199254740991}', 9_007_199_254_740_991],
    ['{"last_seen_id":9007199254740993}', 9_007_199_254_740_992],
    ['{"last_seen_id":9007199254740991.4}', Number.NaN],
    ['{"last_seen_id":1.00000000000000000001}', Number.NaN],
    ['{"last_seen_id" : 1e3}', Number.NaN],
    ['{"last_seen_id":"1.5"}', "1.5"],
  ])("of %s are read as %s and never rounded into the range", (body, expected) => {
    expect((parseRequestText(body) as { last_seen_id: unknown }).last_seen_id).toEqual(expected);
  });

  test("inside values are left alone", () => {
    expect(parseRequestText('{"value":1.5,"lamport_ts":1.5}')).toEqual({
      value: 1.5,
      lamport_ts: Number.NaN,
    });
  });
});

test("a UUID is one in either case and of any version", () => {
  expect(isUuid("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11")).toBe(true);
  expect(isUuid("00000000-0000-0000-0000-000000000000")).toBe(true);
  for (const bad of [
    "",
    "a0eebc99",
    "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g",
    "a0eebc999c0b4ef8bb6d6bb9bd380a11",
  ]) {
    expect(isUuid(bad), bad).toBe(false);
  }
});
