// From a simulated run to what has to be done in the real world for the same to happen there: chance as steps where a step
// can say it, as a guide where it cannot, the order of statements as it was, and times that a person can wait for.
//
// What is given up: who hears of what first. Latencies of the network are not repeated; the order of the statements on the
// database is, and what happens between devices and server follows from that or is left to the real network.
import { neededAbilities } from "../../scenarios/format/needs.ts";
import { networkLine } from "../../scenarios/format/network-lines.ts";
import type { Accident, NetworkAction, Scenario, Step } from "../../scenarios/format/types.ts";
import type { StatementOrder } from "../../scenarios/format/statement-order.ts";
import type { Vocabulary } from "../../scenarios/format/vocabulary.ts";
import { troubleFrom } from "../../sim/world/trouble.ts";
import type { SimRun } from "../../sim/run.ts";
import { accidentLine } from "../../scenarios/format/accident-lines.ts";

/** What was run and what came of it. */
export interface SimulatedRun {
  readonly scenario: Scenario;
  readonly run: Pick<SimRun, "accidents" | "history">;
  readonly order: StatementOrder;
  /** Each step of the scenario's own list, with the virtual time at which it began. */
  readonly stepTimes: ReadonlyMap<Step, number>;
}

export interface LivePlan {
  /** Needs nothing that only chance can do. */
  readonly scenario: Scenario;
  /** Accidents that no step can say, with real times, and the order. */
  readonly guide: { readonly accidents: readonly Accident[]; readonly order: StatementOrder };
}

/** The plan, and why it cannot be carried out: sentences, for accidents that it has to leave out. */
export function livePlanOf(
  simulated: SimulatedRun,
  vocabulary: Vocabulary,
): { readonly plan: LivePlan; readonly blocked: readonly string[] } {
  const { scenario, run, order } = simulated;
  const { accidents } = run;
  const blocked = accidents.flatMap((accident) => {
    const why = impossible[accident.kind];
    return why === undefined || (accident.kind === "fail" && accident.what !== durableStep)
      ? []
      : [`${accidentLine(accident)}: ${why}`];
  });
  // A scenario that runs in both worlds as it stands says how long it waits; a plan of the search only says what first.
  const scale = scenario.needs.includes("chance") ? scaleOf(scenario.steps, accidents) : one;
  const rules = accidents.flatMap((accident) => networkStep(accident, scale));
  const hurry = hurried(withPauses(withReturns(simulated), simulated), { scenario, scale });
  const steps = [...rules, ...hurry, ...(scenario.settle === false ? [untilItArrives] : [])];
  const { accidents: _pinned, digest: _digest, recordedWith: _version, ...rest } = scenario;
  const live: Scenario = { ...rest, trouble: {}, steps };
  const needs = [...neededAbilities(live, vocabulary).keys()];
  const guided = accidents.filter(({ what }) => what === durableStep || what.includes(" "));
  return {
    blocked,
    plan: {
      scenario: { ...live, needs },
      guide: { accidents: guided.map((accident) => inRealTime(accident, scale)), order },
    },
  };
}

const durableStep = "durable step";

/** Who does not come to rest at the end is given time for what is under way: the simulation's frames outrun its answers,
 *  real ones need not. */
const untilItArrives: Step = {
  kind: "wait",
  forMs: 300,
  source: { line: 0, text: "wait: 300ms" },
};

/** Kinds that the live world cannot do, and why. */
const impossible: Readonly<Partial<Record<Accident["kind"], string>>> = {
  fail: "a real disk does not refuse a commit when it is told to",
  cutSocket: "a real socket is cut by a step, not at a frame",
  halfOpenSocket: "a real socket is left half-open by a step, not at a frame",
};

/** A quotient, so that no float decides anything. */
interface Scale {
  readonly numerator: number;
  readonly denominator: number;
}

const one: Scale = { numerator: 1, denominator: 1 };

/** The longest wait of a plan takes this long.  Units: milliseconds. */
const longestMs = 4_000;
/** A device has given up its request by then.  Units: milliseconds. */
const zombieLeastMs = 2_500;

const scaled = (ms: number, { numerator, denominator }: Scale): number =>
  Math.round((ms * numerator) / denominator);

function scaleOf(steps: readonly Step[], accidents: readonly Accident[]): Scale {
  const waits = flat(steps).map((step) => (step.kind === "wait" ? step.forMs : 0));
  const longest = Math.max(0, ...waits, ...accidents.map(({ extentMs = 0 }) => extentMs));
  return longest <= longestMs ? one : { numerator: longestMs, denominator: longest };
}

function flat(steps: readonly Step[]): readonly Step[] {
  return steps.flatMap((step) =>
    step.kind === "together" || step.kind === "start" ? flat(step.steps) : [step],
  );
}

const inRealTime = (accident: Accident, scale: Scale): Accident =>
  accident.extentMs === undefined ? accident : { ...accident, extentMs: scaled(accident.extentMs, scale) };

/** Rules count from the beginning of the run, as accidents do. */
function networkStep(accident: Accident, scale: Scale): readonly Step[] {
  const action = networkAction(accident, scale);
  if (action === undefined) return [];
  const source = { line: 0, text: `network: ${networkLine(action)}` };
  return [{ kind: "network", action, source }];
}

/** `undefined` where it does not befall the network. */
function networkAction(accident: Accident, scale: Scale): NetworkAction | undefined {
  const { who: device, what: message, nth, kind, extentMs = 0, status = defaultStatus } = accident;
  const of = { device, message, nth };
  const realMs = scaled(extentMs, scale);
  switch (kind) {
    case "loseRequest":
      return { verb: "lose-request", of };
    case "loseReply":
      return { verb: "lose-reply", of };
    case "duplicateRequest":
      return { verb: "duplicate", of, afterMs: realMs };
    case "zombieRequest":
      return { verb: "delay-request", of, byMs: Math.max(zombieLeastMs, realMs) };
    case "delay":
      return { verb: "delay-request", of, byMs: realMs };
    case "refuse":
      return { verb: "answer", of, status, body: "empty", withEffect: false };
    case "refuseAfterEffect":
      return { verb: "answer", of, status, body: "empty", withEffect: true };
    case "portal":
      return { verb: "answer", of, status: 200, body: "html", withEffect: false };
    case "truncateReply":
      return { verb: "answer", of, status: 200, body: "truncated", withEffect: true };
    case "loseFrame":
      return { verb: "drop-frame", device, nth };
    case "repeatFrame":
      return { verb: "repeat-frame", device, nth };
    case "lateFrame":
      return { verb: "delay-frame", device, nth, byMs: realMs };
    default:
      return undefined;
  }
}

const defaultStatus = 503;

/** Waits of a length that a person can wait. Where the server has been told times, its clock moves on by the rest. */
function hurried(
  steps: readonly Step[],
  { scenario, scale }: { readonly scenario: Scenario; readonly scale: Scale },
): readonly Step[] {
  if (scale === one) return steps;
  const knowsTimes = Object.keys(scenario.config).some((setting) => setting.endsWith("Ms"));
  return steps.flatMap((step): readonly Step[] => {
    switch (step.kind) {
      case "together":
      case "start":
        return [{ ...step, steps: hurried(step.steps, { scenario, scale }) }];
      case "wait": {
        const forMs = scaled(step.forMs, scale);
        const wait = { ...step, forMs };
        if (!knowsTimes || forMs === step.forMs) return [wait];
        return [wait, { kind: "clock", advanceMs: step.forMs - forMs, source: step.source }];
      }
      default:
        return [step];
    }
  });
}

/** In plans, what a step crashes comes back by itself, at a virtual time; here, before the first step that began after
 *  that time. What an accident crashes is brought back by the guide. */
function withReturns({ scenario, run, stepTimes }: SimulatedRun): readonly Step[] {
  if (!troubleFrom(scenario).comesBack) return scenario.steps;
  const returns = returnsOf(run);
  return [...scenario.steps].flatMap((step) => {
    const at = stepTimes.get(step);
    const due = at === undefined ? [] : returns.filter((one) => one.at < at);
    for (const one of due) returns.splice(returns.indexOf(one), 1);
    return [...due.map(({ target }) => restartStep(target)), step];
  });
}

/** A device with timers of its own calls the server between two steps. Real steps follow each other faster than its timers
 *  run, so where it had called before a step, it is given time for it. */
function withPauses(steps: readonly Step[], { scenario, run, stepTimes }: SimulatedRun): readonly Step[] {
  const automatic = new Set(scenario.devices.filter((device) => device.automatic).map(({ name }) => name));
  const calls = run.history.events.filter(({ kind, actor }) => kind === "invoked" && automatic.has(actor));
  let sinceMs = -1;
  return steps.flatMap((step) => {
    const at = stepTimes.get(step);
    if (at === undefined) return [step];
    const hasCalled = calls.some((call) => call.at > sinceMs && call.at <= at);
    sinceMs = at;
    return hasCalled ? [pause, step] : [step];
  });
}

const pause: Step = { kind: "wait", forMs: 60, source: { line: 0, text: "wait: 60ms" } };

interface Return {
  readonly target: string;
  readonly at: number;
}

function returnsOf({ history, accidents }: SimulatedRun["run"]): Return[] {
  const returns: Return[] = [];
  const crashedAt = new Map<string, number>();
  for (const event of history.events) {
    if (event.kind === "calm") break;
    if (event.kind === "crash") crashedAt.set(event.target, event.at);
    if (event.kind !== "restart" || !crashedAt.has(event.target)) continue;
    const downMs = event.at - crashedAt.get(event.target)!;
    crashedAt.delete(event.target);
    const isAccident = accidents.some(({ who, extentMs }) => who === event.target && extentMs === downMs);
    if (!isAccident && downMs > 0) returns.push({ target: event.target, at: event.at });
  }
  return returns;
}

function restartStep(target: string): Step {
  const [who = "", number] = target.split(" ");
  const source = { line: 0, text: `${target}: restart` };
  if (who !== "server") {
    return { kind: "device", device: target, action: { verb: "restart", args: {} }, source };
  }
  const process = number === undefined ? {} : { process: Number(number) };
  return { kind: "server", action: { verb: "restart", ...process }, source };
}
