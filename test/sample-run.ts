// A finished run with one result of every outcome, for whoever tests how results are shown.
import type { Storyteller } from "../reports/reporter.ts";
import type { RunResult, ScenarioResult } from "../invariants/result.ts";
import type { StoryLine } from "../invariants/story.ts";

const base: ScenarioResult = {
  id: "waveflow/push/retry-returns-first-id",
  title: "A retried push returns the first id",
  protocol: "waveflow/1",
  requirements: ["WF-PUSH-2"],
  world: "sim",
  seed: "1",
  outcome: "pass",
  checks: [{ pass: true, line: 12, text: "laptop: push", expected: "status 200", seen: "" }],
  judgements: [
    {
      law: "once",
      requirements: ["WF-PUSH-2"],
      promise: "No operation is stored twice.",
      verdict: { outcome: "holds", cases: 3 },
    },
    {
      law: "watermark-only-grows",
      requirements: ["WF-COMPACT-5"],
      promise: "The watermark never falls.",
      verdict: { outcome: "inconclusive", reason: "nothing was compacted" },
    },
  ],
  digest: "00c0ffee00c0ffee",
  durationMs: 4.2,
  virtualMs: 12_000,
  faults: { "lose-reply": 1 },
  unusedFaults: [],
  missing: [],
  replay: "seatrial sim waveflow/push/retry-returns-first-id --seed 1",
};

export const passed: ScenarioResult = base;

export const failed: ScenarioResult = {
  ...base,
  id: "waveflow/compaction/late-commit-is-not-collapsed",
  title: "An op that commits late is not collapsed before anybody saw it",
  seed: "17",
  outcome: "fail",
  checks: [
    ...base.checks,
    {
      pass: false,
      line: 31,
      text: "check: { converged: true }",
      expected: "all devices of alice and the server show the same state",
      seen: 'tablet shows song/1 {"title":"A"}, the server shows song/1 {"title":"B","rating":5}',
    },
  ],
  judgements: [
    {
      law: "stable-prefix",
      requirements: ["WF-PUSH-9", "WF-PULL-1"],
      promise: "Once a reader was given an id, no op with a lower id becomes visible that was not before.",
      verdict: {
        outcome: "violated",
        violations: 2,
        witness: {
          events: [3, 6],
          explanation:
            "The tablet was given id 2 at 0.240 s and nothing below it. At 0.900 s the phone was given id 1, which the tablet will never ask for.",
        },
      },
    },
  ],
  history: {
    protocol: "waveflow/1",
    scenario: "waveflow/compaction/late-commit-is-not-collapsed",
    seed: "17",
    world: "sim",
    // As many as the witness above needs.
    events: Array.from({ length: 7 }, (_, place) => ({ kind: "calm", at: place, actor: "world" })),
  },
  unusedFaults: ["network: lose reply to laptop's push #2"],
  replay: "seatrial sim waveflow/compaction/late-commit-is-not-collapsed --seed 17",
};

export const blocked: ScenarioResult = {
  ...base,
  id: "waveflow/restore/cursor-ahead",
  title: "A device that is ahead of a restored server is told so",
  world: "live",
  outcome: "blocked",
  checks: [],
  judgements: [],
  faults: {},
  missing: ["backup", "clock"],
  durationMs: 0,
  replay: "seatrial live waveflow/restore/cursor-ahead --seed 1",
};

export const broken: ScenarioResult = {
  ...base,
  id: "waveflow/socket/hello",
  title: "The socket says hello",
  world: "live",
  outcome: "error",
  checks: [],
  judgements: [],
  error:
    'Error: the \u001B[31mproxy\u0000 went away & <never> said "why"\n    at connect (live/proxy.ts:12:3)',
  replay: "seatrial live waveflow/socket/hello --seed 1",
};

export const drifted: ScenarioResult = {
  ...base,
  id: "waveflow/push/once-failed",
  title: "A run that was written down",
  outcome: "drifted",
  drift: {
    digest: "00c0ffee00c0ffee",
    version: "0.1.0",
    recordedDigest: "0123456789abcdef",
    recordedVersion: "0.0.9",
  },
  replay: "seatrial replay once-failed.yaml",
};

export const skipped: ScenarioResult = {
  ...base,
  id: "waveflow/socket/gap",
  title: "A gap between frames is seen",
  world: "live",
  outcome: "skipped",
  checks: [],
  judgements: [],
};

/** The same scenario as `passed`, failed in the other world. */
export const disagreeing: ScenarioResult = {
  ...base,
  world: "live",
  outcome: "fail",
  checks: [{ pass: false, line: 12, text: "laptop: push", expected: "status 200", seen: "status 500" }],
  judgements: [],
  replay: "seatrial live waveflow/push/retry-returns-first-id --seed 1",
};

export const sampleRun: RunResult = {
  version: "0.1.0",
  startedAt: "2026-01-02T03:04:05.678Z",
  durationMs: 5_432,
  command: "seatrial run",
  node: "v24.0.0",
  interrupted: true,
  results: [passed, failed, disagreeing, drifted, blocked, broken, skipped],
};

export const sampleStory: readonly StoryLine[] = [
  { at: 0, lane: "laptop", text: 'edits song/1 title="A"', highlighted: false },
  { at: 120, lane: "laptop", text: "pushes op 5f0c11aa", highlighted: false },
  {
    at: 125,
    lane: "server",
    text: "the transaction takes id 1 and is held before its commit",
    highlighted: false,
  },
  { at: 180, lane: "phone", text: "pushes op 7b2290cd, is given id 2", highlighted: false },
  { at: 240, lane: "tablet", text: "pulls from 0, gets id 2 (op 7b2290cd); cursor 2", highlighted: true },
  { at: 300, lane: "world", text: "lets the held commit go", highlighted: false },
  { at: 900, lane: "phone", text: "pulls from 0, gets ids 1 and 2", highlighted: true },
  { at: 7_862_400_000, lane: "tablet", text: "pulls from 2, gets nothing", highlighted: false },
];

/** Tells the sample's story of the one law that is violated. */
export const tellSample: Storyteller = (_result, about) =>
  "law" in about && about.law === "stable-prefix" ? sampleStory : [];
