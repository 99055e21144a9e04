// What a certification is going to do, worked out before anything is started: against whom, which of all that could be
// run, and which failures are known.
import type { KnownFailure } from "../certify/baseline.ts";
import type { Settings } from "../certify/settings.ts";
import type { TargetSpec } from "../live/subjects/target.ts";
import { didYouMean } from "../scenarios/format/suggest.ts";
import { checkAgainst } from "./certify-against.ts";
import { readKnown } from "./certify-baseline.ts";
import { type Choice, chooseItems } from "./certify-choice.ts";
import { type CertifyItem, certifyItems, type ProbeNotes } from "./certify-items.ts";
import { UsageError } from "./errors.ts";
import { createLiveRunner, type LiveRunnerFlags, type LiveWorldRunner } from "./live-runner.ts";
import { scenariosFor } from "./options.ts";
import { type ProtocolEntry, protocolNamed } from "./protocols.ts";
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

/** Everything that is known before the run. */
export interface CertificationPlan {
  readonly request: CertifyRequest;
  readonly flags: CertifyRequest["flags"];
  readonly settings: Settings;
  readonly protocol: ProtocolEntry;
  /** By which a server is judged. */
  readonly laws: ProtocolEntry["laws"];
  /** Names of levels. */
  readonly asked: readonly string[];
  readonly target: TargetSpec;
  /** Nothing of it is up yet. */
  readonly world: LiveWorldRunner;
  /** As the world was made. */
  readonly runnerFlags: LiveRunnerFlags;
  /** All that could be run, and what of it is. */
  readonly items: readonly CertifyItem[];
  readonly chosen: Choice;
  readonly notes: ProbeNotes;
  readonly known: readonly KnownFailure[];
  /** `YYYY-MM-DD`, UTC. */
  readonly today: string;
}

/** Errors: UsageError. */
export async function planCertification(request: CertifyRequest): Promise<CertificationPlan> {
  const { settings, flags, ids } = request;
  const protocol = protocolNamed(settings.protocol);
  const asked = askedLevels(protocol, settings);
  const leave = settings.iOwnThisServer ? { iOwnThisServer: true as const } : {};
  const target = targetOf({ ...flags, ...leave }, request.server, settings.target);
  if (target === undefined) {
    throw new UsageError(
      "there is nobody to certify; expected --url, a command behind --, or a config file with server.url or server.command",
    );
  }
  const runnerFlags = {
    ...flags,
    ...leave,
    workers: settings.workers,
    timeout: settings.timeoutMs,
    ...(settings.database === undefined ? {} : { database: settings.database }),
    target,
  };
  if (flags.against !== undefined) checkAgainst(flags.against, runnerFlags);
  const world = await createLiveRunner(runnerFlags);
  const notes: ProbeNotes = { observations: [], unsupported: new Set() };
  const items = await allItems(protocol, { world, notes, declared: settings.abilities });
  const { shard, lastFailed } = flags;
  const known = readKnown(
    settings.baseline,
    items.map(({ scenario }) => scenario.id),
  );
  return {
    request,
    flags,
    settings,
    protocol,
    laws: serverLaws(protocol),
    asked,
    target,
    world,
    runnerFlags,
    items,
    chosen: chooseItems(items, { asked, ids, settings, shard, lastFailed }),
    notes,
    known,
    today: new Date().toISOString().slice(0, 10),
  };
}

/** What would be run, by level; nobody needs to be there for it.  Errors: UsageError. */
export async function listCertification({ settings, flags, ids }: CertifyRequest): Promise<string> {
  const protocol = protocolNamed(settings.protocol);
  const asked = askedLevels(protocol, settings);
  const items = await allItems(protocol, { declared: settings.abilities });
  const { shard, lastFailed } = flags;
  return listText(chooseItems(items, { asked, ids, settings, shard, lastFailed }).items, asked);
}

async function allItems(
  protocol: ProtocolEntry,
  setup: {
    readonly world?: LiveWorldRunner;
    readonly notes?: ProbeNotes;
    readonly declared: Readonly<Record<string, boolean>>;
  },
): Promise<readonly CertifyItem[]> {
  const { world, notes = { observations: [], unsupported: new Set() }, declared } = setup;
  return certifyItems({
    scenarios: scenariosFor([], { protocol: protocol.name }),
    probes: await protocol.probes(),
    profile: protocol.profile,
    ...(world === undefined ? {} : { lender: world }),
    declared,
    notes,
  });
}

/** What only a device can break, the reference device stands for here: it is not on trial. */
function serverLaws({ laws, requirements }: ProtocolEntry): ProtocolEntry["laws"] {
  const ofDevices = new Set(requirements.filter(({ subject }) => subject === "device").map(({ id }) => id));
  return laws.filter((law) => law.requirements.some((id) => !ofDevices.has(id)));
}

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

function listText(items: readonly CertifyItem[], levels: readonly string[]): string {
  const lines = levels.flatMap((level) => {
    const own = items.filter((item) => item.level === level);
    return own.length === 0
      ? []
      : [`${level}: ${own.length}`, ...own.map(({ scenario }) => `  ${scenario.id}`), ""];
  });
  return [...lines, `${items.length} in all`, ""].join("\n");
}
