// A certification from its settings to its verdict: what is run against whom, and what is made of it.
import { baselineFileName } from "../certify/baseline-file.ts";
import { certify } from "../certify/certification.ts";
import type { Settings } from "../certify/settings.ts";
import type { Certification, CertifiedTarget } from "../invariants/certification-result.ts";
import type { RunResult } from "../invariants/result.ts";
import { secretsOf, type TargetSpec, withoutSecrets } from "../live/subjects/target.ts";
import type { JsonObject } from "../protocol/json.ts";
import { didYouMean } from "../scenarios/format/suggest.ts";
import { checkAgainst, differencesAgainst } from "./certify-against.ts";
import { readKnown, updateBaseline } from "./certify-baseline.ts";
import { describeTarget } from "./certify-target.ts";
import { certifyExitCode } from "./certify-exit.ts";
import { defaultTracesMax, withMinimalTraces } from "./certify-finish.ts";
import { chooseItems } from "./certify-choice.ts";
import { type CertifyItem, certifyItems, type ProbeNotes } from "./certify-items.ts";
import { certifyWorld } from "./certify-world.ts";
import { SetupError, UsageError } from "./errors.ts";
import { createLiveRunner, targetWords } from "./live-runner.ts";
import { scenariosFor } from "./options.ts";
import { type ProtocolEntry, protocolNamed } from "./protocols.ts";
import { runInWorlds } from "./run-in-worlds.ts";
import type { Shard } from "./select.ts";
import { type TargetFlags, targetOf } from "./target-options.ts";

export interface CertifyRequest {
  readonly ids: readonly string[];
  /** What stands behind `--`. */
  readonly server: readonly string[] | undefined;
  readonly settings: Settings;
  /** What of the command line is about the target. */
  readonly flags: TargetFlags & {
    readonly json?: boolean;
    readonly updateBaseline?: true;
    readonly list?: true;
    readonly shard?: Shard;
    readonly lastFailed?: true;
    /** For how many broken rules a failure is made small. */
    readonly traces?: number;
    /** Another server that the same steps are run on. */
    readonly against?: string;
  };
}

/** Errors: UsageError, before anything is started. A target that does not come up is in the exit code. */
export async function runCertification(request: CertifyRequest): Promise<void> {
  const { settings, flags, ids } = request;
  const protocol = protocolNamed(settings.protocol);
  const asked = askedLevels(protocol, settings);
  const target = targetOf(
    { ...flags, ...(settings.iOwnThisServer ? { iOwnThisServer: true as const } : {}) },
    request.server,
    settings.target,
  );
  if (flags.list !== true && target === undefined) {
    throw new UsageError(
      "there is nobody to certify; expected --url, a command behind --, or a config file with server.url or server.command",
    );
  }
  const notes: ProbeNotes = { observations: [], unsupported: new Set() };
  const runnerFlags = {
    ...flags,
    workers: settings.workers,
    timeout: settings.timeoutMs,
    ...(settings.database === undefined ? {} : { database: settings.database }),
    ...(target === undefined ? {} : { target }),
  };
  if (flags.against !== undefined) checkAgainst(flags.against, runnerFlags);
  const world = await createLiveRunner(runnerFlags);
  const items = certifyItems({
    scenarios: scenariosFor([], { protocol: protocol.name }),
    probes: await protocol.probes(),
    profile: protocol.profile,
    lender: world,
    declared: settings.abilities,
    notes,
  });
  const { shard, lastFailed } = flags;
  const chosen = chooseItems(items, { asked, ids, settings, shard, lastFailed });
  if (flags.list === true || target === undefined) {
    process.stdout.write(listText(chosen.items, asked));
    return;
  }
  const known = readKnown(
    settings.baseline,
    items.map(({ scenario }) => scenario.id),
  );
  const today = new Date().toISOString().slice(0, 10);
  const byId = new Map(items.map((item) => [item.scenario.id, item]));
  const certificationOf = (run: RunResult, described: CertifiedTarget): Certification =>
    certify({
      run,
      profile: protocol.profile,
      asked,
      levelOf: (id) => byId.get(id)!.level,
      isProbe: (id) => byId.get(id)!.isProbe,
      unsupported: notes.unsupported,
      target: described,
      configuration: configurationOf(settings, target),
      ...(settings.seed === undefined ? {} : { seed: settings.seed }),
      isWhole: chosen.isWhole,
      ...(chosen.shard === undefined ? {} : { shard: chosen.shard }),
      observations: notes.observations,
      baseline: { known, ...(settings.baseline === undefined ? {} : { file: settings.baseline }), today },
    });
  const laws = serverLaws(protocol);
  const tell = tellNow(settings.reporters.includes("terminal"));
  const run = await runInWorlds(
    [
      {
        world: certifyWorld(world, byId),
        scenarios: chosen.items.map(({ scenario }) => scenario),
      },
    ],
    { ...settings, reporter: settings.reporters, ...(flags.json === true ? { json: true } : {}) },
    {
      laws,
      finish: async (ran, signal) => {
        const certification = certificationOf(ran, await describeTarget(target, { world, protocol }));
        const plain = items.filter((item) => item.run === undefined).map(({ scenario }) => scenario);
        const small = await withMinimalTraces(ran, {
          certification,
          scenarios: new Map(plain.map((scenario) => [scenario.id, scenario])),
          tracesMax: flags.traces ?? defaultTracesMax,
          context: {
            world,
            protocol,
            laws,
            outputDir: settings.outputDir,
            targetWords: targetWords(target, request.server),
            ...(target.kind === "url" ? { baseUrl: target.url } : {}),
            signal,
            tell,
          },
        });
        if (flags.against === undefined) return { ...small, certification };
        const differences = await differencesAgainst({
          against: flags.against,
          protocol,
          world,
          flags: runnerFlags,
          scenarios: chosen.items.filter((item) => item.run === undefined).map(({ scenario }) => scenario),
          ...(settings.seed === undefined ? {} : { seed: settings.seed }),
          outputDir: settings.outputDir,
          signal,
          tell,
        });
        return { ...small, certification: { ...certification, differences } };
      },
      exitCodeOf: (ran) => certifyExitCode(ran, ran.certification!, { isStrict: settings.strict }),
    },
  );
  if (flags.updateBaseline !== true) return;
  if (run.results.some(({ outcome }) => outcome === "error"))
    throw new SetupError("the baseline is left as it is: the run had errors that are no failures");
  updateBaseline(settings.baseline ?? baselineFileName, run.certification!, today);
}

/** What only a device can break, the reference device stands for here: it is not on trial. */
function serverLaws({ laws, requirements }: ProtocolEntry): ProtocolEntry["laws"] {
  const ofDevices = new Set(requirements.filter(({ subject }) => subject === "device").map(({ id }) => id));
  return laws.filter((law) => law.requirements.some((id) => !ofDevices.has(id)));
}

/** Progress beside the reports, once every few seconds, on standard error. */
function tellNow(isWanted: boolean): (text: string) => void {
  let last = 0;
  return (text) => {
    const now = performance.now();
    if (!isWanted || now - last < tellEveryMs) return;
    last = now;
    process.stderr.write(`… ${text}\n`);
  };
}

const tellEveryMs = 3_000;

/** Those that were asked for by name, without those that the target declares to have nothing of.
 *  Errors: UsageError. */
function askedLevels({ profile }: ProtocolEntry, { levels, abilities }: Settings): readonly string[] {
  const names = profile.levels.map(({ name }) => name);
  const features = Object.keys(profile.features);
  for (const [word, known, what] of [
    ...(levels ?? []).map((name) => [name, names, "level"] as const),
    ...Object.keys(abilities).map((name) => [name, features, "ability to declare"] as const),
  ]) {
    if (known.includes(word)) continue;
    throw new UsageError(
      `${profile.protocol} has no ${what} "${word}"${didYouMean(word, known)}; it has ${known.join(", ")}`,
    );
  }
  const without = features.filter((name) => abilities[name] === false).map((name) => profile.features[name]!);
  for (const level of levels ?? []) {
    if (!without.includes(level)) continue;
    throw new UsageError(
      `level ${level} is asked for, and declared absent under "abilities"; expected one of them`,
    );
  }
  return names.filter((name) => (levels?.includes(name) ?? true) && !without.includes(name));
}

/** The settings as they count, without secrets. */
function configurationOf(settings: Settings, target: TargetSpec): JsonObject {
  const text = withoutSecrets(JSON.stringify({ ...settings, target: undefined }), secretsOf(target));
  return JSON.parse(text) as JsonObject;
}

function listText(items: readonly CertifyItem[], levels: readonly string[]): string {
  const lines = levels.flatMap((level) => {
    const own = items.filter((item) => item.level === level);
    return own.length === 0
      ? []
      : [`${level}: ${own.length}`, ...own.map(({ scenario }) => `  ${scenario.id}`), ""];
  });
  return [...lines, `${items.length} in all`, ""].join("\n");
}
