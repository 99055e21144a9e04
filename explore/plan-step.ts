// Steps of plans before they have a place in one.
import fc from "fast-check";
import type { DeviceAction, ServerAction, Step } from "../scenarios/format/types.ts";

/** A step whose line in the plan is not known yet. */
export type PlanStep = Step;

type StepBody = Step extends infer One ? (One extends Step ? Omit<One, "source"> : never) : never;

export const withText = (body: StepBody, text: string): PlanStep =>
  ({ ...body, source: { line: 1, text } }) as PlanStep;

export const serverStep = (action: ServerAction): PlanStep =>
  withText({ kind: "server", action }, `server: ${action.verb}`);

export const deviceStep = (device: string, action: DeviceAction): PlanStep =>
  withText({ kind: "device", device, action }, `${device}: ${action.verb}`);

/** The action on one of the devices; shrinks to the first. */
export const onDevice = (
  devices: readonly string[],
  action: fc.Arbitrary<DeviceAction>,
): fc.Arbitrary<PlanStep> =>
  fc.tuple(fc.constantFrom(...devices), action).map(([device, done]) => deviceStep(device, done));

/** Whose step it is, where it is one's. */
export function deviceOf(step: PlanStep): string | undefined {
  if (step.kind === "device") return step.device;
  if (step.kind !== "network") return undefined;
  return "of" in step.action ? step.action.of.device : step.action.device;
}
