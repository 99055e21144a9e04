// Places in a plan, and steps put there.
import type { DeviceAction, Scenario, ServerAction, Step } from "../../scenarios/format/types.ts";
import type { Stream } from "../stream.ts";

type StepBody = Step extends infer One ? (One extends Step ? Omit<One, "source"> : never) : never;

/** Places for more steps, rising: before any step that fits, the last included, which settles. Sometimes one, sometimes
 *  nearly all; none only where none fits. */
export function drawPlaces(
  plan: Scenario,
  choices: Stream,
  fits: (step: Step) => boolean = () => true,
): readonly number[] {
  const all = plan.steps.flatMap((step, place) => (fits(step) ? [place] : []));
  if (all.length === 0) return [];
  const onceIn = choices.pick([all.length, 4, 2]);
  const places = all.filter(() => choices.onceIn(onceIn));
  return places.length > 0 ? places : [choices.pick(all)];
}

export const stepOf = (body: StepBody, text: string): Step =>
  ({ ...body, source: { line: 1, text } }) as Step;

export const deviceStep = (device: string, action: DeviceAction): Step =>
  stepOf({ kind: "device", device, action }, `${device}: ${action.verb}`);

export const serverStep = (action: ServerAction): Step =>
  stepOf({ kind: "server", action }, `server: ${action.verb}`);

/** The plan with what `before` gives put before each of its steps, and those left out for which `isLeft` says so. */
export function withSteps(
  plan: Scenario,
  before: (place: number) => readonly Step[],
  isLeft: (place: number) => boolean = () => false,
): Scenario {
  const steps = plan.steps.flatMap((step, place) => [...before(place), ...(isLeft(place) ? [] : [step])]);
  return { ...plan, steps: numbered(steps) };
}

/** Each at the line at which it stands now. */
export const numbered = (steps: readonly Step[]): readonly Step[] =>
  steps.map((step, index) => ({ ...step, source: { line: index + 1, text: step.source.text } }));

/** How a reader finds places: `before step 4 (laptop: push)`. */
export function nameOfPlaces({ steps }: Scenario, places: readonly number[]): string {
  const named = places.map((place) => `${place + 1} (${steps[place]!.source.text})`);
  return `before step ${named.slice(0, 3).join(", ")}${named.length > 3 ? ` and ${named.length - 3} more` : ""}`;
}
