// The report of a search as a file, and what it comes to as an exit code.
import { readFileSync } from "node:fs";
import * as z from "zod";
import type { SearchProtocol } from "../explore/search-protocol.ts";
import { gapsOf, reasonsForDoubt, type SearchReport } from "../explore/search-report.ts";
import { writeAtomically } from "../reports/write-atomically.ts";
import { UsageError } from "./errors.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";

/** Grows when a member changes its meaning or goes. */
const format = "seatrial-explore/1";

const count = z.int().min(0);
const counts = z.record(z.string(), count);
const reportSchema = z.object({
  format: z.literal(format),
  protocol: z.string(),
  seed: z.string(),
  mutant: z.string().optional(),
  runs: count,
  events: count,
  cases: counts,
  faults: counts,
  situations: z.array(count),
  kept: count,
  lastRuns: count,
  newInLast: count,
  repeated: count,
  drifted: z.array(z.string()),
  findings: z.array(
    z.looseObject({ law: z.string(), signature: z.string(), count, runsBefore: count, isError: z.boolean() }),
  ),
});

/** Names every pair that was never reached as well, for whoever looks for what plans lack. */
export function writeReport(file: string, report: SearchReport, protocol: SearchProtocol): void {
  const gaps = gapsOf(report, protocol).map(({ first, second }) => ({
    [first.member]: first.value,
    [second.member]: second.value,
  }));
  writeAtomically(file, `${JSON.stringify({ format, ...report, gaps })}\n`);
}

/** Errors: UsageError where the file is no report of a search. */
export function readReport(file: string): SearchReport {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = reportSchema.safeParse(content);
  if (!parsed.success) throw new UsageError(`${file} is no report of seatrial explore`);
  const { format: _, ...report } = parsed.data;
  return report as unknown as SearchReport;
}

/** A run that was not the same again, or failed in itself, outranks a violation: who cannot trust the search should know
 *  first. */
export function explorationExitCode(report: SearchReport, protocol: SearchProtocol): ExitCode {
  if (report.drifted.length > 0 || report.findings.some(({ isError }) => isError)) return exitCodes.broken;
  if (report.findings.length > 0) return exitCodes.violation;
  return reasonsForDoubt(report, protocol).length > 0 ? exitCodes.notAssessed : exitCodes.ok;
}
