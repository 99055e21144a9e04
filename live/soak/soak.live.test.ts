import { beforeAll, describe, expect, test } from "vitest";
import { waveflowSoakPlans } from "../../explore/waveflow/soak-plan.ts";
import { judge } from "../../invariants/judge.ts";
import { isFailing } from "../../invariants/verdict.ts";
import { waveflowLaws } from "../../invariants/waveflow/laws.ts";
import { referenceCommand } from "../subjects/reference-command.ts";
import type { ServerCommand } from "../subjects/server-process.ts";
import { waveflowLive } from "../waveflow/binding.ts";
import type { SoakReading } from "./gauge.ts";
import { runSoak, type SoakRun } from "./soak.ts";
import type { LivedStay } from "./stay.ts";

interface Trial {
  readonly seed: string;
  readonly durationMs: number;
  readonly server?: ServerCommand;
  readonly signal?: AbortSignal;
  readonly onReading?: (reading: SoakReading) => void;
}

interface Outcome {
  readonly run: SoakRun;
  readonly stays: readonly LivedStay[];
  /** What is wrong, in one line each. */
  readonly wrong: readonly string[];
}

const wrongIn = ({ history, failures }: LivedStay): readonly string[] => [
  ...failures.map(({ expected, seen }) => `expected: ${expected}; seen: ${seen}`),
  ...judge(history, waveflowLaws).flatMap(({ law, isAdvice, verdict }) =>
    isAdvice !== true && verdict.outcome === "violated" ? [`${law}: ${verdict.witness.explanation}`] : [],
  ),
];

/** A small soak that stops at the first thing that is wrong. */
async function soak({ seed, durationMs, server, signal, onReading }: Trial): Promise<Outcome> {
  const processes = 2;
  const config = { ...waveflowSoakPlans.config(seed), compactionIntervalMs: 1_000 };
  const options = { processes, config, stayMs: { least: 1_500, most: 4_000 } };
  const stays: LivedStay[] = [];
  const wrong: string[] = [];
  const run = await runSoak({
    protocol: waveflowLive,
    ...(server === undefined ? {} : { server }),
    processes,
    config,
    devices: 20,
    durationMs,
    upheavalPauseMs: 1_500,
    patienceMs: 700,
    stay: (n) => waveflowSoakPlans.stay(seed, n, options),
    upheaval: (n) => waveflowSoakPlans.upheaval(seed, n, options),
    onStay: (stay) => {
      stays.push(stay);
      wrong.push(...wrongIn(stay));
      return { isViolated: wrong.length > 0, goesOn: wrong.length === 0 };
    },
    onReading: (reading) => onReading?.(reading),
    signal: signal ?? new AbortController().signal,
  });
  return { run, stays, wrong };
}

describe("a soak of the reference server", () => {
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await soak({ seed: "clean", durationMs: 8_000 });
  }, 60_000);

  test("ends with nothing wrong in any account, and leaves none unjudged", () => {
    expect(outcome.wrong).toEqual([]);
    expect(outcome.stays.length).toBeGreaterThan(0);
    expect(outcome.run.abandoned).toBe(0);
  });

  test("has seen messages, devices and servers suffer, as its histories tell", () => {
    const kinds = new Set(outcome.run.gauge.faultCounts.keys());
    expect(kinds).toContain("server crash");
    expect(kinds.size).toBeGreaterThan(3);
    expect(outcome.run.gauge.marks[0]!.text).toBe("server 1 restarted");
    const crashes = outcome.stays.flatMap(({ history }) =>
      history.events.filter((event) => event.kind === "crash" && event.target.startsWith("server")),
    );
    expect(crashes.length).toBeGreaterThan(0);
  });

  test("lets no server fall while an account is in its calm", () => {
    for (const { history } of outcome.stays) {
      const calmAt = history.events.findIndex(({ kind }) => kind === "calm");
      const late = history.events.slice(calmAt).filter((event) => event.kind === "crash");
      expect(late).toEqual([]);
    }
  });

  test("measures pushes, latencies, what is owed, memory, handles and the database", () => {
    const { samples, pushes, pushLatencyMs } = outcome.run.gauge;
    expect(pushes).toBeGreaterThan(0);
    expect(pushLatencyMs!.p50).toBeGreaterThan(0);
    expect(samples.length).toBeGreaterThan(2);
    expect(samples.some(({ devices, accounts }) => devices > accounts)).toBe(true);
    const last = samples.at(-1)!;
    expect(last.database!.connections).toBeGreaterThan(0);
    expect(last.seatrial.heapBytes).toBeGreaterThan(1_000_000);
    expect(samples.some(({ servers }) => servers.length === 2)).toBe(true);
  });
});

test("a soak finds a server that never says that there is more to read", async () => {
  const server = referenceCommand("test/mutant-server");
  const mutant = { ...server, env: { ...server.env, SEATRIAL_MUTANT: "has-more-never" } };
  const { wrong, stays } = await soak({ seed: "mutant", durationMs: 30_000, server: mutant });
  expect(wrong.length).toBeGreaterThan(0);
  expect(stays.some(({ history }) => judge(history, waveflowLaws).some(isFailing))).toBe(true);
});

test("a soak that is told to end ends at once, and says whom it abandons", async () => {
  const controller = new AbortController();
  let endedAt = Number.POSITIVE_INFINITY;
  const { run, wrong } = await soak({
    seed: "cut",
    durationMs: 600_000,
    signal: controller.signal,
    onReading: ({ devices }) => {
      if (devices === 0 || controller.signal.aborted) return;
      endedAt = performance.now();
      controller.abort();
    },
  });
  expect(wrong).toEqual([]);
  expect(run.abandoned).toBeGreaterThan(0);
  expect(performance.now() - endedAt).toBeLessThan(15_000);
});
