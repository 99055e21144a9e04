// A rule counts what it matches from when it is made, strikes once, and is missed if it never did.
import { expect, test } from "vitest";
import { waveflowVocabulary } from "../waveflow/vocabulary.ts";
import { FaultRules } from "./fault-rules.ts";
import { LineReader } from "./line-reader.ts";
import { readNetworkLine } from "./network-lines.ts";

const action = (line: string) =>
  readNetworkLine(new LineReader(line, ["laptop", "phone"]), waveflowVocabulary);

function rulesOf(...lines: readonly string[]): FaultRules {
  const rules = new FaultRules();
  for (const line of lines) rules.add(action(line));
  return rules;
}

test("a rule strikes the exchange that it names, and no other", () => {
  const rules = rulesOf("lose reply to laptop push#2");
  expect(rules.forExchange("phone", "push")).toBeUndefined();
  expect(rules.forExchange("laptop", "pull")).toBeUndefined();
  expect(rules.forExchange("laptop", "push")).toBeUndefined();
  expect(rules.forExchange("laptop", "push")).toMatchObject({ verb: "lose-reply" });
  expect(rules.forExchange("laptop", "push")).toBeUndefined();
  expect(rules.neverFired()).toEqual([]);
  expect([...rules.fired()]).toEqual([["lose-reply", 1]]);
});

test("a rule counts from the moment it is made", () => {
  const rules = rulesOf();
  rules.forExchange("laptop", "push");
  rules.add(action("lose request of laptop push"));
  expect(rules.forExchange("laptop", "push")).toMatchObject({ verb: "lose-request" });
});

test("any stands for every message", () => {
  const rules = rulesOf("delay reply to laptop any#2 by 5s");
  expect(rules.forExchange("laptop", "push")).toBeUndefined();
  expect(rules.forExchange("laptop", "ack")).toMatchObject({ verb: "delay-reply", byMs: 5_000 });
});

test("of two rules that are due at once the older strikes, and the other strikes the next that it matches", () => {
  const rules = rulesOf("lose request of laptop push", "lose reply to laptop push");
  expect(rules.forExchange("laptop", "push")).toMatchObject({ verb: "lose-request" });
  expect(rules.forExchange("laptop", "pull")).toBeUndefined();
  expect(rules.neverFired()).toEqual(["network: lose reply to laptop push"]);
  expect(rules.forExchange("laptop", "push")).toMatchObject({ verb: "lose-reply" });
  expect(rules.forExchange("laptop", "push")).toBeUndefined();
  expect(rules.neverFired()).toEqual([]);
});

test("of two rules for one frame the younger strikes the next frame", () => {
  const rules = rulesOf("drop frame 1 to phone", "repeat frame 1 to phone");
  expect(rules.forFrame("phone")).toMatchObject({ verb: "drop-frame" });
  expect(rules.forFrame("phone")).toMatchObject({ verb: "repeat-frame" });
  expect(rules.neverFired()).toEqual([]);
});

test("frames are counted for each device, whatever they say", () => {
  const rules = rulesOf("drop frame 2 to phone", "delay frame 1 to laptop by 3s");
  expect(rules.forFrame("phone", { type: "hello" })).toBeUndefined();
  expect(rules.forFrame("laptop")).toMatchObject({ verb: "delay-frame", byMs: 3_000 });
  expect(rules.forFrame("phone")).toMatchObject({ verb: "drop-frame" });
  expect(rules.forFrame("phone")).toBeUndefined();
});

test("held frames are held until they are released", () => {
  const rules = rulesOf("hold frames to phone");
  expect(rules.forFrame("phone")).toEqual({ verb: "hold-frame", device: "phone" });
  expect(rules.forFrame("laptop")).toBeUndefined();
  rules.add(action("release frames to phone"));
  expect(rules.forFrame("phone")).toBeUndefined();
});

test("a partition lasts until it is healed", () => {
  const rules = rulesOf("partition laptop to server holding");
  expect(rules.partitionOf("laptop")).toMatchObject({ direction: "to-server", inFlight: "hold" });
  expect(rules.partitionOf("phone")).toBeUndefined();
  rules.add(action("heal laptop"));
  expect(rules.partitionOf("laptop")).toBeUndefined();
});

test("the end of all faults is no strike", () => {
  const rules = rulesOf("answer laptop push with 503", "partition phone", "hold frames to phone");
  rules.clear();
  expect(rules.forExchange("laptop", "push")).toBeUndefined();
  expect(rules.partitionOf("phone")).toBeUndefined();
  expect(rules.forFrame("phone")).toBeUndefined();
  expect(rules.neverFired()).toEqual(["network: answer laptop push with 503"]);
});
