// Another plan from one that reached something new: other fates, steps left out, doubled, moved, or taken from a second
// plan, odds and delays turned up or down. What comes out is a valid plan whatever went in: it parses, it runs to its
// end, and it asks for nothing that the rules of plans forbid (see `repair`).
import { namesIn, namesInAction } from "../scenarios/format/fill-step.ts";
import { neededAbilities } from "../scenarios/format/needs.ts";
import type { Scenario, Step } from "../scenarios/format/types.ts";
import type { Vocabulary } from "../scenarios/format/vocabulary.ts";
import { Stream } from "./stream.ts";

export interface MutationOptions {
  /** Any text; the same plan and seed give the same result. */
  readonly seed: string;
  /** A second plan, from which steps may be taken. */
  readonly other: Scenario;
  readonly vocabulary: Vocabulary;
}

/** Steps at the top of a plan. Mutation adds as often as it takes away, and no plan grows past this. */
const stepsMax = 160;
const waitMaxMs = 60_000;
const oddsMax = 500_000;

/** A valid plan near this one. Carries the seed of its own fates. */
export function mutatePlan(plan: Scenario, { seed, other, vocabulary }: MutationOptions): Scenario {
  const choices = new Stream(seed, "mutation");
  let steps = plan.steps;
  let trouble = plan.trouble;
  for (let count = choices.between(1, 4); count > 0; count--) {
    switch (choices.pick(["fate", "drop", "double", "move", "splice", "odds", "delay"])) {
      case "fate":
        break;
      case "drop":
        steps = dropped(steps, choices);
        break;
      case "double":
        steps = doubled(steps, choices);
        break;
      case "move":
        steps = moved(steps, choices);
        break;
      case "splice":
        steps = spliced(steps, choices, taken(other, plan, choices));
        break;
      case "odds":
        trouble = turned(trouble, choices);
        break;
      case "delay":
        steps = steps.map((step) => (choices.onceIn(3) ? delayed(step, choices) : step));
        break;
    }
  }
  // Half of the mutations keep their fates: then what is different comes of what was changed.
  const fates = choices.onceIn(2) && plan.seed !== undefined ? plan.seed : seed;
  const body = { ...plan, trouble, seed: fates, steps: repair(steps.slice(0, stepsMax), plan) };
  return {
    ...body,
    title: `A neighbour of another plan, by seed ${seed}`,
    needs: [...neededAbilities(body, vocabulary).keys()],
  };
}

function dropped(steps: readonly Step[], choices: Stream): readonly Step[] {
  if (steps.length < 2) return steps;
  const at = choices.between(0, steps.length - 1);
  return steps.toSpliced(at, choices.pick([1, 1, 2, 4]));
}

function doubled(steps: readonly Step[], choices: Stream): readonly Step[] {
  if (steps.length === 0) return steps;
  const at = choices.between(0, steps.length - 1);
  return steps.toSpliced(choices.between(0, steps.length), 0, steps[at]!);
}

function moved(steps: readonly Step[], choices: Stream): readonly Step[] {
  if (steps.length < 2) return steps;
  const at = choices.between(0, steps.length - 1);
  const without = steps.toSpliced(at, 1);
  return without.toSpliced(choices.between(0, without.length), 0, steps[at]!);
}

function spliced(steps: readonly Step[], choices: Stream, more: readonly Step[]): readonly Step[] {
  return steps.toSpliced(choices.between(0, steps.length), 0, ...more);
}

/** A few steps of another plan, told of the devices of this one. */
function taken(from: Scenario, to: Scenario, choices: Stream): readonly Step[] {
  const names = new Map(
    from.devices.map(({ name }, index) => [name, to.devices[index % to.devices.length]!.name]),
  );
  const at = choices.between(0, Math.max(0, from.steps.length - 1));
  return from.steps.slice(at, at + choices.between(1, 6)).map((step) => renamed(step, names));
}

function renamed(step: Step, names: ReadonlyMap<string, string>): Step {
  const nameOf = (name: string): string => names.get(name) ?? name;
  switch (step.kind) {
    case "device": {
      const { verb, args } = step.action;
      const isCopy = verb === "clone-from";
      const from = isCopy ? nameOf(String((args as { readonly device?: unknown }).device)) : "";
      const action = isCopy ? { verb, args: { device: from } } : step.action;
      return { ...step, device: nameOf(step.device), action };
    }
    case "sync":
      return { ...step, devices: [...new Set(step.devices.map(nameOf))] };
    case "request":
      return { ...step, request: { ...step.request, as: nameOf(step.request.as) } };
    case "network": {
      const { action } = step;
      if ("of" in action)
        return { ...step, action: { ...action, of: { ...action.of, device: nameOf(action.of.device) } } };
      return { ...step, action: { ...action, device: nameOf(action.device) } };
    }
    case "server": {
      const { action } = step;
      if (!("device" in action) || action.device === undefined) return step;
      return { ...step, action: { ...action, device: nameOf(action.device) } };
    }
    case "together":
    case "start":
      return { ...step, steps: step.steps.map((inner) => renamed(inner, names)) };
    default:
      return step;
  }
}

/** One kind of chance more often, less often, or not at all. */
function turned(trouble: Scenario["trouble"], choices: Stream): Scenario["trouble"] {
  const kinds = Object.keys(trouble).filter((name) => !name.endsWith("Ms"));
  if (kinds.length === 0) return trouble;
  const kind = choices.pick(kinds);
  const odds = trouble[kind]!;
  const [times, by] = choices.pick([
    [10, 1],
    [3, 1],
    [1, 3],
    [1, 10],
    [0, 1],
  ] as const);
  return { ...trouble, [kind]: Math.min(oddsMax, Math.floor((odds * times) / by)) };
}

function delayed(step: Step, choices: Stream): Step {
  const [times, by] = choices.pick([
    [10, 1],
    [2, 1],
    [1, 2],
    [1, 10],
  ] as const);
  const scaled = (ms: number): number => Math.max(1, Math.floor((ms * times) / by));
  switch (step.kind) {
    case "wait":
      return { ...step, forMs: Math.min(waitMaxMs, scaled(step.forMs)) };
    case "clock":
      // By a little, too: what matters in long times is mostly which side of a bound they are on.
      return { ...step, advanceMs: choices.onceIn(2) ? scaled(step.advanceMs) : step.advanceMs + 1 };
    case "network": {
      const { action } = step;
      if ("byMs" in action) return { ...step, action: { ...action, byMs: scaled(action.byMs) } };
      if ("afterMs" in action) return { ...step, action: { ...action, afterMs: scaled(action.afterMs) } };
      return step;
    }
    default:
      return step;
  }
}

/** What a list of steps needs to be a plan:
 *  1. Nothing is put back to a backup that was not made. The database is not put back at all: what is lawful after that
 *     depends on who looks first, and only a plan made for it sees to that.
 *  2. Nobody asks for a number that nothing has remembered.
 *  3. No process is named that is not there.
 *  4. Where a statement may be held, what could wait for it is begun and not waited for.
 *  5. Calm comes last. */
function repair(steps: readonly Step[], plan: Scenario): readonly Step[] {
  const remembered = new Set<string>();
  const backedUp = new Set<string>();
  let isHolding = false;
  const keep = (step: Step, isBegun: boolean): readonly Step[] => {
    if (step.kind === "together" || step.kind === "start") {
      const inner = step.steps.flatMap((one) => keep(one, isBegun || step.kind === "start"));
      if (inner.length === 0) return [];
      const nested: Step = { ...step, steps: inner };
      return step.kind === "together"
        ? begun(nested, isHolding && !isBegun && inner.some(mayHang))
        : [nested];
    }
    if (namesAskedFor(step).some((name) => !remembered.has(name))) return [];
    if ("remember" in step) for (const name of Object.keys(step.remember ?? {})) remembered.add(name);
    if (step.kind === "device") {
      if (step.action.verb === "backup") backedUp.add(step.device);
      if (step.action.verb === "restore" && !backedUp.has(step.device)) return [];
    }
    if (step.kind === "server") {
      const { action } = step;
      if (action.verb === "restore") return [];
      if ("process" in action && (action.process ?? 1) > plan.processes) return [];
      if (action.verb === "hold-during") isHolding = true;
    }
    if (step.kind === "finish" && isHolding) return [];
    return begun(step, isHolding && !isBegun && mayHang(step));
  };
  const kept = steps.flatMap((step) => keep(step, false));
  const last = kept.at(-1);
  const settle: Step = { kind: "settle", withinMs: settleWithinMs, source: { line: 0, text: "settle" } };
  const all = last?.kind === "settle" ? kept : [...kept, settle];
  return all.map((step, index) => ({ ...step, source: { ...step.source, line: index + 1 } }));
}

/** Units: virtual milliseconds. */
const settleWithinMs = 600_000;

const begun = (step: Step, isToBegin: boolean): readonly Step[] =>
  isToBegin ? [{ kind: "start", steps: [step], source: step.source }] : [step];

/** Steps that wait for the server itself, without a patience that ends. */
function mayHang(step: Step): boolean {
  if (step.kind === "request") return true;
  if (step.kind !== "server") return false;
  const { action } = step;
  const verbs: readonly string[] = ["compact", "stop", "roll"];
  return verbs.includes(action.verb) || "purpose" in action;
}

/** Names that have to be remembered before; members of a device's status are always there. */
function namesAskedFor(step: Step): readonly string[] {
  const names =
    step.kind === "device"
      ? namesInAction(step.action)
      : step.kind === "request"
        ? namesIn(step.request)
        : step.kind === "network"
          ? namesIn(step.action)
          : [];
  return names.filter((name) => !name.includes("."));
}
