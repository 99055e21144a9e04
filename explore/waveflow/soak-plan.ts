// What befalls a soak, drawn from its seed: the plan of every account that comes and goes, and the fate of the server
// processes, which all accounts share. A plan is a scenario like any other, without a word about servers, clocks of
// servers or the database: those belong to everybody, and whoever runs the soak lets them suffer.
import { neededAbilities } from "../../scenarios/format/needs.ts";
import type { DeviceSpec, Scenario, Step } from "../../scenarios/format/types.ts";
import { waveflowVocabulary } from "../../scenarios/waveflow/vocabulary.ts";
import type { SoakPlanOptions, SoakPlans, SoakUpheaval } from "../soak-plans.ts";
import { Stream } from "../stream.ts";
import { happen, type Happening, happeningWeights } from "./happenings.ts";
import { Plot } from "./plot.ts";
import { exchangeFault, frameFault } from "./window-faults.ts";

const names = ["laptop", "phone", "tablet", "desktop", "watch", "tv"] as const;
const dayMs = 86_400_000;
/** How long everybody may take to come to rest.  Units: milliseconds. */
const calmWithinMs = 180_000;

/** What a plan may not let happen, because all accounts would feel it, or because it belongs to nobody here. */
const ofEverybody: ReadonlySet<string> = new Set<Happening>([
  "advance",
  "crashServer",
  "stopServer",
  "restartServer",
  "serverSkew",
  "switchAccount",
]);

export const waveflowSoakPlans: SoakPlans = { config: soakConfig, stay: soakStay, upheaval: soakUpheaval };

/** Settings of the servers. The compaction job runs every few seconds, beside the jobs that accounts ask for. */
function soakConfig(seed: string): Readonly<Record<string, number>> {
  const head = new Stream(seed, "soak servers");
  return {
    stalenessMs: head.pick([20_000, 90 * dayMs]),
    ackFlushIntervalMs: head.pick([200, 1_000, 5_000]),
    pullLimitDefault: head.pick([20, 500]),
    pingIntervalMs: head.pick([5_000, 30_000]),
    compactionIntervalMs: head.pick([5_000, 15_000]),
  };
}

/** The plan of the n-th account, from 1. */
function soakStay(seed: string, n: number, options: SoakPlanOptions): Scenario {
  const ownSeed = `${seed}/${n}`;
  const head = new Stream(ownSeed, "soak stay");
  const { processes, config, stayMs } = options;
  const count = head.between(2, names.length);
  const devices = names.slice(0, count).map(
    (name, index): DeviceSpec => ({
      name,
      user: "alice",
      mode: "hybrid",
      automatic: !head.onceIn(6),
      process: ((index + n) % processes) + 1,
    }),
  );
  const plot = new Plot({
    seed: ownSeed,
    devices: devices.map(({ name }) => name),
    users: ["alice"],
    processes,
    stalenessMs: config["stalenessMs"] ?? 90 * dayMs,
    lullMs: head.pick([100, 200, 400, 400, 1_000]),
  });
  writeSteps(plot, head.between(stayMs.least, stayMs.most));
  const plan = {
    id: `waveflow/soak/account-${n}`,
    title: `Account ${n} of the soak of seed ${seed}`,
    protocol: "waveflow/1",
    requirements: [],
    devices,
    config,
    deviceConfig: {
      drainIntervalMs: head.pick([1_000, 2_000, 5_000]),
      pageSize: head.pick([10, 50, 500]),
      batchSize: head.pick([2, 10, 100]),
    },
    trouble: {},
    seed: ownSeed,
    processes,
    steps: forgetful(plot.steps.steps),
    // The laws say what is right; a plan expects nothing of its own.
    expect: {},
  };
  return { ...plan, needs: [...neededAbilities(plan, waveflowVocabulary).keys()] };
}

/** Something every lull, until the time is over; then whoever went astray is asked back, and calm comes. */
function writeSteps(plot: Plot, lengthMs: number): void {
  const { choices, steps, options } = plot;
  const lots = drawLots(choices);
  const faultIn = choices.pick([2, 3, 5, 12]);
  for (let atMs = 0; atMs < lengthMs; ) {
    const lullMs = choices.between(1, 2 * options.lullMs);
    atMs += lullMs;
    steps.wait(lullMs);
    if (choices.onceIn(faultIn)) steps.network(drawFault(plot));
    happen(plot, lots);
  }
  for (const name of options.devices) {
    if (!plot.astray.has(name) || plot.gone.has(name)) continue;
    steps.device(name, "sign-in");
    steps.device(name, "mode", { mode: "hybrid" });
  }
  steps.settle(calmWithinMs);
}

/** Nobody asks for what a compaction answered, and while its server is down it answers nothing. */
function forgetful(steps: readonly Step[]): readonly Step[] {
  return steps.map((step) => {
    if (step.kind === "together" || step.kind === "start") return { ...step, steps: forgetful(step.steps) };
    if (step.kind !== "server") return step;
    const { remember: _, ...rest } = step;
    return rest;
  });
}

/** Half of what may happen is left out of each plan; edits never. */
function drawLots(choices: Stream): readonly Happening[] {
  return Object.entries(happeningWeights).flatMap(([name, weight]) => {
    if (ofEverybody.has(name) || (choices.onceIn(2) && name !== "edit")) return [];
    return Array.from({ length: weight }, () => name as Happening);
  });
}

function drawFault(plot: Plot) {
  const { choices } = plot;
  const name = plot.anyone();
  if (choices.onceIn(3)) return frameFault(plot, name);
  return exchangeFault(plot, name, choices.pick(["push", "push", "push", "pull", "ack", "socket", "any"]));
}

/** What befalls the servers for the n-th time, from 1. The first time all of them are restarted in turn. After that the
 *  last of several processes is left alone: whatever leaks shows only in a process that lives. */
function soakUpheaval(seed: string, n: number, { processes }: { readonly processes: number }): SoakUpheaval {
  const head = new Stream(`${seed}/${n}`, "soak upheaval");
  const all = Array.from({ length: processes }, (_, index) => index + 1);
  const mortal = processes > 1 ? all.slice(0, -1) : all;
  const pause = { numerator: head.between(5, 15), denominator: 10 };
  if (n === 1) return { kind: "stop", processes: all, downMs: 0, pause };
  const downMs = head.pick([0, 0, 300, 1_000, 3_000]);
  switch (head.pick(["kill", "kill", "kill", "stop", "pause"])) {
    case "pause":
      return { kind: "pause", processes: [head.pick(all)], downMs: head.pick([300, 1_000, 3_000]), pause };
    case "stop":
      return { kind: "stop", processes: mortal, downMs, pause };
    default:
      return { kind: "kill", processes: [head.pick(mortal)], downMs, pause };
  }
}
