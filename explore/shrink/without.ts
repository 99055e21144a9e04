// A plan without one of its parts, and without everything that only makes sense with it.
import type { JsonValue } from "../../protocol/json.ts";
import type { Accident, Scenario, ServerAction, Step } from "../../scenarios/format/types.ts";
import { isJsonObject } from "../../protocol/json.ts";

/** Without a device: its steps, those that are about it, and what chance did to it go with it. */
export function withoutDevice(scenario: Scenario, name: string): Scenario {
  return {
    ...scenario,
    devices: scenario.devices.filter((device) => device.name !== name),
    steps: stepsWithout(scenario.steps, name),
    ...(scenario.accidents === undefined
      ? {}
      : { accidents: scenario.accidents.filter(({ who }) => who !== name) }),
  };
}

/** On one server process: what was about another one is about it. */
export function onOneProcess(scenario: Scenario): Scenario {
  return {
    ...scenario,
    processes: 1,
    devices: scenario.devices.map((device) => ({ ...device, process: 1 })),
    steps: scenario.steps.map(onFirstProcess),
    ...(scenario.accidents === undefined ? {} : { accidents: scenario.accidents.map(ofOneServer) }),
  };
}

function stepsWithout(steps: readonly Step[], name: string): readonly Step[] {
  return steps.flatMap((step): readonly Step[] => {
    switch (step.kind) {
      case "device":
        return step.device === name || namesDevice(step.action.args, name) ? [] : [step];
      case "sync": {
        const devices = step.devices.filter((device) => device !== name);
        return devices.length === 0 ? [] : [{ ...step, devices }];
      }
      case "server":
        return "device" in step.action && step.action.device === name ? [] : [step];
      case "network":
        return ("of" in step.action ? step.action.of.device : step.action.device) === name ? [] : [step];
      case "request":
        return step.request.as === name ? [] : [step];
      case "together":
      case "start": {
        const inner = stepsWithout(step.steps, name);
        return inner.length === 0 ? [] : [{ ...step, steps: inner }];
      }
      default:
        return [step];
    }
  });
}

/** `clone-from phone` is about the phone. */
const namesDevice = (args: JsonValue, name: string): boolean => isJsonObject(args) && args.device === name;

function onFirstProcess(step: Step): Step {
  if (step.kind === "together" || step.kind === "start")
    return { ...step, steps: step.steps.map(onFirstProcess) };
  if (step.kind !== "server" || !("process" in step.action)) return step;
  const { process: _process, ...action } = step.action;
  return { ...step, action: action as ServerAction };
}

const ofOneServer = (accident: Accident): Accident =>
  /^server \d+$/u.test(accident.who) ? { ...accident, who: "server" } : accident;
