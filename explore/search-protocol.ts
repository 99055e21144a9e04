// What a protocol brings to the search. The search itself knows no protocol: it draws plans, runs them, asks the laws,
// and looks at situations; what a plan, a law or a situation is, the protocol says.
import type { History } from "../invariants/history.ts";
import type { Law } from "../invariants/verdict.ts";
import type { Storytelling } from "../invariants/story.ts";
import type { Requirement } from "../protocol/requirement.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import type { Vocabulary } from "../scenarios/format/vocabulary.ts";
import type { SimProtocol } from "../sim/world/protocol.ts";
import type { MetamorphicWords } from "./metamorphic/relation.ts";
import type { Mutant } from "./mutants/mutant.ts";

/** One moment of a run as coverage sees it: what happened, and in which abstract states it met server and device. */
export interface Situation {
  /** The protocol's message or job: `push`, `pull`, `ack`, `frame`, `compaction` … */
  readonly message: string;
  /** An abstraction of the server's state, as far as an observer can know it: `nothing compacted`, … */
  readonly server: string;
  /** An abstraction of the device's state: `pending edits, behind the watermark`, … */
  readonly device: string;
  /** What befell it: `none`, or the kind of a fault. */
  readonly fault: string;
}

/** All values that a situation's members can take, so that a gap can be named. */
export interface SituationSpace {
  readonly message: readonly string[];
  readonly server: readonly string[];
  readonly device: readonly string[];
  readonly fault: readonly string[];
}

/** Pairs that no run can meet: every value of the one member with every value of the other. */
export interface ImpossiblePairs {
  /** Exactly two members. */
  readonly values: Partial<SituationSpace>;
  /** Why: a sentence. */
  readonly why: string;
}

export interface SearchProtocol {
  /** `<name>/<version>` */
  readonly id: string;
  readonly name: string;
  readonly sim: SimProtocol;
  readonly laws: readonly Law[];
  readonly vocabulary: Vocabulary;
  readonly requirements: readonly Requirement[];
  readonly storytelling: Storytelling;
  /** The plan of a seed: a scenario like any other, written down before anything runs. */
  plan(seed: string): Scenario;
  /** The situations of a run, in order. */
  situationsOf(history: History): Iterable<Situation>;
  readonly situationSpace: SituationSpace;
  readonly impossiblePairs: readonly ImpossiblePairs[];
  /** Where mutants of the protocol's references are put in: the module that binds them to the simulation. */
  readonly binding: { readonly module: URL; readonly name: string };
  /** How plans are changed in ways that must not matter. */
  readonly relations: MetamorphicWords;
  /** Deliberately broken references. */
  readonly mutants: readonly Mutant[];
}
