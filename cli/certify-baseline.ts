// The baseline of a certification as a file: read before anything is run, written where that was asked for.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type BaselineEntry, readBaseline, writeBaseline } from "../certify/baseline-file.ts";
import type { Certification } from "../invariants/certification-result.ts";
import { formatErrors } from "../scenarios/format/parse.ts";
import { didYouMean } from "../scenarios/format/suggest.ts";
import { UsageError } from "./errors.ts";

/** The known failures. `scenarios`: the ids of all that could be run; an entry about none of them would excuse nothing,
 *  and hide that it does not.
 *  Errors: UsageError. */
export function readKnown(file: string | undefined, scenarios: readonly string[]): readonly BaselineEntry[] {
  if (file === undefined) return [];
  const entries = entriesOf(file);
  for (const { id, line } of entries) {
    const [scenario = ""] = id.split("::");
    if (scenarios.includes(scenario)) continue;
    throw new UsageError(
      `${file}:${line}: there is no scenario "${scenario}" that this protocol's certification runs${didYouMean(scenario, scenarios)}`,
    );
  }
  return entries;
}

/** Writes exactly the failures of this run; what people wrote about those that stay is kept, and so is every entry about
 *  a check that the run did not assess. */
export function updateBaseline(file: string, { checks }: Certification, today: string): void {
  const before = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  const entries = before === undefined ? [] : entriesOf(file);
  const assessed = new Set(
    checks.filter(({ outcome }) => outcome === "pass" || outcome === "fail").map(({ id }) => id),
  );
  const failing = checks.filter(({ outcome }) => outcome === "fail").map(({ id }) => id);
  const reason = `found by --update-baseline on ${today}; say here why it is let pass`;
  const known = new Set(entries.map(({ id }) => id));
  const kept = entries.filter(({ id }) => failing.includes(id) || !assessed.has(id));
  const added = failing.filter((id) => !known.has(id)).map((id) => ({ id, reason }));
  writeFileSync(file, writeBaseline([...kept, ...added], before));
}

function entriesOf(file: string): Extract<ReturnType<typeof readBaseline>, { ok: true }>["entries"] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read the baseline ${file}: ${(error as Error).message}`, { cause: error });
  }
  const reading = readBaseline(text, file);
  if (reading.ok) return reading.entries;
  throw new UsageError(`the baseline cannot be used:\n${formatErrors(reading.errors)}`);
}
