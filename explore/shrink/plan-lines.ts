// The steps of a plan as its file has them, for whoever shows a plan without the head of its file.
import { accidentLine } from "../../scenarios/format/accident-lines.ts";
import { databaseLine } from "../../scenarios/format/database-lines.ts";
import { msToDuration } from "../../scenarios/format/duration.ts";
import { networkLine } from "../../scenarios/format/network-lines.ts";
import { serverKey, serverLine } from "../../scenarios/format/server-lines.ts";
import { deviceLine } from "../../scenarios/format/stringify.ts";
import type { Scenario, Step } from "../../scenarios/format/types.ts";
import type { Vocabulary } from "../../scenarios/format/vocabulary.ts";

/** One line a step; what stands inside of another is indented. */
export function planLines(scenario: Scenario, vocabulary: Vocabulary): readonly string[] {
  const { devices, accidents = [], processes, steps } = scenario;
  const timed = devices.filter(({ automatic }) => automatic).map(({ name }) => name);
  const settings = [scenario.config, scenario.deviceConfig, scenario.trouble].flatMap((table) =>
    Object.entries(table).map(
      ([name, value]) => `${name}: ${name.endsWith("Ms") ? msToDuration(value) : value}`,
    ),
  );
  return [
    `devices: ${devices.map(({ name }) => name).join(", ")}`,
    ...(timed.length === 0 ? [] : [`with timers of their own: ${timed.join(", ")}`]),
    ...(processes === 1 ? [] : [`server processes: ${processes}`]),
    ...(settings.length === 0 ? [] : [`settings: ${settings.join(", ")}`]),
    ...steps.flatMap((step) => stepLines(step, vocabulary)),
    ...accidents.map((accident) => `by chance: ${accidentLine(accident)}`),
  ];
}

function stepLines(step: Step, vocabulary: Vocabulary): readonly string[] {
  switch (step.kind) {
    case "device":
      return [`${step.device}: ${deviceLine(step.action, vocabulary)}`];
    case "sync":
      return [`sync: ${step.devices.join(", ")}`];
    case "server":
      return [`${serverKey(step.action)}: ${serverLine(step.action)}`];
    case "clock":
      return [`clock: advance ${msToDuration(step.advanceMs)}`];
    case "wait":
      return [`wait: ${msToDuration(step.forMs)}`];
    case "network":
      return [`network: ${networkLine(step.action)}`];
    case "database":
      return [`database: ${databaseLine(step.action)}`];
    case "request":
      return [`request: ${step.request.method} ${step.request.path} as ${step.request.as}`];
    case "together":
    case "start":
      return [
        `${step.kind}:`,
        ...step.steps.flatMap((inner) => stepLines(inner, vocabulary)).map((line) => `  ${line}`),
      ];
    case "finish":
    case "settle":
      return [step.kind];
    case "check":
      return [];
  }
}
