// Results documents as commands are given them: a file, or the folder that holds a results.json.
import { statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { NoResults, readResults } from "../certify/read-results.ts";
import type { RunResult } from "../invariants/result.ts";
import { resultsFileName } from "../reports/json/json-reporter.ts";
import { UsageError } from "./errors.ts";
import { readTextFile } from "./scenario-file.ts";

/** The file that a path means: itself, or `name` in the folder that it is. */
export function fileIn(path: string, name: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? join(path, name) : path;
}

/** Errors: UsageError where there is none to read. */
export function readResultsFile(path: string): { readonly file: string; readonly run: RunResult } {
  const file = fileIn(path, resultsFileName);
  try {
    return { file, run: readResults(readTextFile(file), file) };
  } catch (error) {
    if (error instanceof NoResults) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/** What a results.json is called among others: by its folder, unless its name says more. */
export function shortName(file: string): string {
  const own = basename(file, ".json");
  return own === basename(resultsFileName, ".json") ? basename(dirname(resolve(file))) : own;
}
