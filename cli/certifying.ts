// A certification from its settings to its verdict: what is run against whom, and what is made of it.
import { readFileSync, writeFileSync } from "node:fs";
import {
  type BaselineEntry,
  baselineFileName,
  readBaseline,
  writeBaseline,
} from "../certify/baseline-file.ts";
import { certify } from "../certify/certification.ts";
import type { Certification, CertifiedTarget } from "../invariants/certification-result.ts";
import type { TargetSpec } from "../live/subjects/target.ts";
import { formatErrors } from "../scenarios/format/parse.ts";
import { didYouMean } from "../scenarios/format/suggest.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { certifyExitCode } from "./certify-exit.ts";
import { type CertifyItem, certifyItems, type ProbeNotes } from "./certify-items.ts";
import { UsageError } from "./errors.ts";
import { createLiveRunner } from "./live-runner.ts";
import { type RunFlags, scenariosFor } from "./options.ts";
import { type ProtocolEntry, protocolNamed } from "./protocols.ts";
import { runInWorlds } from "./run-in-worlds.ts";
import { selectScenarios } from "./select.ts";
import { type TargetFlags, targetOf } from "./target-options.ts";
import type { WorldRunner } from "./world-runner.ts";

export interface CertifyFlags extends RunFlags, TargetFlags {
  readonly level?: readonly string[];
  readonly baseline?: string;
  readonly updateBaseline?: true;
  readonly strict?: true;
  readonly list?: true;
}

/** Errors: UsageError, before anything is started; SetupError where the target does not come up. */
export async function runCertification(
  ids: readonly string[],
  server: readonly string[] | undefined,
  flags: CertifyFlags,
): Promise<void> {
  const protocol = protocolNamed(flags.protocol ?? "waveflow");
  const { profile } = protocol;
  const asked = askedLevels(protocol, flags.level);
  const target = targetOf(flags, server);
  if (target === undefined && flags.list !== true) {
    throw new UsageError(
      "there is nobody to certify; expected --url, a command behind --, or a config file that says server.url or server.command",
    );
  }
  const known = readKnown(flags.baseline);
  const notes: ProbeNotes = { observations: [], unsupported: new Set() };
  const world = await createLiveRunner({ ...flags, ...(target === undefined ? {} : { target }) });
  const items = certifyItems({
    scenarios: scenariosFor([], { protocol: protocol.name }),
    probes: await protocol.probes(),
    profile,
    borrowTarget: (name) => world.probeTarget(name),
    notes,
  });
  const ofLevels = items.filter(({ level }) => asked.includes(level));
  const { grep, grepInvert } = flags;
  const chosen = selectScenarios(
    ofLevels.map(({ scenario }) => scenario),
    {
      ids,
      ...(grep === undefined ? {} : { grep }),
      ...(grepInvert === undefined ? {} : { grepInvert }),
    },
  );
  checkBaselineIds(known, items);
  if (flags.list === true) {
    process.stdout.write(
      listText(
        ofLevels.filter(({ scenario }) => chosen.includes(scenario)),
        asked,
      ),
    );
    return;
  }
  const byId = new Map(items.map((item) => [item.scenario.id, item]));
  const sum = (run: Parameters<typeof certify>[0]["run"]): Certification =>
    certify({
      run,
      profile,
      asked,
      levelOf: (id) => byId.get(id)!.level,
      isProbe: (id) => byId.get(id)!.isProbe,
      unsupported: notes.unsupported,
      target: describe(target!),
      configuration: {},
      ...(flags.seed === undefined ? {} : { seed: flags.seed }),
      isWhole: chosen.length === ofLevels.length,
      observations: notes.observations,
      baseline: {
        known,
        ...(flags.baseline === undefined ? {} : { file: flags.baseline }),
        today: new Date().toISOString().slice(0, 10),
      },
    });
  const run = await runInWorlds([{ world: worldOf(world, byId), scenarios: chosen }], flags, {
    finish: async (ran) => ({ ...ran, certification: sum(ran) }),
    exitCodeOf: (ran) => certifyExitCode(ran, ran.certification!, { isStrict: flags.strict === true }),
  });
  if (flags.updateBaseline === true) updateBaseline(flags.baseline ?? baselineFileName, run.certification!);
}

/** Runs items in the world: scenarios as they are, probes and sweeps in their own way. */
function worldOf(world: WorldRunner, items: ReadonlyMap<string, CertifyItem>): WorldRunner {
  const isPlain = ({ id }: Scenario): boolean => items.get(id)?.run === undefined;
  return {
    ...world,
    prepare: (scenarios) => world.prepare?.(scenarios.filter(isPlain)),
    run: (scenario, options) => {
      const item = items.get(scenario.id);
      return item?.run === undefined ? world.run(scenario, options) : item.run(world, options);
    },
  };
}

function askedLevels({ profile }: ProtocolEntry, wanted: readonly string[] | undefined): readonly string[] {
  const names = profile.levels.map(({ name }) => name);
  for (const name of wanted ?? []) {
    if (names.includes(name)) continue;
    throw new UsageError(
      `${profile.protocol} has no level "${name}"${didYouMean(name, names)}; it has ${names.join(", ")}`,
    );
  }
  return names.filter((name) => wanted?.includes(name) ?? true);
}

function readKnown(file: string | undefined): readonly BaselineEntry[] {
  if (file === undefined) return [];
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read the baseline ${file}: ${(error as Error).message}`, { cause: error });
  }
  const reading = readBaseline(text, file);
  if (!reading.ok) throw new UsageError(`the baseline cannot be used:\n${formatErrors(reading.errors)}`);
  return reading.entries;
}

/** An entry that matches nothing excuses nothing, and hides that it does not.  Errors: UsageError. */
function checkBaselineIds(known: readonly BaselineEntry[], items: readonly CertifyItem[]): void {
  const ids = items.map(({ scenario }) => scenario.id);
  for (const { id } of known) {
    const [scenario = ""] = id.split("::");
    if (ids.includes(scenario)) continue;
    throw new UsageError(
      `the baseline names ${id}, and there is no scenario "${scenario}"${didYouMean(scenario, ids)}`,
    );
  }
}

function updateBaseline(file: string, { checks }: Certification): void {
  const failing = checks.filter(({ outcome }) => outcome === "fail");
  let before: string | undefined;
  let entries: readonly BaselineEntry[] = [];
  try {
    before = readFileSync(file, "utf8");
    const reading = readBaseline(before, file);
    if (reading.ok) entries = reading.entries;
  } catch {
    before = undefined;
  }
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const day = new Date().toISOString().slice(0, 10);
  const now = failing.map(
    ({ id }) => byId.get(id) ?? { id, reason: `failed on ${day}; nobody has said why yet` },
  );
  writeFileSync(file, writeBaseline(now, before));
}

const describe = (target: TargetSpec): CertifiedTarget => ({
  title: target.kind === "url" ? target.url : target.command.title,
  kind: target.kind,
  said: {},
});

function listText(items: readonly CertifyItem[], levels: readonly string[]): string {
  const lines = levels.flatMap((level) => {
    const own = items.filter((item) => item.level === level);
    return [`${level}: ${own.length}`, ...own.map(({ scenario }) => `  ${scenario.id}`), ""];
  });
  return `${lines.join("\n")}${items.length} in all\n`;
}
