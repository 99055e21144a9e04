import { describe, expect, test } from "vitest";
import { describeScope, describeWalk, ladder, parseScope, scopeText, walksOf } from "./scope.ts";
import { choicesText, parseChoices } from "./scope-search.ts";

describe("a scope", () => {
  test("is read back from its text", () => {
    for (const scope of ladder) expect(parseScope(scopeText(scope))).toEqual(scope);
  });

  test("has two devices with two edits each where nothing is said", () => {
    expect(describeScope(parseScope(""))).toBe("2 devices, 2 edits each");
    expect(describeScope(parseScope("devices=3,edits=1,lost=1,crashes=1"))).toBe(
      "3 devices, 1 edit each, 1 answer lost, 1 crash",
    );
  });

  test("refuses what it does not know and what is too large", () => {
    expect(() => parseScope("device=2")).toThrow("devices=2,edits=2,crashes=1");
    expect(() => parseScope("devices=9")).toThrow("at most 4 devices");
    expect(() => parseScope("devices=0")).toThrow("at least one device");
  });

  test("places every fault in every way", () => {
    const walks = walksOf(parseScope("duplicates=1,crashes=1"), { commits: 5, requests: 3 });
    // Six requests may come twice; the server, six waiting devices and twenty places at durable steps may crash.
    expect(walks).toHaveLength(6 * (1 + 6 + 20));
    expect(new Set(walks.map(describeWalk)).size).toBe(walks.length);
  });
});

describe("a list of choices", () => {
  const [walk] = walksOf(parseScope("compactions=1"), { commits: 5, requests: 3 });

  test("is read back from its text", () => {
    expect(choicesText(walk!, [0, 0, 1, 2, 0])).toBe("phone*2,laptop,compaction,phone");
    expect(parseChoices(walk!, "phone*2, laptop,compaction,phone")).toEqual([0, 0, 1, 2, 0]);
  });

  test("refuses a lane that there is not", () => {
    expect(() => parseChoices(walk!, "tablet*2")).toThrow(
      'no lane "tablet*2"; expected one of phone, laptop',
    );
  });
});
