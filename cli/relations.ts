// `seatrial explore --relations`: small sequential plans, each run once as it is and once with every change that must not
// matter (other batches, a repeated message, an idle device, other names …). What differs at the end is a violation; both
// plans are written down.
import { join, resolve } from "node:path";
import { checkRelations, relations, type RelationVerdict } from "../explore/metamorphic/check-relations.ts";
import { buildOf } from "../explore/search-trial.ts";
import type { RunResult, ScenarioResult } from "../invariants/result.ts";
import { writeAtomically } from "../reports/write-atomically.ts";
import { stringifyScenario } from "../scenarios/format/stringify.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { emptyResult } from "./empty-result.ts";
import { exitCodes } from "./exit-codes.ts";
import type { ExploreFlags } from "./explore.ts";
import { watchInterrupts } from "./interrupt.ts";
import { givenCommand, replayCommand } from "./invocation.ts";
import { mutantOrUsageError, protocolNamed, type ProtocolEntry } from "./protocols.ts";
import { createReporters, interruptReporters } from "./reporting.ts";
import { defaultSeed } from "./run-scenarios.ts";
import { version } from "./version.ts";

const defaultSeeds = 200;

/** What became of one relation over all plans. */
interface Tally {
  held: number;
  /** Plans that had no place for the change. */
  idle: number;
  found: RelationVerdict | undefined;
}

/** Checks every relation on so many plans; reports; sets the exit code of the process: 4 where a relation never had a
 *  case. */
export async function runRelations(flags: ExploreFlags): Promise<void> {
  const entry = protocolNamed(flags.protocol);
  const mutant = mutantOrUsageError(entry, flags.mutant);
  const build = await buildOf(entry, mutant);
  const base = flags.seed ?? defaultSeed;
  const seedsTotal = flags.seeds ?? (flags.for === undefined ? defaultSeeds : Infinity);
  const tallies = new Map<string, Tally>(
    relations.map(({ name }) => [name, { held: 0, idle: 0, found: undefined }]),
  );
  const reporters = createReporters(flags);
  const interrupts = watchInterrupts(() => interruptReporters(reporters));
  const startedAt = new Date();
  const elapsedMs = (): number => Date.now() - startedAt.getTime();
  const plan = { version: version(), command: givenCommand() } as const;
  for (const reporter of reporters)
    reporter.onRunBegin?.({ ...plan, worlds: [{ world: "sim", scenarios: relations.length }] });
  let seedsDone = 0;
  const violations = (): number => [...tallies.values()].filter(({ found }) => found !== undefined).length;
  const tell = (closing?: readonly string[]): void => {
    for (const reporter of reporters) {
      reporter.onProgress?.({
        name: "relations",
        unit: "comparisons",
        seedsDone: seedsDone * relations.length,
        seedsTotal: (Number.isFinite(seedsTotal) ? seedsTotal : seedsDone) * relations.length,
        events: 0,
        elapsedMs: elapsedMs(),
        faults: {},
        violations: violations(),
        ...(flags.for === undefined ? {} : { timeTotalMs: flags.for }),
        ...(closing === undefined ? {} : { closing }),
      });
    }
  };
  try {
    while (
      seedsDone < seedsTotal &&
      violations() < flags.bail &&
      elapsedMs() < (flags.for ?? Infinity) &&
      !interrupts.signal.aborted
    ) {
      const verdicts = await checkRelations(build, entry.relations, `${base}-${seedsDone}`);
      for (const verdict of verdicts) count(tallies.get(verdict.relation)!, verdict);
      seedsDone++;
      tell();
      // Reporters paint, and Ctrl-C is heard.
      await new Promise((resolve) => setImmediate(resolve));
    }
    tell([...tallies].map(([name, tally]) => tallyLine(name, tally)));
    const replay = replayCommand([
      ...["explore", "--relations", "--seeds", String(seedsDone), "--seed", base],
      ...(mutant === undefined ? [] : ["--mutant", mutant]),
    ]);
    const results = relations.map((relation) =>
      resultOf(relation, tallies.get(relation.name)!, { entry, seed: base, replay, flags }),
    );
    const result: RunResult = {
      ...plan,
      startedAt: startedAt.toISOString(),
      durationMs: elapsedMs(),
      node: process.version,
      interrupted: interrupts.signal.aborted,
      results,
    };
    for (const reporter of reporters) reporter.onRunEnd?.(result);
    process.exitCode = interrupts.code() ?? exitCodeOf(tallies);
  } finally {
    interrupts.stopWatching();
  }
}

function count(tally: Tally, verdict: RelationVerdict): void {
  if (verdict.outcome === "holds") tally.held++;
  else if (verdict.outcome === "inconclusive") tally.idle++;
  else tally.found ??= verdict;
}

function tallyLine(name: string, { held, idle, found }: Tally): string {
  if (found !== undefined) return `${name}: VIOLATED by the plan of seed ${found.seed}`;
  return `${name}: held on ${held} plans${idle === 0 ? "" : `, ${idle} had no place for it`}`;
}

function exitCodeOf(tallies: ReadonlyMap<string, Tally>): number {
  const all = [...tallies.values()];
  if (all.some(({ found }) => found !== undefined)) return exitCodes.violation;
  return all.some(({ held }) => held === 0) ? exitCodes.notAssessed : exitCodes.ok;
}

function resultOf(
  { name, promise }: { readonly name: string; readonly promise: string },
  { held, found }: Tally,
  given: {
    readonly entry: ProtocolEntry;
    readonly seed: string;
    readonly replay: string;
    readonly flags: ExploreFlags;
  },
): ScenarioResult {
  const { entry, seed, replay, flags } = given;
  const written = found === undefined ? [] : writePlans(found, entry, flags.outputDir);
  const check = {
    pass: false,
    line: 1,
    text: `the same with and without the change (${written.join(", ")})`,
    expected: promise,
    seen: found?.explanation ?? "",
  };
  return {
    ...emptyResult({
      id: `${entry.name}/relations/${name}`,
      title: promise,
      protocol: entry.id,
      requirements: [],
      world: "sim",
      seed,
      replay,
    }),
    outcome: found !== undefined ? "fail" : held > 0 ? "pass" : "skipped",
    checks: found === undefined ? [] : [check],
  };
}

/** Both plans as files, so that they can be read beside each other and replayed. */
function writePlans(
  { relation, plan, changed }: RelationVerdict,
  { vocabulary }: ProtocolEntry,
  outputDir: string,
): readonly string[] {
  const write = (which: string, scenario: Scenario): string => {
    const file = join(outputDir, "found", `${relation}-${which}.yaml`);
    writeAtomically(resolve(file), stringifyScenario(scenario, vocabulary));
    return file;
  };
  return [write("plain", plan), ...(changed === undefined ? [] : [write("changed", changed)])];
}
