// Which abilities the steps of a scenario ask of a world, and which step asks first.
import type { JsonObject } from "../../protocol/json.ts";
import { deviceVerbs } from "./device-verbs.ts";
import type {
  Ability,
  DatabaseAction,
  NetworkAction,
  Scenario,
  ServerAction,
  SourceLine,
  Step,
  TokenSpec,
} from "./types.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** The abilities with the first place that asks for each; `undefined` where it is no step but the head of the file. */
export function neededAbilities(
  scenario: Pick<Scenario, "steps" | "processes" | "config" | "trouble" | "accidents">,
  vocabulary: Vocabulary,
): ReadonlyMap<Ability, SourceLine | undefined> {
  const needed = new Map<Ability, SourceLine | undefined>();
  if (scenario.processes > 1) needed.set("processes", undefined);
  if (Object.keys(scenario.config).length > 0) needed.set("settings", undefined);
  const hasAccidents = scenario.accidents !== undefined && scenario.accidents.length > 0;
  if (Object.keys(scenario.trouble).length > 0 || hasAccidents) needed.set("chance", undefined);
  const visit = (steps: readonly Step[]): void => {
    for (const step of steps) {
      for (const ability of abilitiesOf(step, vocabulary))
        if (!needed.has(ability)) needed.set(ability, step.source);
      if (step.kind === "together" || step.kind === "start") visit(step.steps);
    }
  };
  visit(scenario.steps);
  return needed;
}

function abilitiesOf(step: Step, vocabulary: Vocabulary): readonly Ability[] {
  switch (step.kind) {
    case "device": {
      const { verb, args } = step.action;
      const spec = vocabulary.verbs.get(verb) ?? deviceVerbs.get(verb);
      return spec?.needs?.(args as JsonObject) ?? [];
    }
    case "server":
      return abilitiesOfServer(step.action, vocabulary);
    case "network":
      return [isOfFrames(step.action) ? "socket-faults" : "network"];
    case "request":
      return step.request.token === undefined || isPlainToken(step.request.token) ? [] : ["tokens"];
    case "database":
      return abilitiesOfDatabase(step.action);
    case "clock":
      return ["clock"];
    default:
      return [];
  }
}

function abilitiesOfDatabase({ verb }: DatabaseAction): readonly Ability[] {
  switch (verb) {
    case "stop":
    case "crash":
    case "restart":
      return ["database-restart"];
    case "full":
      return ["disk-full"];
    case "recover":
      return [];
    default:
      return ["database"];
  }
}

function abilitiesOfServer(action: ServerAction, vocabulary: Vocabulary): readonly Ability[] {
  const compaction =
    "purpose" in action && action.purpose === vocabulary.compaction ? (["compaction"] as const) : [];
  const processes = "process" in action && action.process !== undefined ? (["processes"] as const) : [];
  switch (action.verb) {
    case "compact":
      return ["compaction", ...processes];
    case "crash":
    case "restart":
    case "stop":
    case "roll":
      return ["crash", ...processes];
    case "pause":
    case "resume":
      return ["pause", ...processes];
    case "backup":
    case "restore":
      return ["backup"];
    case "skew":
      return ["skew"];
    case "crash-during":
      return ["crash", "statements", ...compaction];
    case "release":
      return ["statements"];
    default:
      return ["statements", ...compaction, ...processes];
  }
}

const frameVerbs: ReadonlySet<NetworkAction["verb"]> = new Set([
  "drop-frame",
  "repeat-frame",
  "delay-frame",
  "replace-frame",
  "hold-frames",
  "release-frames",
  "cut-socket",
  "half-open",
] as const);

const isOfFrames = (action: NetworkAction): boolean => frameVerbs.has(action.verb);

/** Such a token can be had without a key. */
const isPlainToken = (token: TokenSpec): boolean => token.kind === "none" || token.kind === "malformed";
