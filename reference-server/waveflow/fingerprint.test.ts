import { describe, expect, test } from "vitest";
import type { OpContent } from "../../protocol/waveflow/types.ts";
import { contentFingerprint } from "./fingerprint.ts";

const content = (changes: Partial<OpContent> = {}): OpContent => ({
  entity_type: "song",
  entity_id: "1",
  op: "upsert",
  field: "title",
  value: "A",
  ...changes,
});

describe("a fingerprint", () => {
  test("is the same for values that are equal as JSON", () => {
    const long = "x".repeat(500);
    const pairs = [
      [
        { a: 1, b: [1, 2] },
        { b: [1, 2], a: 1 },
      ],
      [0, -0],
      [1e2, 100],
      [
        { long, n: 1 },
        { n: 1, long },
      ],
    ] as const;
    for (const [one, other] of pairs) {
      expect(contentFingerprint(content({ value: one }))).toBe(contentFingerprint(content({ value: other })));
    }
  });

  test("differs with every part of the content, long or short", () => {
    const long = "y".repeat(500);
    const contents = [
      content(),
      content({ entity_type: "songs" }),
      content({ entity_type: "so", entity_id: "ng1" }),
      content({ entity_id: "2" }),
      content({ field: "artist" }),
      content({ op: "delete", field: null, value: null }),
      content({ value: null }),
      content({ value: "1" }),
      content({ value: 1 }),
      content({ value: [1, 2] }),
      content({ value: [2, 1] }),
      content({ value: long }),
      content({ value: `${long}!` }),
      content({ value: `!${long}` }),
      content({ value: [long] }),
    ];
    expect(new Set(contents.map(contentFingerprint)).size).toBe(contents.length);
  });

  test("stays small however large the value is", () => {
    expect(contentFingerprint(content({ value: "z".repeat(100_000) })).length).toBeLessThan(40);
  });
});
