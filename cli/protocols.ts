// Every protocol that Seatrial knows, and all that the commands need of one. Adding a protocol adds an entry here.
import type { ClientProtocol } from "../certify/client/protocol.ts";
import type { Checkup } from "../certify/doctor.ts";
import type { CertificationProfile } from "../certify/levels.ts";
import type { Probe } from "../certify/probe.ts";
import type { WireWords } from "../certify/script/wire-words.ts";
import { waveflowProfile } from "../certify/waveflow/profile.ts";
import { waveflowWireWords } from "../certify/waveflow/wire-words.ts";
import { searchProtocols } from "../explore/protocols.ts";
import type { SoakPlans } from "../explore/soak-plans.ts";
import { waveflowSoakPlans } from "../explore/waveflow/soak-plan.ts";
import type { SearchProtocol } from "../explore/search-protocol.ts";
import type { LiveProtocol } from "../live/world/protocol.ts";
import { didYouMean } from "../scenarios/format/suggest.ts";
import { UsageError } from "./errors.ts";

/** What the simulation and the search know of a protocol, and how it is reached in the real world. */
export interface ProtocolEntry extends SearchProtocol {
  /** Loaded when first needed: the real world brings database drivers along. */
  live(): Promise<LiveProtocol>;
  readonly soakPlans: SoakPlans;
  /** How its messages are told in scripts, and compared. */
  readonly wireWords: WireWords;
  /** What other builds of it can claim. */
  readonly profile: CertificationProfile;
  /** Suites that are generated instead of written; loaded when first needed. */
  probes(): Promise<readonly Probe[]>;
  /** Its simplest use, for the doctor. */
  checkup(): Promise<Checkup>;
  /** How clients of it are certified; loaded when first needed. */
  client(): Promise<ClientProtocol>;
  /** Where mutants of its devices are put in: the module that binds them to the real world. */
  readonly liveBinding: { readonly module: URL; readonly name: string };
}

const liveById: Readonly<Record<string, Pick<ProtocolEntry, "live" | "liveBinding">>> = {
  "waveflow/1": {
    live: async () => (await import("../live/waveflow/binding.ts")).waveflowLive,
    liveBinding: { module: new URL("../live/waveflow/binding.ts", import.meta.url), name: "waveflowLive" },
  },
};

const certificationById: Readonly<
  Record<string, Pick<ProtocolEntry, "profile" | "probes" | "checkup" | "client" | "wireWords">>
> = {
  "waveflow/1": {
    profile: waveflowProfile,
    wireWords: waveflowWireWords,
    probes: async () => (await import("../certify/waveflow/probes.ts")).waveflowProbes,
    checkup: async () => (await import("../certify/waveflow/checkup.ts")).waveflowCheckup,
    client: async () => (await import("../certify/waveflow/client.ts")).waveflowClient,
  },
};

const soakPlansById: Readonly<Record<string, SoakPlans>> = { "waveflow/1": waveflowSoakPlans };

export const protocols: readonly ProtocolEntry[] = searchProtocols.map((protocol) => ({
  ...protocol,
  ...liveById[protocol.id]!,
  ...certificationById[protocol.id]!,
  soakPlans: soakPlansById[protocol.id]!,
}));

/** The protocol of a scenario.  Errors: UsageError for a version that this Seatrial does not know. */
export function protocolOf(id: string): ProtocolEntry {
  const found = protocols.find((protocol) => protocol.id === id);
  if (found !== undefined) return found;
  throw new UsageError(`this Seatrial does not know the protocol ${id}${didYouMean(id, ids())}`);
}

/** By name or id, as people type it.  Errors: UsageError. */
export function protocolNamed(text: string): ProtocolEntry {
  const found = protocols.find(({ id, name }) => text === id || text === name);
  if (found !== undefined) return found;
  const names = protocols.map(({ name }) => name);
  throw new UsageError(
    `there is no protocol "${text}"${didYouMean(text, names)}; there is ${names.join(", ")}`,
  );
}

/** The name as it was given, where there is such a mutant.  Errors: UsageError. */
export function mutantOrUsageError(
  { mutants }: Pick<SearchProtocol, "mutants">,
  given: string | undefined,
): string | undefined {
  if (given === undefined || mutants.some(({ name }) => name === given)) return given;
  const names = mutants.map(({ name }) => name);
  throw new UsageError(
    `there is no mutant "${given}"${didYouMean(given, names)}; docs/kill-matrix.md lists all ${names.length}`,
  );
}

const ids = (): readonly string[] => protocols.map(({ id }) => id);
