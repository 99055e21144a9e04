import { expect, test } from "vitest";
import { createResyncToken, isSameWalk, readResyncToken } from "./resync-token.ts";

const watermark = { compactedUpTo: 41, generation: 3 };

test("a token gives back where its walk began, to its own user", () => {
  const token = createResyncToken("ada", watermark);
  expect(readResyncToken(token, "ada")).toEqual(watermark);
  expect(encodeURIComponent(token)).toBe(token);
});

test("a token of somebody else, or one that nobody made, is no token", () => {
  const token = createResyncToken("ada", watermark);
  expect(readResyncToken(token, "bob")).toBeUndefined();
  for (const text of [
    "",
    "walk",
    token.slice(1),
    `${token}0`,
    token.replace("-3-", "-03-"),
    token.toUpperCase(),
  ]) {
    expect(readResyncToken(text, "ada")).toBeUndefined();
  }
});

test("a walk is over when anything was deleted, also where the watermark stands still", () => {
  expect(isSameWalk(watermark, { ...watermark })).toBe(true);
  expect(isSameWalk(watermark, { ...watermark, generation: 4 })).toBe(false);
  expect(isSameWalk(watermark, { compactedUpTo: 50, generation: 4 })).toBe(false);
});
