import { describe, expect, test } from "vitest";
import { hash128 } from "./hash128.ts";

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
