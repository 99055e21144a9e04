import { describe, expect, test } from "vitest";
import type { OpContent } from "../../protocol/waveflow/types.ts";
import { contentFingerprint, hash128 } from "./fingerprint.ts";

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

describe("the hash", () => {
  test("keeps 20,000 neighbouring texts apart in either half", () => {
    const halves = [new Set<string>(), new Set<string>()];
    for (let number = 0; number < 20_000; number++) {
      const hash = hash128(`{"n":${number}}`);
      halves[0]!.add(hash.slice(0, 16));
      halves[1]!.add(hash.slice(16));
    }
    expect(halves.map((half) => half.size)).toEqual([20_000, 20_000]);
  });

  test("changes about half of its bits with any one bit of the text", () => {
    const text = "the quick brown fox jumps over the lazy dog";
    const base = BigInt(`0x${hash128(text)}`);
    let changed = 0;
    for (let at = 0; at < text.length; at++) {
      const other = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1);
      changed += (BigInt(`0x${hash128(other)}`) ^ base).toString(2).replaceAll("0", "").length;
    }
    expect(changed / text.length).toBeGreaterThan(58);
    expect(changed / text.length).toBeLessThan(70);
  });

  test("tells texts apart that differ in length only", () => {
    const texts = Array.from({ length: 40 }, (_, length) => "\u0000".repeat(length));
    expect(new Set(texts.map(hash128)).size).toBe(40);
  });
});
