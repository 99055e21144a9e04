// The plan of a seed: who is there, what they do, what befalls them, and then calm. Everything is drawn before anything
// runs and written down as a scenario like any other, so a plan can be read, replayed, shrunk and kept.
//
// Plans are mostly small: a handful of steps of two or three devices finds most of what there is to find, runs in a
// millisecond, and is nearly a story already. One in eight is long. What kinds of thing happen differs from plan to
// plan, because a plan in which everything happens is a plan in which nothing happens for long enough to matter.
import { neededAbilities } from "../../scenarios/format/needs.ts";
import type { DeviceSpec, Scenario } from "../../scenarios/format/types.ts";
import { waveflowVocabulary } from "../../scenarios/waveflow/vocabulary.ts";
import { Stream } from "../stream.ts";
import { drawExchange } from "./exchanges.ts";
import { interview } from "./interview.ts";
import { ordeal } from "./ordeals.ts";
import { happen, type Happening, happeningWeights } from "./happenings.ts";
import { Plot } from "./plot.ts";
import { serverOrdeal } from "./server-ordeals.ts";
import { drawTrouble } from "./swarm.ts";
import { openWindow, type WindowName, windowWeights } from "./windows.ts";

/** How long the calm may take to bring everybody together. Units: virtual milliseconds. */
const calmWithinMs = 600_000;
const names = ["laptop", "phone", "tablet", "desktop", "watch"] as const;
const dayMs = 86_400_000;

/** The plan of a seed, which may be any text. */
export function waveflowPlan(seed: string): Scenario {
  const head = new Stream(seed, "head");
  const count = head.pick([1, 2, 2, 2, 2, 3, 3, 3, 4, 5]);
  const users = head.onceIn(4) ? ["alice", "bob"] : ["alice"];
  const processes = head.onceIn(4) ? 2 : 1;
  const devices = drawDevices(head, { count, users, processes });
  const stalenessMs = head.pick([6_000, 60_000, 90 * dayMs, 90 * dayMs]);
  const plot = new Plot({
    seed,
    devices: devices.map(({ name }) => name),
    users: users.length > 1 ? users : ["alice", "bob"],
    processes,
    stalenessMs,
    lullMs: head.pick([0, 0, 20, 250, 1_000]),
  });
  writeSteps(plot, { isManual: devices.every(({ automatic }) => !automatic) });
  const trouble = drawTrouble(new Stream(seed, "swarm"));
  const plan = {
    id: `waveflow/plan/${seedToId(seed)}`,
    title: `The plan of seed ${seed}`,
    protocol: "waveflow/1",
    requirements: [],
    devices,
    config: drawConfig(head, stalenessMs),
    deviceConfig: drawDeviceConfig(head),
    trouble,
    seed,
    processes,
    steps: plot.steps.steps,
    // The laws say what is right; a plan expects nothing of its own.
    expect: {},
  };
  return { ...plan, needs: [...neededAbilities(plan, waveflowVocabulary).keys()] };
}

/** A part of an id that stands for any text. Texts that differ may share one; the seed stands in the plan itself. */
const seedToId = (seed: string): string =>
  seed
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, "-")
    .slice(0, 60)
    .replaceAll(/^-|-$/gu, "") || "seed";

function drawDevices(
  head: Stream,
  { count, users, processes }: { count: number; users: readonly string[]; processes: number },
): readonly DeviceSpec[] {
  // Automatic devices do what real ones do; manual ones make every order possible.
  const automaticIn = head.pick([0, 0, 0, 1, 2]);
  return names.slice(0, count).map((name, index) => ({
    name,
    user: users.length > 1 && index > 0 && head.onceIn(2) ? "bob" : "alice",
    mode: head.onceIn(16) ? head.pick(["local", "server"]) : "hybrid",
    automatic: automaticIn > 0 && head.onceIn(automaticIn),
    process: (index % processes) + 1,
  }));
}

function drawConfig(head: Stream, stalenessMs: number): Readonly<Record<string, number>> {
  return {
    stalenessMs,
    pullLimitDefault: head.pick([1, 2, 3, 5, 20, 500]),
    pingIntervalMs: head.pick([5_000, 30_000]),
    ackFlushIntervalMs: head.pick([200, 5_000, 5_000]),
    ...(head.onceIn(8) ? { compactionIntervalMs: head.pick([500, 5_000, 60_000]) } : {}),
    ...(head.onceIn(12) ? { pendingFramesMax: head.pick([1, 2]) } : {}),
  };
}

function drawDeviceConfig(head: Stream): Readonly<Record<string, number>> {
  return {
    drainIntervalMs: head.pick([2_000, 5_000, 30_000]),
    pageSize: head.pick([1, 2, 3, 20, 500]),
    batchSize: head.pick([1, 2, 3, 5, 100]),
    ...(head.onceIn(6) ? { framesHeldMax: head.pick([1, 2]) } : {}),
  };
}

function writeSteps(plot: Plot, { isManual }: { readonly isManual: boolean }): void {
  const { choices, steps, options } = plot;
  const lengths = choices.pick([3, 5, 8, 8, 12, 12, 20, 60]);
  const stepsMax = choices.between(1, lengths) + 2;
  const lots = drawLots(choices, happeningWeights, 2) as readonly Happening[];
  const windows = drawLots(choices, windowWeights, 3) as readonly WindowName[];
  const windowIn = choices.pick([1, 2, 2, 4, 12]);
  const exchangeIn = choices.pick([0, 0, 4, 12]);
  // Late-comers begin without having heard of anything: whoever is not there yet is signed out until it is.
  for (const name of options.devices) {
    if (!choices.onceIn(10) || name === options.devices[0]) continue;
    steps.device(name, "sign-out");
    plot.astray.add(name);
  }
  const passages = drawPassages(options.seed, stepsMax);
  for (let count = 0; count < stepsMax; ) {
    while (passages.length > 0 && passages[0]!.at <= count) passages.shift()!.write(plot);
    const before = steps.length;
    if (choices.onceIn(windowIn)) openWindow(plot, choices.weighted(windows));
    else if (exchangeIn > 0 && choices.onceIn(exchangeIn)) drawExchange(plot);
    else happen(plot, lots);
    plot.lull();
    // A window is more than one step, and counts as about half of what it is.
    count += Math.max(1, Math.ceil((steps.length - before) / 2));
  }
  if (isManual && choices.onceIn(12)) restoreServer(plot);
  end(plot);
}

interface Passage {
  readonly at: number;
  readonly write: (plot: Plot) => void;
}

/** Longer passages before, between or after what happens: in every fifth plan somebody asks the server questions by
 *  hand, in every third one device is put to the test, and in every other one the server. */
function drawPassages(seed: string, stepsMax: number): Passage[] {
  const side = new Stream(seed, "interview at");
  const trial = new Stream(seed, "server ordeal at");
  const at = (stream: Stream, onceIn: number): number =>
    stream.onceIn(onceIn) ? stream.between(0, stepsMax - 1) : -1;
  const passages = [
    { at: at(side, 5), write: interview },
    { at: at(side, 3), write: ordeal },
    { at: at(trial, 2), write: serverOrdeal },
  ];
  return passages.filter((passage) => passage.at >= 0).sort((left, right) => left.at - right.at);
}

/** Half of the names are left out, the others weigh between a third and three times of what they weigh usually. */
function drawLots(
  choices: Stream,
  weights: Readonly<Record<string, number>>,
  outOnceIn: number,
): readonly string[] {
  const all = Object.entries(weights);
  const lots = all.flatMap(([name, weight]) => {
    const isOut = outOnceIn === 2 ? choices.onceIn(2) : !choices.onceIn(outOnceIn);
    const isKept = name === "edit" || !isOut;
    const count = Math.max(1, Math.ceil((weight * choices.pick([1, 3, 9])) / 3));
    return isKept ? Array.from({ length: count }, () => name) : [];
  });
  return lots.length > 0 ? lots : [choices.pick(all)[0]];
}

/** The database is put back. Everybody looks before anybody pushes again: whoever did not would find a head that has
 *  grown past its cursor, and the protocol has nothing that would tell it. */
function restoreServer(plot: Plot): void {
  const { choices, steps, options } = plot;
  if (!plot.hasBackup("server")) {
    steps.server({ verb: "restart" });
    plot.backup("server");
    for (let count = choices.between(1, 3); count > 0; count--) plot.write(plot.anyone());
    if (choices.onceIn(2)) plot.everybodySyncs();
    else {
      // Taken by the server, not seen by anybody, and gone with it; and one more that is not pushed yet.
      const name = plot.anyone();
      plot.edit(name);
      steps.device(name, "push");
      plot.edit(name);
    }
  }
  plot.restore("server");
  for (const name of options.devices) steps.device(name, "pull");
  if (choices.onceIn(2)) for (const name of options.devices) steps.device(name, "restart");
}

/** Trouble ends and calm comes. Who went astray is asked back, most of the time; what was forgotten by the log, and a
 *  newcomer who never saw it, come after the first calm and have to fit it. */
function end(plot: Plot): void {
  const { choices, steps, options } = plot;
  for (const name of options.devices) {
    if (!plot.astray.has(name) || plot.gone.has(name) || choices.onceIn(8)) continue;
    steps.device(name, "sign-in");
    steps.device(name, "mode", { mode: "hybrid" });
  }
  steps.settle(calmWithinMs);
  if (!choices.onceIn(3)) return;
  steps.server({ verb: "compact" }, { w: "body.compacted_up_to" });
  if (choices.onceIn(2)) steps.device(plot.anyone(), "reinstall");
  if (choices.onceIn(3)) drawExchange(plot);
  if (choices.onceIn(2)) plot.write(plot.anyone());
  steps.settle(calmWithinMs);
}
