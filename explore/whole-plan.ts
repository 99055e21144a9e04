// Makes a plan of steps that were drawn one by one: leaves out what cannot be done, gives back what was taken away, and
// ends in the calm.
import type { DeviceAction } from "../scenarios/format/types.ts";
import { settleWithinMs } from "../scenarios/format/world.ts";
import type { PlanWords } from "./plan-words.ts";
import { deviceOf, deviceStep, type PlanStep, withText } from "./plan-step.ts";

/** The steps of a plan for these devices. `paused`: each step with the wait before it, in virtual milliseconds. */
export function wholePlan(
  paused: readonly (readonly [pauseMs: number, step: PlanStep])[],
  devices: readonly string[],
  words: PlanWords,
): readonly PlanStep[] {
  const drawn = paused.flatMap(([forMs, step]) =>
    forMs === 0 ? [step] : [withText({ kind: "wait", forMs }, `wait: ${forMs}ms`), step],
  );
  const steps = possible(drawn, devices);
  const settle = withText({ kind: "settle", withinMs: settleWithinMs }, "settle");
  return [...steps, ...givenBack(steps, words), settle].map((step, index) => {
    return { ...step, source: { line: index + 1, text: step.source.text } };
  });
}

/** Without what cannot be done: steps of devices that are not there, a restore without a backup, a copy of oneself. So
 *  a step that shrinking takes away takes along what hangs on it. */
function possible(all: readonly PlanStep[], devices: readonly string[]): readonly PlanStep[] {
  const backedUp = new Set<string>();
  return all.filter((step) => {
    const device = deviceOf(step);
    if (device !== undefined && !devices.includes(device)) return false;
    if (step.kind !== "device" && step.kind !== "server") return true;
    const { verb } = step.action;
    if (verb === "backup") backedUp.add(device ?? "");
    if (verb === "restore") return backedUp.has(device ?? "");
    if (verb !== "clone-from" || step.kind !== "device") return true;
    const other = (step.action.args as { readonly device: string }).device;
    return other !== device && devices.includes(other);
  });
}

/** A disk that was put back or copied may hold anything that was taken away. */
function givenBack(steps: readonly PlanStep[], { undo }: PlanWords): readonly PlanStep[] {
  const due = new Map<string, PlanStep>();
  const owe = (device: string, action: DeviceAction): void => {
    due.set(`${device} ${JSON.stringify(action)}`, deviceStep(device, action));
  };
  for (const step of steps) {
    if (step.kind !== "device") continue;
    const { verb } = step.action;
    const action = undo[verb];
    if (action !== undefined) owe(step.device, action);
    else if (verb === "restore" || verb === "clone-from")
      for (const each of Object.values(undo)) owe(step.device, each);
  }
  return [...due.values()];
}
