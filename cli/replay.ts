// `seatrial replay`: a scenario file, or what failed in a results.json, again, under the same seed. Says whether it is
// the same run: in the simulation the digest proves it.
import { existsSync, readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { Argument, Command, Option } from "commander";
import { stormScenario } from "../explore/storm.ts";
import type { RunResult } from "../invariants/result.ts";
import { loadCatalogue, scenarioProtocols } from "../scenarios/catalogue.ts";
import { formatErrors, parseScenarios } from "../scenarios/format/parse.ts";
import { didYouMean } from "../scenarios/format/suggest.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { UsageError } from "./errors.ts";
import { addHelp } from "./help.ts";
import { createLiveRunner } from "./live-runner.ts";
import { addRunOptions, type RunFlags, splitAtDashes } from "./options.ts";
import { type RecordedResult, readRecordedResults } from "./recorded-results.ts";
import { runInWorlds } from "./run-in-worlds.ts";
import type { RunPart } from "./run-scenarios.ts";
import { createSimRunner } from "./sim-runner.ts";
import { addTargetOptions, type TargetFlags } from "./target-options.ts";
import type { WorldRunner } from "./world-runner.ts";

interface ReplayFlags extends RunFlags, TargetFlags {
  readonly world?: "sim" | "live";
  /** What stands behind `--`. */
  readonly server?: readonly string[];
}

export function createReplayCommand(): Command {
  const command = new Command("replay").addArgument(
    new Argument("<file>", "a scenario file, or a results.json"),
  );
  return addHelp(addTargetOptions(addRunOptions(command, { outputDir: "seatrial-report/replay" })), {
    summary: "run a scenario file, or what failed in a results.json, again",
    sentence:
      "Runs a scenario file again, or entries of a results.json, each in its world and under its seed, and says whether the same happened. Without ids: what failed.",
    examples: [
      ["seatrial replay seatrial-report/storm-17.yaml", "a storm that was written down"],
      ["seatrial replay seatrial-report/results.json", "everything that failed in that run"],
      ["seatrial replay seatrial-report/results.json waveflow/push/retry", "one entry, failed or not"],
      [
        "seatrial replay seatrial-report/traces/waveflow/push/retry.yaml -- ./my-server",
        "against another build",
      ],
    ],
  })
    .addOption(new Option("--world <name>", "instead of the world of the record").choices(["sim", "live"]))
    .action(async (file: string, words: string[], given: ReplayFlags, self: Command) => {
      const { ids, server } = splitAtDashes(words, self);
      const isOfTarget = server !== undefined || given.url !== undefined;
      const flags: ReplayFlags = {
        ...(isOfTarget ? { world: "live" as const } : {}),
        ...given,
        ...(server === undefined ? {} : { server }),
      };
      const text = readText(file);
      if (extname(file) === ".json") await replayRecord(file, text, ids, flags);
      else await replayScenarioFile(file, text, ids, flags);
    });
}

async function replayScenarioFile(
  file: string,
  text: string,
  ids: readonly string[],
  flags: ReplayFlags,
): Promise<void> {
  const parsed = parseScenarios(text, { protocols: scenarioProtocols, file });
  if (!parsed.ok) throw new UsageError(formatErrors(parsed.errors));
  const scenarios = parsed.scenarios.filter(({ id }) => ids.length === 0 || ids.includes(id));
  if (scenarios.length === 0) throw new UsageError(`${file} has no scenario ${ids.join(", ")}`);
  await runInWorlds(
    [{ world: await runnerFor(flags.world ?? "sim", flags), scenarios, isReplay: true }],
    flags,
  );
}

async function replayRecord(
  file: string,
  text: string,
  ids: readonly string[],
  flags: ReplayFlags,
): Promise<void> {
  const { results: all, version: recordedWith } = readRecordedResults(text, file);
  const recorded = all.filter(({ id, outcome }) =>
    ids.length === 0 ? failedOutcomes.has(outcome) : ids.includes(id),
  );
  if (recorded.length === 0) {
    const known = all.map(({ id }) => id);
    throw new UsageError(
      ids.length === 0
        ? `nothing failed in ${file}; name the ids that should run again`
        : `${file} has no result of ${ids.join(", ")}${didYouMean(ids[0]!, known)}`,
    );
  }
  const parts: RunPart[] = [];
  for (const world of ["sim", "live"] as const) {
    const scenarios = recorded
      .filter((one) => (flags.world ?? one.world) === world)
      .map((one) => asRecorded(scenarioOf(one, file), one, recordedWith));
    if (scenarios.length > 0) parts.push({ world: await runnerFor(world, flags), scenarios, isReplay: true });
  }
  const run = await runInWorlds(parts, flags);
  process.stderr.write(comparison(recorded, run));
}

const failedOutcomes: ReadonlySet<string> = new Set(["fail", "error", "drifted"]);

/** The scenario under the seed of the record, and with its digest; what a file says of an older run does not count. */
function asRecorded(
  scenario: Scenario,
  { seed, digest }: RecordedResult,
  recordedWith: string | undefined,
): Scenario {
  const { digest: _digest, recordedWith: _version, ...rest } = scenario;
  return {
    ...rest,
    seed,
    ...(digest === undefined ? {} : { digest }),
    ...(recordedWith === undefined ? {} : { recordedWith }),
  };
}

/** From the catalogue; a storm or an account of a soak from the file that was written beside the record, a storm also
 *  from its seed. */
function scenarioOf({ id, seed }: RecordedResult, file: string): Scenario {
  const known = loadCatalogue().scenarios.find((scenario) => scenario.id === id);
  if (known !== undefined) return known;
  for (const name of [`storm-${seed.replaceAll(/[^\w.-]/g, "_")}`, `soak-${id.split("/").at(-1)!}`]) {
    const written = join(dirname(file), `${name}.yaml`);
    if (!existsSync(written)) continue;
    const parsed = parseScenarios(readText(written), { protocols: scenarioProtocols, file: written });
    if (parsed.ok && parsed.scenarios[0]?.id === id) return parsed.scenarios[0];
  }
  const storm = stormScenario(seed);
  if (storm.id === id) return storm;
  throw new UsageError(`this Seatrial has no scenario ${id}; was the record made by another version?`);
}

function comparison(recorded: readonly RecordedResult[], run: RunResult): string {
  return recorded
    .map(({ id, world, outcome, digest }) => {
      const sameWorld = run.results.find((result) => result.id === id && result.world === world);
      const again = sameWorld ?? run.results.find((result) => result.id === id);
      if (again === undefined) return "";
      // A run that is another one is told as drifted, with the rest.
      if (again.drift !== undefined) return "";
      if (digest !== undefined && digest === again.digest)
        return `${id}: the same run as recorded, digest ${digest}\n`;
      return `${id}: ${again.outcome} now, ${outcome} when recorded\n`;
    })
    .join("");
}

async function runnerFor(world: "sim" | "live", flags: ReplayFlags): Promise<WorldRunner> {
  return world === "sim" ? createSimRunner() : await createLiveRunner(flags);
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`, { cause: error });
  }
}
