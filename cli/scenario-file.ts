// A scenario file that is given by its path.
import { readFileSync } from "node:fs";
import { scenarioProtocols } from "../scenarios/catalogue.ts";
import { formatErrors, parseScenarios } from "../scenarios/format/parse.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { UsageError } from "./errors.ts";

/** The scenarios of a file, never none.  Errors: UsageError where it cannot be read, or is no scenario. */
export function readScenarioFile(file: string): readonly Scenario[] {
  const parsed = parseScenarios(readTextFile(file), { protocols: scenarioProtocols, file });
  if (!parsed.ok) throw new UsageError(formatErrors(parsed.errors));
  return parsed.scenarios;
}

/** Errors: UsageError. */
export function readTextFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`, { cause: error });
  }
}
