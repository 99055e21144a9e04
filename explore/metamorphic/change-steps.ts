// Places in a plan, and steps put there.
import type { DeviceAction, Scenario, ServerAction, Step } from "../../scenarios/format/types.ts";
import type { Stream } from "../stream.ts";

type StepBody = Step extends infer One ? (One extends Step ? Omit<One, "source"> : never) : never;

/** A place for one more step: anywhere before the last, which settles. */
export const placeFor = (plan: Scenario, choices: Stream): number =>
  choices.between(0, plan.steps.length - 1);

export function withStep(plan: Scenario, place: number, body: StepBody, text: string): Scenario {
  const step = { ...body, source: { line: 1, text } } as Step;
  return withSteps(plan, [...plan.steps.slice(0, place), step, ...plan.steps.slice(place)]);
}

export const withoutStep = (plan: Scenario, place: number): Scenario =>
  withSteps(plan, [...plan.steps.slice(0, place), ...plan.steps.slice(place + 1)]);

/** The plan with these steps, each at the line at which it stands now. */
export const withSteps = (plan: Scenario, steps: readonly Step[]): Scenario => ({
  ...plan,
  steps: steps.map((step, index) => ({ ...step, source: { line: index + 1, text: step.source.text } })),
});

export const withDeviceStep = (
  plan: Scenario,
  place: number,
  device: string,
  action: DeviceAction,
): Scenario => withStep(plan, place, { kind: "device", device, action }, `${device}: ${action.verb}`);

export const withServerStep = (plan: Scenario, place: number, action: ServerAction): Scenario =>
  withStep(plan, place, { kind: "server", action }, `server: ${action.verb}`);

/** How a reader finds a place. */
export const nameOfPlace = ({ steps }: Scenario, place: number): string =>
  `before step ${place + 1} (${steps[place]?.source.text ?? "the end"})`;
