// What changed from one run to another, check by check: what fails now, what no longer does, and what can no longer be
// seen. Certifications are compared by their checks, other runs by their scenarios.
import type { CertificationOutcome, CertifiedLevel } from "../invariants/certification-result.ts";
import type { RunResult, ScenarioOutcome } from "../invariants/result.ts";

type Outcome = CertificationOutcome | ScenarioOutcome;

/** `failing`: fails now and did not. `fixed`: failed and passes now. `lost`: was assessed and is not any more, because it
 *  is blocked, left out or gone. `gained`: passes now and was not assessed. `broken`: Seatrial itself fails now. */
export type ChangeKind = "failing" | "broken" | "lost" | "fixed" | "gained";

export interface Change {
  /** Of the check, or of the scenario and its world. */
  readonly id: string;
  readonly kind: ChangeKind;
  /** Absent: it was not there. */
  readonly before?: Outcome;
  readonly after?: Outcome;
  readonly why?: string;
  readonly replay?: string;
}

export interface LevelChange {
  readonly name: string;
  readonly before: CertifiedLevel["verdict"];
  readonly after: CertifiedLevel["verdict"];
}

export interface Comparison {
  /** Worst first. */
  readonly changes: readonly Change[];
  readonly levels: readonly LevelChange[];
  /** How many were the same in both. */
  readonly same: number;
  /** Something fails, or is no longer assessed, that was not so before. */
  readonly isWorse: boolean;
}

interface Entry {
  readonly outcome: Outcome;
  readonly why?: string | undefined;
  readonly replay?: string | undefined;
}

const worstFirst: readonly ChangeKind[] = ["failing", "broken", "lost", "fixed", "gained"];

export function compareRuns(before: RunResult, after: RunResult): Comparison {
  const isOfChecks = before.certification !== undefined && after.certification !== undefined;
  const left = isOfChecks ? checkEntries(before) : scenarioEntries(before);
  const right = isOfChecks ? checkEntries(after) : scenarioEntries(after);
  const ids = [...new Set([...left.keys(), ...right.keys()])];
  const changes = ids.flatMap((id) => changeOf(id, left.get(id), right.get(id)) ?? []);
  const ordered = changes.toSorted(
    (one, other) => worstFirst.indexOf(one.kind) - worstFirst.indexOf(other.kind),
  );
  const levels = levelChanges(before, after);
  return {
    changes: ordered,
    levels,
    same: ids.filter((id) => left.get(id)?.outcome === right.get(id)?.outcome).length,
    isWorse:
      changes.some(({ kind }) => kind === "failing" || kind === "broken" || kind === "lost") ||
      levels.some((level) => level.before === "granted"),
  };
}

function checkEntries({ certification }: RunResult): ReadonlyMap<string, Entry> {
  return new Map(certification!.checks.map(({ id, outcome, why, replay }) => [id, { outcome, why, replay }]));
}

function scenarioEntries({ results }: RunResult): ReadonlyMap<string, Entry> {
  return new Map(
    results.map(({ id, world, outcome, missing, replay }) => {
      const why = outcome === "blocked" ? `needs ${missing.join(", ")}` : undefined;
      return [`${id} (${world})`, { outcome, why, replay }];
    }),
  );
}

type Standing = "passes" | "fails" | "breaks" | "is not assessed";

/** Advice that is not followed was assessed, and fails nothing. */
function standingOf(outcome: Outcome | undefined): Standing {
  switch (outcome) {
    case "pass":
    case "advice":
      return "passes";
    case "fail":
    case "drifted":
      return "fails";
    case "error":
      return "breaks";
    case "blocked":
    case "unsupported":
    case "skipped":
    case undefined:
      return "is not assessed";
  }
}

function changeOf(id: string, before: Entry | undefined, after: Entry | undefined): Change | undefined {
  const [was, is] = [standingOf(before?.outcome), standingOf(after?.outcome)];
  const kind = kindOf(was, is);
  if (kind === undefined) return undefined;
  return {
    id,
    kind,
    ...(before === undefined ? {} : { before: before.outcome }),
    ...(after === undefined ? {} : { after: after.outcome }),
    ...(after?.why === undefined ? {} : { why: after.why }),
    ...(after?.replay === undefined || is === "passes" ? {} : { replay: after.replay }),
  };
}

function kindOf(was: Standing, is: Standing): ChangeKind | undefined {
  if (was === is) return undefined;
  switch (is) {
    case "fails":
      return "failing";
    case "breaks":
      return "broken";
    case "is not assessed":
      return "lost";
    case "passes":
      return was === "fails" ? "fixed" : "gained";
  }
}

function levelChanges(before: RunResult, after: RunResult): readonly LevelChange[] {
  const verdicts = new Map(before.certification?.levels.map(({ name, verdict }) => [name, verdict]));
  return (after.certification?.levels ?? []).flatMap(({ name, verdict }) => {
    const was = verdicts.get(name);
    return was === undefined || was === verdict ? [] : [{ name, before: was, after: verdict }];
  });
}
