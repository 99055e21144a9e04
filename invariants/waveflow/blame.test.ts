// Laws that stand for several rules say which one a violation breaks: by what happened between the two observations.
import { describe, expect, test } from "vitest";
import { brokenRules } from "../verdict.ts";
import { judge } from "../judge.ts";
import { HistoryBuilder } from "./history-builder.ts";
import { waveflowLaws } from "./laws.ts";

const blamed = (h: HistoryBuilder, law: string): readonly string[] =>
  brokenRules(judge(h.history(), waveflowLaws).find((one) => one.law === law)!);

/** Laptop has had one op accepted, and phone has read it. */
function accepted() {
  const h = new HistoryBuilder();
  h.join("laptop").join("phone");
  const op = h.op("song/1.title", "A", 1);
  const stored = h.store("laptop", op, 1);
  h.pull("phone", 0).give([stored]);
  return { h, op, stored };
}

describe("an op with a second id", () => {
  test("breaks the rule of receipts", () => {
    const { h, op } = accepted();
    h.store("laptop", op, 2);
    expect(blamed(h, "once")).toEqual(["WF-PUSH-2"]);
  });

  test("breaks the rule that receipts outlive their ops, where a job deleted something in between", () => {
    const { h, op } = accepted();
    h.compacted(1, 1);
    h.store("laptop", op, 2);
    expect(blamed(h, "once")).toEqual(["WF-PUSH-3", "WF-COMP-6"]);
  });
});

describe("an op that is gone", () => {
  test("was not kept, where no job ran", () => {
    const { h } = accepted();
    h.settled().log([], 1);
    expect(blamed(h, "accepted-survives")).toEqual(["WF-PUSH-10"]);
  });

  test("was deleted without anything in its place, where one did", () => {
    const { h } = accepted();
    h.compacted(1, 1);
    h.settled().log([], 1);
    expect(blamed(h, "accepted-survives")).toEqual(["WF-COMP-2", "WF-COMP-5"]);
  });
});
