// What makes two violations the same: law, last event, and the words that are nobody's name.
import { describe, expect, test } from "vitest";
import type { History, HistoryEvent } from "../../invariants/history.ts";
import type { Judgement } from "../../invariants/verdict.ts";
import { isSameWay, signatureOf } from "./signature.ts";

const history = (events: readonly HistoryEvent[]): History => ({
  protocol: "test/1",
  scenario: "test/a",
  seed: "1",
  world: "sim",
  events,
});

const joined = (actor: string): HistoryEvent => ({
  kind: "joined",
  at: 0,
  actor,
  user: "alice",
  deviceId: actor,
});

function broken(explanation: string, { law = "once", events = [0] } = {}): Judgement {
  return {
    law,
    requirements: [],
    promise: "",
    verdict: { outcome: "violated", witness: { events, explanation }, violations: 1 },
  };
}

const signature = (explanation: string, actors = ["laptop", "phone"]): string =>
  signatureOf(broken(explanation), history(actors.map(joined)));

describe("a signature", () => {
  test("forgets devices, ids, numbers, values, entities and fields", () => {
    const one = signature('op 354d18d7 (title of song/1 := "A") has id 1. laptop shows nothing.');
    const other = signature('op aaaabbbb (note of album/hot := {"a":[1]}) has id 4711. phone shows "B, C".');
    expect(one).toBe(other);
    expect(signature('op 354d18d7 (no te of song/1 := "A") has id 1. laptop shows nothing.')).toBe(one);
    expect(one).toContain("has id");
  });

  test("keeps what is said", () => {
    expect(signature("op 354d18d7 has id 1. Later it has id 2.")).not.toBe(
      signature("op 354d18d7 has stamp 1. Later it has stamp 2."),
    );
  });

  test("keeps law and kind of the last event apart", () => {
    const events = [joined("laptop"), { kind: "calm", at: 1, actor: "world" } as const];
    const first = signatureOf(broken("x", { events: [0] }), history(events));
    expect(signatureOf(broken("x", { events: [0, 1] }), history(events))).not.toBe(first);
    expect(signatureOf(broken("x", { law: "order" }), history(events))).not.toBe(first);
  });

  test("is empty where nothing is violated", () => {
    const holds: Judgement = { ...broken(""), verdict: { outcome: "holds", cases: 1 } };
    expect(signatureOf(holds, history([]))).toBe("");
  });
});

test("one of several who wait is the same way, and another reason is not", () => {
  const both = signature(
    "This did not come to an end: laptop: 2 edits are not pushed, phone: its cursor is 3.",
  );
  const one = signature("This did not come to an end: phone: 7 edits are not pushed.");
  const other = signature("This did not come to an end: phone: its socket is closed.");
  expect(isSameWay(both, one)).toBe(true);
  expect(isSameWay(one, both)).toBe(false);
  expect(isSameWay(both, other)).toBe(false);
});
