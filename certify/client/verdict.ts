// What a run says of a client: each rule held or broken, and each level granted or not.
import type { RunResult } from "../../invariants/result.ts";
import type { Requirement } from "../../protocol/requirement.ts";
import { type Blame, blameOf } from "../blame.ts";
import type { ClientLevel, ClientScenario } from "./protocol.ts";

/** `blocked`: nothing that was run says anything of it. */
export interface RuleVerdict {
  readonly id: string;
  readonly outcome: "pass" | "fail" | "blocked";
  /** Scenarios that bear on it and passed. */
  readonly passed: number;
  /** The first failure that it is blamed for. */
  readonly why?: string;
  readonly replay?: string;
}

export interface LevelVerdict {
  readonly name: string;
  readonly promise: string;
  /** `not declared`: the driver does not claim what it takes. `not assessed`: not all of its scenarios came to an end. */
  readonly verdict: "granted" | "refused" | "not declared" | "not assessed";
  readonly passed: number;
  readonly failed: number;
  readonly left: number;
  /** For `not declared`: what is missing in the greeting. */
  readonly missing: readonly string[];
}

export interface ClientVerdict {
  readonly rules: readonly RuleVerdict[];
  readonly levels: readonly LevelVerdict[];
  /** Scenarios that were not asked for, because of what the driver does not declare: ability, and how many. */
  readonly unlocks: readonly { readonly ability: string; readonly scenarios: number }[];
}

export interface VerdictContext {
  readonly requirements: readonly Requirement[];
  readonly levels: readonly ClientLevel[];
  /** All that there is, whatever the driver declares. */
  readonly scenarios: readonly ClientScenario[];
  readonly can: ReadonlySet<string>;
}

export function clientVerdict(
  { results }: Pick<RunResult, "results">,
  context: VerdictContext,
): ClientVerdict {
  const ids = new Set(context.requirements.map(({ id }) => id));
  const blames = new Map<string, Blame>();
  for (const result of results) if (result.outcome === "fail") blames.set(result.id, blameOf(result, ids));
  return {
    rules: context.requirements.map(({ id }) => ruleVerdict(id, results, blames)),
    levels: context.levels.map((level) => levelVerdict(level, results, context)),
    unlocks: unlocksOf(context),
  };
}

function ruleVerdict(
  id: string,
  results: RunResult["results"],
  blames: ReadonlyMap<string, Blame>,
): RuleVerdict {
  const passed = results.filter(
    ({ outcome, requirements }) => outcome === "pass" && requirements.includes(id),
  ).length;
  const broken = results.find((result) => blames.get(result.id)?.requirements.includes(id) === true);
  if (broken === undefined) return { id, outcome: passed > 0 ? "pass" : "blocked", passed };
  const why = `${broken.id}: ${blames.get(broken.id)!.why}`;
  return { id, outcome: "fail", passed, why, replay: broken.replay };
}

function levelVerdict(
  { name, promise, needs }: ClientLevel,
  results: RunResult["results"],
  { levels, scenarios, can }: VerdictContext,
): LevelVerdict {
  const place = levels.findIndex((level) => level.name === name);
  // Whoever takes the later step has taken the first one.
  const needed = place === 0 ? needs : [...levels[0]!.needs, ...needs];
  const missing = needed.filter((ability) => !can.has(ability));
  const mine = new Set(
    scenarios
      .filter((one) => one.level === name && one.needs.every((ability) => can.has(ability)))
      .map(({ scenario }) => scenario.id),
  );
  const count = (outcome: string): number =>
    results.filter((result) => mine.has(result.id) && result.outcome === outcome).length;
  const passed = count("pass");
  const failed = count("fail");
  const left = mine.size - passed - failed;
  const isWhole = left === 0 && passed > 0;
  const verdict =
    failed > 0 ? "refused" : missing.length > 0 ? "not declared" : isWhole ? "granted" : "not assessed";
  return { name, promise, verdict, passed, failed, left, missing };
}

function unlocksOf({ scenarios, can }: VerdictContext): ClientVerdict["unlocks"] {
  const abilities = new Map<string, number>();
  for (const { needs } of scenarios) {
    const missing = needs.filter((ability) => !can.has(ability));
    for (const ability of missing) abilities.set(ability, (abilities.get(ability) ?? 0) + 1);
  }
  return [...abilities].map(([ability, count]) => ({ ability, scenarios: count }));
}
