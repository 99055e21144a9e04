// The parts of a plan, each with its name in words and the plan without it.
import { accidentLine } from "../../scenarios/format/accident-lines.ts";
import { databaseLine } from "../../scenarios/format/database-lines.ts";
import { msToDuration } from "../../scenarios/format/duration.ts";
import { networkLine } from "../../scenarios/format/network-lines.ts";
import { serverLine } from "../../scenarios/format/server-lines.ts";
import { deviceLine } from "../../scenarios/format/stringify.ts";
import type {
  Accident,
  MessageAddress,
  NetworkAction,
  Scenario,
  ServerAction,
  Step,
} from "../../scenarios/format/types.ts";
import type { Vocabulary } from "../../scenarios/format/vocabulary.ts";
import { withAccidents } from "./passes/chance.ts";
import { onOneProcess, withoutDevice } from "./without.ts";

export interface PlanPart {
  /** "the lost reply to laptop's push" */
  readonly words: string;
  readonly without: Scenario;
}

/** Everything that can be taken away on its own, in the order in which a reader meets it. */
export function partsOf(scenario: Scenario, vocabulary: Vocabulary): readonly PlanPart[] {
  return withOrdinals([
    ...deviceParts(scenario),
    ...settingParts(scenario),
    ...stepParts(scenario.steps, vocabulary).map(({ words, steps }) => ({
      words,
      without: { ...scenario, steps },
    })),
    ...(scenario.accidents ?? []).map((accident) => ({
      words: accidentWords(accident),
      without: withAccidents(
        scenario,
        scenario.accidents!.filter((one) => one !== accident),
      ),
    })),
  ]);
}

/** Where two parts have the same name: "laptop's first push", "laptop's second push". */
function withOrdinals(parts: readonly PlanPart[]): readonly PlanPart[] {
  const seen = new Map<string, number>();
  return parts.map((part) => {
    const { words } = part;
    if (parts.filter((other) => other.words === words).length < 2) return part;
    const nth = (seen.get(words) ?? 0) + 1;
    seen.set(words, nth);
    const ordinal = nth === 1 ? "first " : (ordinals[nth] ?? `${nth}th `);
    return { ...part, words: words.replace(/^(the |\S+'s )/u, `$1${ordinal}`) };
  });
}

function deviceParts(scenario: Scenario): readonly PlanPart[] {
  const { devices, processes } = scenario;
  const gone =
    devices.length < 2
      ? []
      : devices.map(({ name }) => ({ words: name, without: withoutDevice(scenario, name) }));
  const manual = devices
    .filter(({ automatic }) => automatic)
    .map(({ name }) => ({
      words: `${name}'s own timers`,
      without: {
        ...scenario,
        devices: devices.map((device) => (device.name === name ? { ...device, automatic: false } : device)),
      },
    }));
  const process =
    processes < 2 ? [] : [{ words: "the second server process", without: onOneProcess(scenario) }];
  return [...gone, ...manual, ...process];
}

function settingParts(scenario: Scenario): readonly PlanPart[] {
  return (["trouble", "config", "deviceConfig"] as const).flatMap((table) =>
    Object.entries(scenario[table]).map(([name, value]) => ({
      words: `the setting ${name} ${name.endsWith("Ms") ? msToDuration(value) : String(value)}`,
      without: {
        ...scenario,
        [table]: Object.fromEntries(Object.entries(scenario[table]).filter(([other]) => other !== name)),
      },
    })),
  );
}

interface StepPart {
  readonly words: string;
  readonly steps: readonly Step[];
}

function stepParts(steps: readonly Step[], vocabulary: Vocabulary): readonly StepPart[] {
  return steps.flatMap((step, index): readonly StepPart[] => {
    const replaced = (inner: readonly Step[]): readonly Step[] => [
      ...steps.slice(0, index),
      ...inner,
      ...steps.slice(index + 1),
    ];
    if (step.kind === "finish" || step.kind === "settle") return [];
    if (step.kind !== "together" && step.kind !== "start")
      return [{ words: stepWords(step, vocabulary), steps: replaced([]) }];
    const inner = stepParts(step.steps, vocabulary).map((part) => ({
      words: part.words,
      steps: replaced(part.steps.length === 0 ? [] : [{ ...step, steps: part.steps }]),
    }));
    const apart = step.kind === "together" ? "doing both at once" : "going on in the meantime";
    return [{ words: apart, steps: replaced(step.steps) }, ...inner];
  });
}

/** A step as the object of "without". */
function stepWords(step: Step, vocabulary: Vocabulary): string {
  switch (step.kind) {
    case "device": {
      const { device, action } = step;
      const what = deviceLine(action, vocabulary);
      const isWord = !what.includes(" ");
      return isWord ? `${device}'s ${what}` : `${device}'s “${what}”`;
    }
    case "sync":
      return `the sync of ${listed(step.devices)}`;
    case "server":
      return serverWords(step.action);
    case "clock":
      return `the ${msToDuration(step.advanceMs)} that pass`;
    case "wait":
      return `waiting for ${msToDuration(step.forMs)}`;
    case "network":
      return networkWords(step.action);
    case "database":
      return `“database: ${databaseLine(step.action)}”`;
    case "request":
      return `the exchange by hand (${step.request.method} ${step.request.path})`;
    default:
      return step.kind;
  }
}

function serverWords(action: ServerAction): string {
  switch (action.verb) {
    case "compact":
      return "the compaction";
    case "crash":
      return "the crash of the server";
    case "restart":
      return "the restart of the server";
    case "stop":
      return "the stop of the server";
    case "backup":
      return "the backup of the server";
    case "restore":
      return "the restore of the server";
    case "skew":
      return "the skew of the server's clock";
    default:
      return `“server: ${serverLine(action)}”`;
  }
}

function networkWords(action: NetworkAction): string {
  switch (action.verb) {
    case "lose-request":
      return `the lost request of ${messageWords(action.of)}`;
    case "lose-reply":
      return `the lost reply to ${messageWords(action.of)}`;
    case "duplicate":
      return `the repetition of ${messageWords(action.of)}`;
    case "delay-request":
      return `the delay of ${messageWords(action.of)}`;
    case "delay-reply":
      return `the delay of the reply to ${messageWords(action.of)}`;
    case "answer":
      return `somebody else's ${action.status} for ${messageWords(action.of)}`;
    case "partition":
      return `the partition of ${action.device}`;
    case "heal":
      return `the end of the partition of ${action.device}`;
    case "drop-frame":
      return `the lost frame to ${action.device}`;
    case "repeat-frame":
      return `the repeated frame to ${action.device}`;
    case "delay-frame":
      return `the late frame to ${action.device}`;
    default:
      return `“network: ${networkLine(action)}”`;
  }
}

const ordinals = ["", "", "second ", "third ", "fourth ", "fifth "];

const messageWords = ({ device, message, nth }: MessageAddress): string =>
  `${device}'s ${ordinals[nth] ?? `${nth}th `}${message === "any" ? "message" : message}`;

const accidentNames: Readonly<Partial<Record<Accident["kind"], string>>> = {
  loseRequest: "the lost request of",
  loseReply: "the lost reply to",
  duplicateRequest: "the repetition of",
  zombieRequest: "the lateness of",
  delay: "the delay of",
  refuse: "the gateway's refusal of",
  refuseAfterEffect: "the gateway's answer to",
  portal: "the captive portal's answer to",
  truncateReply: "the truncated reply to",
};

function accidentWords(accident: Accident): string {
  const { who, what, nth, kind } = accident;
  const name = accidentNames[kind];
  return name === undefined
    ? `the accident “${accidentLine(accident)}”`
    : `${name} ${messageWords({ device: who, message: what, nth })}`;
}

const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)!}`;
