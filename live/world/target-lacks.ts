// What a target cannot be asked for, and what would unlock it: the name of the hook and of the flag that says where it is.
import type { Ability, Scenario, Step, TokenSpec } from "../../scenarios/format/types.ts";
import type { HookSpecs, TargetSpec } from "../subjects/target.ts";
import { needsSecret } from "../subjects/token-source.ts";
import { liveAbilities } from "./abilities.ts";
import type { HookStanding, TargetStanding } from "./target-check.ts";

/** What it takes to have processes and their database in our hands. */
const ofProcesses: readonly Ability[] = [
  "statements",
  "processes",
  "pause",
  "backup",
  "database",
  "database-restart",
  "disk-full",
  "settings",
];

/** What is lacking for each ability, in words. */
export type Lacks = ReadonlyMap<Ability, string>;

/** Errors: none. */
export function lacksOf(target: TargetSpec, standing: TargetStanding): Lacks {
  const lacks = new Map<Ability, string>();
  const { compact, clock } = standing;
  if (!compact.isThere) lacks.set("compaction", hookLack(target.hooks, "compact", compact));
  if (!clock.isThere) {
    lacks.set("clock", hookLack(target.hooks, "clock", clock));
    lacks.set("skew", hookLack(target.hooks, "clock", clock));
  }
  if (target.kind === "url") {
    for (const ability of ofProcesses)
      lacks.set(
        ability,
        "the process and its database in our hands (its command behind --, instead of --url)",
      );
    if (target.restartCommand === undefined)
      lacks.set("crash", "restart command (--restart-cmd, or its command behind -- instead of --url)");
  }
  return lacks;
}

export const abilitiesOf = (lacks: Lacks): ReadonlySet<Ability> =>
  new Set([...liveAbilities].filter((ability) => !lacks.has(ability)));

/** In words; empty where nothing is lacking. */
export function scenarioLacks(
  scenario: Pick<Scenario, "needs" | "steps">,
  target: TargetSpec,
  lacks: Lacks,
): readonly string[] {
  const missing = scenario.needs.flatMap((ability) => {
    const lack = lacks.get(ability);
    return lack === undefined ? [] : [lack];
  });
  const steps = allSteps(scenario.steps);
  if (target.kind === "url" && !lacks.has("crash") && steps.some(isOrderlyEnd)) {
    missing.push("an orderly stop (its command behind --, instead of --url); --restart-cmd kills");
  }
  if (target.tokens.kind !== "secret" && scenario.needs.includes("tokens") && steps.some(asksForSigning)) {
    missing.push("the secret of its tokens (--jwt-secret), to sign some that are wrong in a certain way");
  }
  return [...new Set(missing)];
}

function hookLack(hooks: HookSpecs, name: "compact" | "clock", { seen }: HookStanding): string {
  const path = `POST ${hooks.control?.url ?? ""}/control/${name}`;
  const command = name === "compact" ? hooks.compactCommand : hooks.clockCommand;
  const isDeclared = command !== undefined || hooks.control !== undefined;
  return isDeclared
    ? `${name} hook: ${seen}`
    : `${name} hook (${path} with --control-token, or --${name}-cmd)`;
}

const allSteps = (steps: readonly Step[]): readonly Step[] =>
  steps.flatMap((step) =>
    step.kind === "together" || step.kind === "start" ? [step, ...allSteps(step.steps)] : [step],
  );

const isOrderlyEnd = (step: Step): boolean =>
  step.kind === "server" && (step.action.verb === "stop" || step.action.verb === "roll");

const kinds: ReadonlySet<string> = new Set<TokenSpec["kind"]>(["expired", "not-yet", "custom"]);

/** A step whose token is of a kind that only the secret makes. */
function asksForSigning(step: Step): boolean {
  if (step.kind === "request") return step.request.token !== undefined && needsSecret(step.request.token);
  if (step.kind !== "device") return false;
  const args = step.action.args as { readonly kind?: unknown } | null;
  return typeof args?.kind === "string" && kinds.has(args.kind);
}
