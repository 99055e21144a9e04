// A small soak as tests run it: twenty devices, faults of everything, and the first thing that is wrong ends it.
import { waveflowSoakPlans } from "../../explore/waveflow/soak-plan.ts";
import { judge } from "../../invariants/judge.ts";
import { waveflowLaws } from "../../invariants/waveflow/laws.ts";
import type { ServerCommand } from "../subjects/server-process.ts";
import { waveflowLive } from "../waveflow/binding.ts";
import { runSoak, type SoakRun } from "./soak.ts";
import type { LivedStay } from "./stay.ts";

export interface SmallSoak {
  readonly seed: string;
  readonly durationMs: number;
  readonly server?: ServerCommand;
}

export interface SmallSoakOutcome {
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

export async function runSmallSoak({ seed, durationMs, server }: SmallSoak): Promise<SmallSoakOutcome> {
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
    onReading: () => undefined,
    signal: new AbortController().signal,
  });
  return { run, stays, wrong };
}
