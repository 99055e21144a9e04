// What a baseline does to checks: it excuses the failures that it names, each for a reason and until its day, and it
// must not outlive them. What it excuses stays a failure; a level with one is not granted.
import type { BaselineComparison, CertificationCheck } from "../invariants/certification-result.ts";

/** One failure that is known.  Source: certification.md section 4. */
export interface KnownFailure {
  /** `scenario::requirement` */
  readonly id: string;
  readonly reason: string;
  /** `YYYY-MM-DD`, the last day on which it excuses anything. */
  readonly expires?: string;
}

export interface AppliedBaseline<Check extends CertificationCheck> {
  readonly checks: readonly Check[];
  readonly comparison: BaselineComparison;
}

/** Marks the failures that are expected, and says which entries excuse nothing any more.
 *  `today`: `YYYY-MM-DD`, UTC. An entry about a check that this run left out, or could not assess, stays as it is. */
export function applyBaseline<Check extends CertificationCheck>(
  checks: readonly Check[],
  { known, file, today }: { known: readonly KnownFailure[]; file?: string; today: string },
): AppliedBaseline<Check> {
  const byId = new Map(known.map((entry) => [entry.id, entry]));
  const isOver = ({ expires }: KnownFailure): boolean => expires !== undefined && expires < today;
  const marked = checks.map((check) => {
    const entry = byId.get(check.id);
    if (check.outcome !== "fail" || entry === undefined || isOver(entry)) return check;
    return { ...check, expected: entry.reason };
  });
  const failing = marked.filter(({ outcome }) => outcome === "fail");
  const passing = new Set(checks.filter(({ outcome }) => outcome === "pass").map(({ id }) => id));
  return {
    checks: marked,
    comparison: {
      ...(file === undefined ? {} : { file }),
      expected: failing.filter(({ expected }) => expected !== undefined).map(({ id }) => id),
      unexpected: failing.filter(({ expected }) => expected === undefined).map(({ id }) => id),
      fixed: known.filter(({ id }) => passing.has(id)).map(({ id }) => id),
      expired: known.filter(isOver).map(({ id }) => id),
    },
  };
}
