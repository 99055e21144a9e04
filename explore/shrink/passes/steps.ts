// Fewer steps: what comes after the violation first, then by delta debugging, then out of the frames that hold some.
import type { Accident, Step } from "../../../scenarios/format/types.ts";
import type { Attempts } from "../attempts.ts";
import { fewest } from "../delta.ts";
import { withAccidents } from "./chance.ts";
import type { Reduction } from "../reduction.ts";
import { inTheirTime, timedSteps, unwritten, withTimedSteps } from "../timeline.ts";

/** What a file expects of single steps is no part of the law, and a settle at the end is there anyway. */
export async function dropExpectations(attempts: Reduction): Promise<void> {
  attempts.begin("dropping expectations");
  const { scenario } = attempts;
  const steps = scenario.steps.filter(({ kind }) => kind !== "check").map(withoutExpectation);
  const plain = withAccidents({ ...scenario, steps, expect: {} }, scenario.accidents ?? []);
  const last = steps.at(-1);
  const taken = last?.kind === "settle" && (await attempts.take({ ...plain, steps: steps.slice(0, -1) }));
  if (!taken) await attempts.take(plain);
}

/** Cuts everything after the violation, looking for the place by halves, and the calm where the law needs none. */
export async function cutTail(attempts: Reduction): Promise<void> {
  attempts.begin("cutting what comes after");
  const { steps } = attempts.scenario;
  let fails = steps.length;
  let passes = -1;
  while (fails - passes > 1) {
    const middle = Math.floor((fails + passes) / 2);
    if (await attempts.take({ ...attempts.scenario, steps: steps.slice(0, middle) })) fails = middle;
    else passes = middle;
  }
  if (attempts.scenario.settle !== false) await attempts.take({ ...attempts.scenario, settle: false });
}

/** A run that does not come to rest goes on for minutes of virtual time, and every candidate with it. */
const shortSettleMs = 20_000;

/** Where the law is broken in a calm that nobody gets through, a short one will do until the plan is small. */
export async function shortenSettle(attempts: Attempts): Promise<void> {
  attempts.begin("a shorter calm");
  const { scenario, best } = attempts;
  const isRestless = best.run.history.events.some((event) => event.kind === "settled" && !event.quiet);
  if (!isRestless || scenario.settle === false) return;
  const steps = scenario.steps.filter(({ kind }) => kind !== "settle");
  await attempts.take({
    ...scenario,
    steps: [...steps, { source: unwritten, kind: "settle", withinMs: shortSettleMs }],
  });
}

/** The calm as long as everywhere: what is right would not always get through a short one. */
export async function fullSettle(attempts: Attempts): Promise<void> {
  const { scenario } = attempts;
  const steps = scenario.steps.filter(({ kind }) => kind !== "settle");
  if (steps.length === scenario.steps.length) return;
  await attempts.replace({ ...scenario, steps });
}

/** Drops steps while the others stay when they were, then once more with the time closed up. */
export async function fewerSteps(attempts: Reduction): Promise<void> {
  attempts.begin("dropping steps");
  const timed = timedSteps(attempts.scenario.steps);
  await fewest(timed, (kept) => attempts.take(withTimedSteps(attempts.scenario, inTheirTime(timed, kept))));
  const rest = timedSteps(attempts.scenario.steps);
  await fewest(rest, (kept) => attempts.take(withTimedSteps(attempts.scenario, kept)));
  await dropPairs(attempts);
  await dropWithShift(attempts);
  await thinFrames(attempts);
}

/** An accident is addressed by how often its device did the like before. A step that did so once or twice can only go
 *  when the accident moves up. */
async function dropWithShift(attempts: Reduction): Promise<void> {
  for (let index = attempts.scenario.steps.length - 1; index >= 0; index--) {
    const { steps, accidents = [] } = attempts.scenario;
    if (steps.length > pairsOfOneUpTo || accidents.length === 0 || accidents.length > accidentsUpTo) return;
    const rest = steps.filter((_, place) => place !== index);
    await firstThatHolds(shifted(accidents), (moved) =>
      attempts.take(withAccidents({ ...attempts.scenario, steps: rest }, moved)),
    );
  }
}

function* shifted(accidents: readonly Accident[]): Generator<readonly Accident[]> {
  for (const accident of accidents) {
    for (let by = 1; by <= shiftMax && by < accident.nth; by++)
      yield accidents.map((one) => (one === accident ? { ...one, nth: one.nth - by } : one));
  }
}

async function firstThatHolds<Item>(
  items: Iterable<Item>,
  holds: (item: Item) => Promise<boolean>,
): Promise<void> {
  for (const item of items) if (await holds(item)) return;
}

const accidentsUpTo = 4;
const shiftMax = 3;

/** What one step prepares, another may do directly if it comes later: one step goes, and another one moves. Many
 *  candidates, so only for plans that are nearly there. */
export async function dropAndMove(attempts: Reduction): Promise<void> {
  attempts.begin("dropping a step, moving another");
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    const { steps } = attempts.scenario;
    if (steps.length > movesUpTo) return;
    for (const candidate of droppedAndMoved(steps)) {
      isSmaller = await attempts.take({ ...attempts.scenario, steps: candidate });
      if (isSmaller) break;
    }
  }
}

const movesUpTo = 7;

function* droppedAndMoved(steps: readonly Step[]): Generator<readonly Step[]> {
  for (const dropped of steps) {
    const rest = steps.filter((step) => step !== dropped);
    for (const moved of rest) {
      const others = rest.filter((step) => step !== moved);
      for (let place = 0; place <= others.length; place++)
        if (rest[place] !== moved) yield [...others.slice(0, place), moved, ...others.slice(place)];
    }
  }
}

/** Two steps that only make sense together (offline and online, hold and release) are in each other's way: neither can
 *  go alone. Only for plans that are short by now. */
async function dropPairs(attempts: Reduction): Promise<void> {
  for (let first = 0; first < attempts.scenario.steps.length; first++) {
    const { steps } = attempts.scenario;
    if (steps.length > pairsOfOneUpTo) return;
    for (let second = first + 1; second < steps.length; second++) {
      if (steps.length > pairsUpTo && !isPair(steps[first]!, steps[second]!)) continue;
      const rest = steps.filter((_, index) => index !== first && index !== second);
      if (!(await attempts.take({ ...attempts.scenario, steps: rest }))) continue;
      first--;
      break;
    }
  }
}

/** Any two, in a plan of so many steps; in a longer one only two of the same device that change its surroundings. */
const pairsUpTo = 10;
const pairsOfOneUpTo = 40;

function isPair(first: Step, second: Step): boolean {
  const device = surroundingsOf(first);
  return device !== undefined && device === surroundingsOf(second);
}

/** Whose surroundings a step changes: `offline`, `partition laptop`, `server: crash`. */
function surroundingsOf(step: Step): string | undefined {
  switch (step.kind) {
    case "device":
      return Object.keys(step.action.args ?? {}).length === 0 ? step.device : undefined;
    case "network":
      return "device" in step.action ? step.action.device : step.action.of.device;
    case "server":
    case "database":
      return step.kind;
    default:
      return undefined;
  }
}

/** Fewer steps inside of `together` and `start`, or no frame around them. */
async function thinFrames(attempts: Reduction): Promise<void> {
  for (let index = 0; index < attempts.scenario.steps.length; index++) {
    const { steps } = attempts.scenario;
    const step = steps[index]!;
    if (step.kind !== "together" && step.kind !== "start") continue;
    const replace = (inner: readonly Step[]): Promise<boolean> =>
      attempts.take({
        ...attempts.scenario,
        steps: [...steps.slice(0, index), ...inner, ...steps.slice(index + 1)],
      });
    if (await replace(step.steps)) continue;
    if (await replace(step.steps.toReversed())) continue;
    await fewest(step.steps, (kept) => replace(kept.length === 1 ? kept : [{ ...step, steps: kept }]));
  }
}

/** Parts of an answer that later steps need are still remembered. */
function withoutExpectation(step: Step): Step {
  if (step.kind === "together" || step.kind === "start")
    return { ...step, steps: step.steps.map(withoutExpectation) };
  if (!("expect" in step) || step.kind === "check") return step;
  const { expect: _expect, ...rest } = step;
  return rest;
}
