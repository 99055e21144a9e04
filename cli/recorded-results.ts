// Reads a results.json back, as far as a replay needs it. The file may come from anywhere, so nothing of it is trusted.
import { join } from "node:path";
import { z } from "zod";
import { resultsFileName } from "../reports/json/json-reporter.ts";
import { UsageError } from "./errors.ts";
import { readTextFile } from "./scenario-file.ts";

const recordedResult = z.object({
  id: z.string().min(1),
  world: z.enum(["sim", "live"]),
  seed: z.string(),
  outcome: z.enum(["pass", "fail", "drifted", "blocked", "error", "skipped"]),
  digest: z.string().optional(),
});

const document = z.object({
  format: z.literal("seatrial-results/1"),
  version: z.string().optional(),
  results: z.array(recordedResult),
});

export type RecordedResult = z.infer<typeof recordedResult>;

export interface RecordedResults {
  /** Of the Seatrial that wrote it. */
  readonly version?: string | undefined;
  readonly results: readonly RecordedResult[];
}

/** Errors: UsageError where the text is no results document. */
export function readRecordedResults(text: string, file: string): RecordedResults {
  const parsed = document.safeParse(parseJson(text, file));
  if (parsed.success) return parsed.data;
  throw new UsageError(`${file} is no results document of Seatrial:\n${z.prettifyError(parsed.error)}`);
}

/** The ids of what failed in the results.json of a folder, for `--last-failed`.
 *  Errors: UsageError where there is none to read. */
export function lastFailedIn(folder: string): {
  readonly failed: ReadonlySet<string>;
  readonly file: string;
} {
  const file = join(folder, resultsFileName);
  const { results } = readRecordedResults(readTextFile(file), file);
  const failed = results.filter(({ outcome }) => outcome === "fail" || outcome === "error");
  return { failed: new Set(failed.map(({ id }) => id)), file };
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file} is no JSON: ${(error as Error).message}`, { cause: error });
  }
}
