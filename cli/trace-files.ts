// What a failed run of the real world leaves for whoever wants to understand it: the scenario as it was run and all that
// happened, in one file of its own. A simulated run needs none, because it can be made again.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { History } from "../invariants/history.ts";
import type { Reporter } from "../reports/reporter.ts";
import { writeAtomically } from "../reports/write-atomically.ts";
import { scenarioProtocols } from "../scenarios/catalogue.ts";
import { formatErrors, parseScenarios } from "../scenarios/format/parse.ts";
import { stringifyScenario } from "../scenarios/format/stringify.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { UsageError } from "./errors.ts";
import { protocolOf } from "./protocols.ts";
import { readTextFile } from "./scenario-file.ts";

/** A failed run of the real world. */
export interface LiveTrace {
  readonly scenario: Scenario;
  readonly history: History;
  /** The mutant that was run; absent: the reference, or somebody else's server. */
  readonly mutant?: string | undefined;
}

const format = "seatrial-trace/1";

/** Where the trace of a scenario goes, below the folder of the reports. */
export const traceFile = (outputDir: string, id: string): string => join(outputDir, "traces", `${id}.json`);

export interface TraceOptions {
  readonly outputDir: string;
  readonly scenarios: readonly Scenario[];
  readonly mutant?: string | undefined;
}

/** Writes a trace for each run of the live world that fails. */
export function createTraceWriter({ outputDir, scenarios, mutant }: TraceOptions): Reporter {
  const known = new Map(scenarios.map((scenario) => [scenario.id, scenario]));
  return {
    onScenarioEnd({ id, world, history }) {
      const scenario = known.get(id);
      if (world !== "live" || history === undefined || scenario === undefined) return;
      writeTrace(outputDir, { scenario, history, mutant });
    },
  };
}

/** Answers where it was written. */
export function writeTrace(outputDir: string, { scenario, history, mutant }: LiveTrace): string {
  const file = traceFile(outputDir, scenario.id);
  const text = stringifyScenario(scenario, protocolOf(scenario.protocol).vocabulary);
  const trace = { format, ...(mutant === undefined ? {} : { mutant }), scenario: text, history };
  writeAtomically(file, `${JSON.stringify(trace, null, 1)}\n`);
  return file;
}

const event = z.looseObject({ kind: z.string(), at: z.number(), actor: z.string() });
const document = z.object({
  format: z.literal(format),
  mutant: z.string().optional(),
  scenario: z.string(),
  history: z.object({
    protocol: z.string(),
    scenario: z.string(),
    seed: z.string(),
    world: z.string(),
    settings: z.record(z.string(), z.number()).optional(),
    events: z.array(event),
  }),
});

/** Reads a trace back, or the one that lies beside a results.json for a scenario's id. Nothing of it is trusted.
 *  Errors: UsageError. */
export function readTrace(file: string, id: string | undefined): LiveTrace {
  const path = id === undefined ? file : traceFile(dirname(file), id);
  if (id !== undefined && !existsSync(path))
    throw new UsageError(
      `there is no trace of ${id} at ${path}; only runs of the live world that fail leave one`,
    );
  const parsed = document.safeParse(parseJson(readTextFile(path), path));
  if (!parsed.success)
    throw new UsageError(`${path} is no trace of Seatrial:\n${z.prettifyError(parsed.error)}`);
  const { scenario: text, history, mutant } = parsed.data;
  const scenarios = parseScenarios(text, { protocols: scenarioProtocols, file: path });
  if (!scenarios.ok) throw new UsageError(formatErrors(scenarios.errors));
  const [scenario] = scenarios.scenarios;
  if (scenario === undefined) throw new UsageError(`${path} holds no scenario`);
  return { scenario, history: history as unknown as History, mutant };
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file} is no JSON: ${(error as Error).message}`, { cause: error });
  }
}
