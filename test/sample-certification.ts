// A certification with a level of every verdict and a check of every outcome, for whoever tests how one is shown.
import type { Certification, CertificationCheck } from "../invariants/certification-result.ts";
import type { RunResult } from "../invariants/result.ts";
import { blocked, broken, failed, passed, sampleRun, skipped } from "./sample-run.ts";

const check = (
  scenario: string,
  requirement: string,
  about: Omit<CertificationCheck, "id" | "scenario" | "requirement" | "level">,
): CertificationCheck => {
  const level = scenario.startsWith("waveflow/push") ? "core" : "realtime";
  return { id: `${scenario}::${requirement}`, scenario, requirement, level, ...about };
};

const again = "seatrial certify -- ./server";

export const sampleCertification: Certification = {
  protocol: "waveflow/1",
  target: {
    title: "./server --port {port} --password ***",
    kind: "command",
    said: {
      "command line": "./server --port {port} --password ***",
      server: "tiny/1.2",
      "health body": "ok",
    },
  },
  configuration: { level: ["core", "realtime", "compaction"], tokens: { secret: "***" } },
  seed: "7",
  levels: [
    {
      name: "core",
      promise: "Nothing is lost.",
      verdict: "granted",
      passed: 2,
      failed: 0,
      blocked: 0,
      why: [],
    },
    {
      name: "realtime",
      promise: "The socket never lies.",
      verdict: "refused",
      passed: 1,
      failed: 1,
      blocked: 0,
      why: ["WF-WS-1 is violated in waveflow/socket/gap: a frame of | a transaction that rolled back"],
    },
    {
      name: "compaction",
      promise: "Compaction is invisible.",
      verdict: "not assessed",
      passed: 0,
      failed: 0,
      blocked: 1,
      why: ["needs compact"],
    },
  ],
  requirements: [
    {
      id: "WF-PUSH-2",
      kind: "S",
      section: "4. Push",
      summary: "A retry has no second effect.",
      verdict: "holds",
      levels: ["core"],
      checks: [`${passed.id}::WF-PUSH-2`],
    },
    {
      id: "WF-WS-1",
      kind: "S",
      section: "8. Socket",
      summary: "Frames carry committed ops only.",
      verdict: "violated",
      levels: ["realtime"],
      checks: [`${failed.id}::WF-WS-1`],
      why: "a frame of a transaction that rolled back",
    },
    {
      id: "WF-PULL-8",
      kind: "A",
      section: "5. Pull",
      summary: "No needless 410.",
      verdict: "advice",
      levels: ["core"],
      checks: [`${failed.id}::WF-PULL-8`],
      why: "a 410 that nobody needed",
    },
    {
      id: "WF-COMP-3",
      kind: "S",
      section: "7. Compaction",
      summary: "Deletes and watermark commit together.",
      verdict: "blocked",
      levels: ["compaction"],
      checks: [`${blocked.id}::WF-COMP-3`],
      why: "needs compact",
    },
  ],
  checks: [
    check(passed.id, "WF-PUSH-2", { outcome: "pass" }),
    check(failed.id, "WF-WS-1", {
      outcome: "fail",
      why: "a frame of a transaction that rolled back",
      replay: again,
    }),
    check("waveflow/pull/late", "WF-PULL-4", {
      outcome: "fail",
      why: "two snapshots",
      expected: "being mended",
      replay: again,
    }),
    check(failed.id, "WF-PULL-8", { outcome: "advice", why: "a 410 that nobody needed" }),
    check(blocked.id, "WF-COMP-3", { outcome: "blocked", why: "needs compact", missing: ["compact"] }),
    check("waveflow/probe/socket", "WF-WS-2", { outcome: "unsupported", why: "not declared, and not there" }),
    check(broken.id, "WF-WS-3", { outcome: "error", why: "the proxy went away" }),
    check(skipped.id, "WF-WS-4", { outcome: "skipped", why: "left out" }),
  ],
  counts: { pass: 1, fail: 2, advice: 1, blocked: 1, unsupported: 1, error: 1, skipped: 1 },
  complete: true,
  observations: ["pulls are not paged"],
  locked: [{ hook: "compact", checks: 1 }],
  baseline: {
    file: "conformance-baseline.yaml",
    expected: ["waveflow/pull/late::WF-PULL-4"],
    unexpected: [`${failed.id}::WF-WS-1`],
    fixed: ["waveflow/push/mended::WF-PUSH-4"],
    expired: ["waveflow/ack/old::WF-ACK-2"],
  },
};

/** The run that it is of; complete, so that what is granted is certified. */
export const certifiedRun: RunResult = {
  ...sampleRun,
  interrupted: false,
  results: [passed, failed],
  certification: sampleCertification,
};
