import { expect, test } from "vitest";
import type { Certification } from "../../invariants/certification-result.ts";
import { plainInk } from "../ink.ts";
import { certificationLines } from "./certification-lines.ts";

const level = (
  name: string,
  rest: Partial<Certification["levels"][number]> = {},
): Certification["levels"][number] => ({
  name,
  promise: "It holds.",
  verdict: "granted",
  passed: 2,
  failed: 0,
  blocked: 0,
  why: [],
  ...rest,
});

const certification: Certification = {
  protocol: "toy/1",
  target: { title: "./server", kind: "command", said: {} },
  configuration: {},
  levels: [
    level("low"),
    level("high", { verdict: "not assessed", passed: 1, blocked: 1, why: ["needs the compact hook"] }),
    level("none", { verdict: "not assessed", passed: 0, why: ["nothing of it was selected"] }),
  ],
  requirements: [
    {
      id: "T-1",
      kind: "S",
      section: "1. Rules",
      summary: "It is kept.",
      verdict: "violated",
      levels: ["low"],
      checks: ["low/a::T-1"],
      why: "It was not.",
    },
  ],
  checks: [
    {
      id: "low/a::T-1",
      scenario: "low/a",
      requirement: "T-1",
      level: "low",
      outcome: "fail",
      why: "It was not.",
      replay: "seatrial live low/a",
    },
    {
      id: "low/b::T-1",
      scenario: "low/b",
      requirement: "T-1",
      level: "low",
      outcome: "error",
      why: "server ended by itself",
    },
  ],
  counts: { pass: 0, fail: 1, advice: 0, blocked: 0, unsupported: 0, error: 1, skipped: 0 },
  complete: true,
  observations: ["a pull without limit gives all"],
  locked: [{ hook: "the compact hook", checks: 7 }],
  baseline: {
    file: "known.yaml",
    expected: [],
    unexpected: ["low/a::T-1"],
    fixed: ["low/c::T-1"],
    expired: [],
  },
};

const text = (of: Certification): string => certificationLines(of, { ink: plainInk, width: 100 }).join("\n");

test("levels, broken rules, what broke off, baseline, locked hooks and habits are told", () => {
  const told = text(certification);
  for (const line of [
    "low   ✓ granted       2 of 2 rules hold",
    "high  ○ not assessed  1 of 2 rules hold",
    "needs the compact hook",
    "✗ T-1 S  It is kept.",
    "again: seatrial live low/a",
    "server ended by itself: low/b",
    "no longer fails, take it out: low/c::T-1",
    "the compact hook: would unlock 7 checks",
    "· a pull without limit gives all",
    "2 checks: 1 failed, 1 broken off",
  ])
    expect(told).toContain(line);
});

test("of a part of a run only the levels that it has something of are told", () => {
  expect(text(certification)).toContain("none");
  expect(text({ ...certification, complete: false })).not.toContain("none");
});

test("control characters of a target do not reach the terminal", () => {
  expect(text({ ...certification, observations: ["\u001b[31m"] })).not.toContain("\u001b");
});
