// How much there is to read in a plan. A shrinker takes a candidate only if it is smaller by this measure, so every
// sequence of reductions ends.
import type { PlanCounts } from "../../invariants/explanation.ts";
import type { Scenario, Step } from "../../scenarios/format/types.ts";
import { settleWithinMs } from "../../scenarios/format/world.ts";

/** Steps without the last settle, which every run ends with, those inside of others among them. */
export function planSizeOf(scenario: Scenario, events: number): PlanCounts {
  return {
    devices: scenario.devices.length,
    steps: flatSteps(scenario.steps).filter(({ kind }) => !isFrame(kind) && kind !== "settle").length,
    accidents: scenario.accidents?.length ?? 0,
    events,
  };
}

/** Devices, steps and accidents together: what a shrunk plan is measured by against a plan made by hand. */
export const elementsOf = ({ devices, steps, accidents }: PlanCounts): number => devices + steps + accidents;

/** Every step, those inside of `together` and `start` behind the one that holds them. */
export function flatSteps(steps: readonly Step[]): readonly Step[] {
  return steps.flatMap((step) =>
    step.kind === "together" || step.kind === "start" ? [step, ...flatSteps(step.steps)] : [step],
  );
}

/** Every step changed, those inside of `together` and `start` too. */
export function mapSteps(scenario: Scenario, change: (step: Step) => Step): Scenario {
  const ofStep = (step: Step): Step =>
    step.kind === "together" || step.kind === "start"
      ? { ...step, steps: step.steps.map(ofStep) }
      : change(step);
  return { ...scenario, steps: scenario.steps.map(ofStep) };
}

const isFrame = (kind: Step["kind"]): boolean => kind === "together" || kind === "start" || kind === "finish";

/** What each thing is to a reader, against a step's ten. A device with timers of its own does what no line says; chance
 *  that is left to the seed is worse than an accident that is named, and an accident at an address is a little worse than
 *  a step that says the same; but any number of them is better than odds, under which anything may strike. */
const weights = {
  device: 12,
  automatic: 24,
  otherUser: 4,
  process: 12,
  step: 10,
  frame: 5,
  accident: 14,
  odds: 5_000,
  setting: 6,
  settle: 1,
} as const;

/** Smaller is better. The whole part counts what a reader meets; times and texts break ties.
 *  Units: none. Whole numbers only. */
export function costOf(scenario: Scenario): number {
  const { devices, steps, config, deviceConfig, trouble, accidents = [], processes, seed = "" } = scenario;
  const flat = flatSteps(steps);
  const frames = flat.filter(({ kind }) => isFrame(kind)).length;
  const settles = flat.filter(({ kind }) => kind === "settle").length;
  const settlesItself = scenario.settle !== false && steps.at(-1)?.kind !== "settle";
  const settings = [config, deviceConfig, trouble].flatMap((table) => Object.keys(table)).length;
  const odds = Object.entries(trouble).filter(isOdds).length;
  const things =
    devices.length * weights.device +
    devices.filter(({ automatic }) => automatic).length * weights.automatic +
    (new Set(devices.map(({ user }) => user)).size - 1) * weights.otherUser +
    (processes - 1) * weights.process +
    (flat.length - frames - settles) * weights.step +
    frames * weights.frame +
    accidents.length * weights.accident +
    odds * weights.odds +
    settings * weights.setting +
    (settles + Number(settlesItself)) * weights.settle;
  const detail =
    steps.reduce((sum, step) => sum + detailOf(step), 0) +
    seed.length +
    (settlesItself ? digits(settleWithinMs) : 0);
  const extents = accidents.reduce((sum, { extentMs = 0, nth }) => sum + digits(extentMs) + digits(nth), 0);
  const tables = JSON.stringify([
    config,
    deviceConfig,
    trouble,
    accidents,
    devices.map(({ mode }) => mode),
  ]).length;
  return things * 10_000 + (extents + detail) * 8 + tables;
}

/** Odds are those settings of trouble that are no times. */
export const isOdds = ([name, value]: readonly [string, number]): boolean =>
  value > 0 && !name.endsWith("Ms");

/** A step without its source line, which says where it stood and not what it is. */
function detailOf(step: Step): number {
  switch (step.kind) {
    case "wait":
      return digits(step.forMs);
    case "clock":
      return digits(step.advanceMs);
    case "settle":
      return digits(step.withinMs) + 1;
    case "together":
    case "start":
      return step.steps.reduce((sum, inner) => sum + detailOf(inner), 0);
    default: {
      const { source: _source, ...content } = step;
      return JSON.stringify(content, withoutPlainNames).length;
    }
  }
}

/** What names read like in plans made by hand, by the member that holds them. They cost nothing. */
export const plainNames: Readonly<Record<string, string>> = {
  entityType: "song",
  entityId: "1",
  entity_type: "song",
  entity_id: "1",
  field: "title",
};

const withoutPlainNames = (member: string, value: unknown): unknown =>
  plainNames[member] === value ? "" : value;

/** Bits of a number and the digits that a reader has to take in: both half of it and a round one are progress. */
function digits(value: number): number {
  if (value <= 0) return 0;
  const bits = 32 - Math.clz32(Math.min(value, 0x7fff_ffff));
  return bits + 2 * String(value).replace(/0+$/u, "").length;
}
