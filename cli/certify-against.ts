// `--against`: the steps of the scenarios once more, on the target and on another server at the same time, and where the
// two part. Information and never a failure: what the rules say is judged without it.
import { join, resolve } from "node:path";
import { compareTargets } from "../certify/differential/compare-targets.ts";
import { differenceLine } from "../certify/differential/differences.ts";
import { writeAtomically } from "../reports/write-atomically.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { missingAbilities } from "../scenarios/format/world.ts";
import { type LiveRunnerFlags, type LiveWorldRunner, createLiveRunner } from "./live-runner.ts";
import type { ProtocolEntry } from "./protocols.ts";
import { defaultSeed } from "./run-scenarios.ts";
import { targetOf } from "./target-options.ts";

export interface AgainstOptions {
  /** `reference`, or the URL of a server that takes the target's tokens. */
  readonly against: string;
  readonly protocol: ProtocolEntry;
  readonly world: LiveWorldRunner;
  /** As the target was named; only tokens and hooks count for the other one. */
  readonly flags: LiveRunnerFlags;
  readonly scenarios: readonly Scenario[];
  readonly seed?: string;
  readonly outputDir: string;
  readonly signal: AbortSignal;
  readonly tell: (text: string) => void;
}

/** Where the other server stands, before anything runs.  Errors: UsageError. */
export function checkAgainst(against: string, flags: LiveRunnerFlags): void {
  if (against !== "reference") targetOf({ ...flags, url: against }, undefined);
}

/** The differences, a line for each kind, those first about which the rules are silent; all of them stand in
 *  `differences.json`.  Errors: SetupError where the other server does not come up. */
export async function differencesAgainst(options: AgainstOptions): Promise<readonly string[]> {
  const { against, protocol, world, flags, signal, outputDir, tell } = options;
  const { target: _target, server: _server, url: _url, ...shared } = flags;
  const other = await createLiveRunner(against === "reference" ? shared : { ...shared, url: against });
  try {
    await other.ready?.(options.scenarios);
    const scenarios = options.scenarios.filter(
      (scenario) => canRun(scenario, world) && canRun(scenario, other),
    );
    const compared = await compareTargets({
      scenarios,
      here: (scenario, asked) => world.observe(scenario, asked),
      there: (scenario, asked) => other.observe(scenario, asked),
      words: protocol.wireWords,
      seedOf: (scenario) => options.seed ?? scenario.seed ?? defaultSeed,
      width: Math.max(1, Math.floor(flags.workers / 2)),
      signal,
      onProgress: (done, total) => tell(`comparing with ${against}: ${done} of ${total}`),
    });
    const document = { against, ...compared };
    writeAtomically(join(resolve(outputDir), "differences.json"), `${JSON.stringify(document, null, 2)}\n`);
    const missed = compared.notCompared.length === 0 ? "" : `; ${compared.notCompared.length} could not be`;
    return [`${compared.compared} scenarios compared${missed}`, ...compared.groups.map(differenceLine)];
  } finally {
    await other.close();
  }
}

const canRun = (scenario: Scenario, world: LiveWorldRunner): boolean =>
  missingAbilities(scenario, world).length === 0 && (world.lacks?.(scenario) ?? []).length === 0;
