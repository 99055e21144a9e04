// The verdict over a whole run: rules, levels, and what is locked, from the checks alone. A level is granted when all
// its checks of S and P rules passed and the run was complete; whatever else is the case, it says why not.
import assert from "node:assert/strict";
import type {
  Certification,
  CertificationCheck,
  CertificationOutcome,
  CertifiedLevel,
  CertifiedRequirement,
  CertifiedTarget,
  LockedHook,
  RequirementVerdict,
} from "../invariants/certification-result.ts";
import type { RunResult } from "../invariants/result.ts";
import type { JsonObject } from "../protocol/json.ts";
import { applyBaseline, type KnownFailure } from "./baseline.ts";
import { checksOfRun, countOutcomes } from "./checks.ts";
import type { CertificationProfile, Level } from "./levels.ts";

export interface CertificationInput {
  readonly run: RunResult;
  readonly profile: CertificationProfile;
  /** The levels that were asked for, by name. */
  readonly asked: readonly string[];
  levelOf(id: string): string;
  isProbe(id: string): boolean;
  readonly unsupported: ReadonlySet<string>;
  readonly target: CertifiedTarget;
  readonly configuration: JsonObject;
  readonly seed?: string;
  /** False where a filter left something out. */
  readonly isWhole: boolean;
  /** The part that was run, of a run in several; from 1. */
  readonly shard?: { readonly index: number; readonly of: number };
  readonly observations: readonly string[];
  readonly baseline: {
    readonly known: readonly KnownFailure[];
    readonly file?: string;
    readonly today: string;
  };
}

/** Sums up a run.  Source: certification.md sections 3 and 4. */
export function certify(input: CertificationInput): Certification {
  const { run, profile, asked, baseline } = input;
  const all = checksOfRun(run.results, { ...input, requirements: profile.requirements });
  const { checks, comparison } = applyBaseline(all, baseline);
  const isCutShort = run.interrupted || run.results.some(({ outcome }) => outcome === "skipped");
  const isWhole = input.isWhole && !isCutShort;
  return {
    protocol: profile.protocol,
    target: input.target,
    configuration: input.configuration,
    ...(input.seed === undefined ? {} : { seed: input.seed }),
    ...verdictsOf(checks, { profile, asked, complete: isWhole && input.shard === undefined }),
    ...(input.shard === undefined ? {} : { shard: { ...input.shard, complete: isWhole } }),
    observations: [...new Set(input.observations)],
    baseline: comparison,
  };
}

type Verdicts = Pick<Certification, "levels" | "requirements" | "checks" | "counts" | "complete" | "locked">;

/** What checks come to: for a run, and for the parts of one put together. */
export function verdictsOf(
  checks: readonly CertificationCheck[],
  about: {
    readonly profile: CertificationProfile;
    readonly asked: readonly string[];
    readonly complete: boolean;
  },
): Verdicts {
  const { profile, asked, complete } = about;
  const counts = countOutcomes(checks);
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  assert.equal(total, checks.length, "every check has one outcome");
  const levels = profile.levels.filter(({ name }) => asked.includes(name));
  return {
    levels: levels.map((level) => levelVerdict(level, { checks, profile, complete })),
    requirements: requirementVerdicts(checks, profile),
    checks,
    counts,
    complete,
    locked: lockedHooks(checks),
  };
}

function levelVerdict(
  { name, promise }: Level,
  {
    checks,
    profile,
    complete,
  }: {
    readonly checks: readonly CertificationCheck[];
    readonly profile: CertificationProfile;
    readonly complete: boolean;
  },
): CertifiedLevel {
  const kindOf = new Map(profile.requirements.map(({ id, kind }) => [id, kind]));
  const own = checks.filter(({ level, requirement }) => level === name && kindOf.get(requirement) !== "A");
  const byRule = Map.groupBy(own, ({ requirement }) => requirement);
  const shown = new Set(checks.filter(({ outcome }) => outcome === "pass").map((check) => check.requirement));
  const isAny = (
    members: readonly CertificationCheck[],
    outcomes: readonly CertificationOutcome[],
  ): boolean => members.some(({ outcome }) => outcomes.includes(outcome));
  const groups = [...byRule.values()];
  const failed = groups.filter((members) => isAny(members, ["fail"]));
  const open = groups.filter(
    (members) =>
      !isAny(members, ["fail"]) && (isAny(members, stillOpen) || !shown.has(members[0]!.requirement)),
  );
  const passed = groups.length - failed.length - open.length;
  const counts = { passed, failed: failed.length, blocked: open.length };
  if (failed.length > 0) return { name, promise, verdict: "refused", ...counts, why: failed.map(whyFailed) };
  const why = [
    ...(own.length === 0 ? ["nothing of it was selected"] : []),
    ...(complete ? [] : ["the run was not complete"]),
    ...new Set(open.flatMap(whyOpen)),
  ];
  return { name, promise, verdict: why.length === 0 ? "granted" : "not assessed", ...counts, why };
}

/** What a place that the target does not have cannot show is shown by other checks of the rule, at whatever level, or the
 *  rule stays open. */
const stillOpen: readonly CertificationOutcome[] = ["blocked", "error", "skipped"];

function whyFailed(members: readonly CertificationCheck[]): string {
  const { requirement, scenario, why = "" } = members.find(({ outcome }) => outcome === "fail")!;
  return `${requirement} is violated in ${scenario}: ${why}`;
}

/** One sentence for each thing that is missing; how many checks wait for it, the report says elsewhere. */
function whyOpen(members: readonly CertificationCheck[]): readonly string[] {
  const open = members.filter(({ outcome }) => stillOpen.includes(outcome));
  const { scenario: first, why: reason = "" } = members[0]!;
  if (open.length === 0) return [`${first}: ${reason}`];
  return open.flatMap(({ outcome, missing, why, scenario }) =>
    outcome === "blocked"
      ? (missing ?? []).map((hook) => `needs ${hook}`)
      : [`${scenario}: ${why ?? outcome}`],
  );
}

function requirementVerdicts(
  checks: readonly CertificationCheck[],
  { requirements }: CertificationProfile,
): readonly CertifiedRequirement[] {
  const byRule = Map.groupBy(checks, ({ requirement }) => requirement);
  return requirements
    .filter(({ subject }) => subject !== "device")
    .map(({ id, kind, section, summary }) => {
      const own = byRule.get(id) ?? [];
      const { verdict, why } = ruleVerdict(own);
      return {
        id,
        kind,
        section,
        summary,
        verdict,
        levels: [...new Set(own.map(({ level }) => level))],
        checks: own.map((check) => check.id),
        ...(why === undefined ? {} : { why }),
      };
    });
}

function ruleVerdict(own: readonly CertificationCheck[]): {
  readonly verdict: RequirementVerdict;
  readonly why?: string | undefined;
} {
  const first = (wanted: string): CertificationCheck | undefined =>
    own.find(({ outcome }) => outcome === wanted);
  const decided: readonly (readonly [string, RequirementVerdict])[] = [
    ["fail", "violated"],
    ["advice", "advice"],
    ["pass", "holds"],
    ["blocked", "blocked"],
    ["unsupported", "unsupported"],
  ];
  for (const [outcome, verdict] of decided) {
    const check = first(outcome);
    if (check === undefined) continue;
    if (verdict !== "holds") return { verdict, why: check.why };
    const open = own.filter((one) => one.outcome !== "pass").length;
    return {
      verdict,
      ...(open === 0 ? {} : { why: `${open} of its ${own.length} checks could not be assessed` }),
    };
  }
  return { verdict: "not assessed", why: "no check of it ran to its end" };
}

/** The hooks that blocked checks wait for, the one that unlocks most first. */
function lockedHooks(checks: readonly CertificationCheck[]): readonly LockedHook[] {
  const waiting = new Map<string, number>();
  for (const { missing = [] } of checks) {
    for (const hook of missing) waiting.set(hook, (waiting.get(hook) ?? 0) + 1);
  }
  return [...waiting]
    .map(([hook, count]) => ({ hook, checks: count }))
    .toSorted((left, right) => right.checks - left.checks);
}
