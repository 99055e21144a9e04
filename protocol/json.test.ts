import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  canonicalJson,
  codePointLength,
  jsonByteLength,
  jsonDepth,
  jsonEqual,
  type JsonValue,
  whyUnstorable,
} from "./json.ts";

const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>;

const shuffled = (value: JsonValue): JsonValue => {
  if (Array.isArray(value)) return value.map((item) => shuffled(item as JsonValue));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([member, item]) => [member, shuffled(item)]),
  );
};

describe("equality as JSON", () => {
  test("does not look at the order of members, and one canonical text stands for equal values", () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(jsonEqual(value, shuffled(value))).toBe(true);
        expect(canonicalJson(shuffled(value))).toBe(canonicalJson(value));
      }),
    );
  });

  test("tells apart what differs, as the canonical texts do", () => {
    fc.assert(
      fc.property(json, json, (left, right) => {
        expect(jsonEqual(left, right)).toBe(canonicalJson(left) === canonicalJson(right));
      }),
    );
  });

  test("takes -0 for 0, and an absent member for another value than null", () => {
    expect(jsonEqual(-0, 0)).toBe(true);
    expect(jsonEqual({ a: null }, {})).toBe(false);
    expect(jsonEqual([], {})).toBe(false);
    expect(jsonEqual({ a: 1, b: undefined }, { a: 1, c: 1 })).toBe(false);
  });
});

test("bytes are counted as JSON.stringify writes them", () => {
  fc.assert(
    fc.property(fc.oneof(json, fc.string({ unit: "binary" })), (value) => {
      expect(jsonByteLength(value)).toBe(Buffer.byteLength(JSON.stringify(value), "utf8"));
    }),
  );
});

test("depth counts levels and stops one above the bound", () => {
  expect(jsonDepth(1, 64)).toBe(0);
  expect(jsonDepth([], 64)).toBe(1);
  expect(jsonDepth({ a: [{}] }, 64)).toBe(3);
  let deep: JsonValue = 1;
  for (let level = 0; level < 10_000; level++) deep = [deep];
  expect(jsonDepth(deep, 64)).toBe(65);
});

test("length counts code points, and a lone surrogate is one", () => {
  expect(codePointLength("a😀b")).toBe(3);
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => codePointLength(text) === [...text].length));
});

test("what a store of UTF-8 text cannot keep is named, wherever it stands", () => {
  expect(whyUnstorable({ a: ["b\u0000"] })).toMatch(/U\+0000/u);
  expect(whyUnstorable({ "\ud800": 1 })).toMatch(/surrogate/u);
  expect(whyUnstorable([Number.POSITIVE_INFINITY])).toMatch(/double/u);
  expect(whyUnstorable({ a: ["😀", 1e308, null, true] })).toBeUndefined();
});
