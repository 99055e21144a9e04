// When a fault that never struck says that a server has no place for it, and when it does not.
import { describe, expect, test } from "vitest";
import type { CheckOutcome } from "../invariants/result.ts";
import { placesLacking } from "./checks.ts";

const failed: CheckOutcome = { pass: false, line: 3, at: 10, text: "laptop: ack", expected: "a", seen: "b" };
const statement = "server: crash during ack before commit";
const frame = "network: drop frame 2 to phone";

describe("a fault that never struck on a server that is only known by its protocol", () => {
  test("at a statement is a place that the server does not have, whatever the checks say", () => {
    expect(placesLacking({ checks: [failed], unusedFaults: [statement] })).toEqual([
      `a place where this could strike: ${statement}`,
    ]);
  });

  test("on the network is one only where nothing else went wrong", () => {
    expect(placesLacking({ checks: [], unusedFaults: [frame] })).toHaveLength(1);
    expect(placesLacking({ checks: [failed], unusedFaults: [frame] })).toEqual([]);
  });

  test("proves nothing about places where the run broke off", () => {
    const { at: _at, ...brokenOff } = failed;
    expect(placesLacking({ checks: [brokenOff], unusedFaults: [statement] })).toEqual([]);
  });
});
