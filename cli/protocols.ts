// Every protocol that Seatrial knows, and all that the commands need of one. Adding a protocol adds an entry here.
import type { Law } from "../invariants/verdict.ts";
import type { Storytelling } from "../invariants/story.ts";
import { describeWaveflowEvent, waveflowLaws, waveflowSubjects } from "../invariants/waveflow/index.ts";
import type { LiveProtocol } from "../live/world/protocol.ts";
import type { Requirement } from "../protocol/requirement.ts";
import { waveflowRequirements } from "../protocol/waveflow/requirements.ts";
import type { Vocabulary } from "../scenarios/format/vocabulary.ts";
import { didYouMean } from "../scenarios/format/suggest.ts";
import { waveflowVocabulary } from "../scenarios/waveflow/vocabulary.ts";
import { waveflowSim } from "../sim/waveflow/binding.ts";
import type { SimProtocol } from "../sim/world/protocol.ts";
import { UsageError } from "./errors.ts";

export interface ProtocolEntry {
  /** `<name>/<version>` */
  readonly id: string;
  readonly name: string;
  readonly vocabulary: Vocabulary;
  readonly requirements: readonly Requirement[];
  readonly laws: readonly Law[];
  /** Its events in words. */
  readonly storytelling: Storytelling;
  readonly sim: SimProtocol;
  /** Loaded when first needed: the real world brings database drivers along. */
  live(): Promise<LiveProtocol>;
}

export const protocols: readonly ProtocolEntry[] = [
  {
    id: "waveflow/1",
    name: "waveflow",
    vocabulary: waveflowVocabulary,
    requirements: waveflowRequirements,
    laws: waveflowLaws,
    storytelling: { describe: describeWaveflowEvent, subjects: waveflowSubjects },
    sim: waveflowSim,
    live: async () => (await import("../live/waveflow/binding.ts")).waveflowLive,
  },
];

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

const ids = (): readonly string[] => protocols.map(({ id }) => id);
