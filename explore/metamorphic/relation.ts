// A metamorphic law: a change of a plan that must not change what comes out. No single run can show such a law broken,
// because nobody says what the right outcome is; two runs can, because they must agree.
import type { History } from "../../invariants/history.ts";
import type { JsonValue } from "../../protocol/json.ts";
import type { DeviceAction, Scenario, Step } from "../../scenarios/format/types.ts";
import type { Stream } from "../stream.ts";

/** Entity → field → value. */
export type Entities = Readonly<Record<string, Readonly<Record<string, JsonValue>>>>;

/** What a run came to, apart from numbers and ids. */
export interface FinalState {
  /** The server's state, by user. */
  readonly users: Readonly<Record<string, Entities>>;
  /** What the people at the devices see, and how many edits are still to be sent, by device. */
  readonly devices: Readonly<Record<string, { readonly entities: Entities; readonly waiting: number }>>;
}

/** Other names for the same things; what is not named here keeps its own. */
export interface Names {
  readonly devices: Readonly<Record<string, string>>;
  readonly users: Readonly<Record<string, string>>;
  /** Of entities, as they stand in a `FinalState`. */
  readonly entities: Readonly<Record<string, string>>;
}

export const noNames: Names = { devices: {}, users: {}, entities: {} };

/** The plan with the change in it. */
export interface Changed {
  readonly plan: Scenario;
  /** What was changed, to go on after "With": `a second ACK of laptop before step 7`. */
  readonly change: string;
  /** Absent where nothing was renamed. */
  readonly names?: Names;
  /** Devices and users that are there only with the change, and are not compared. */
  readonly added?: readonly string[];
}

export interface Relation {
  /** kebab-case. */
  readonly name: string;
  /** One sentence in the present tense. */
  readonly promise: string;
  /** The change, at a place drawn from `choices`; `undefined` where the plan has no place for it. Pure. */
  change(plan: Scenario, choices: Stream, words: MetamorphicWords): Changed | undefined;
}

/** What a protocol says of its plans, so that relations can change them. */
export interface MetamorphicWords {
  /** A plan whose outcome depends on the order of its steps and on nothing else: devices do what a step tells them, one
   *  after another, and no step fails. Its last step settles. */
  sequentialPlan(seed: string): Scenario;
  finalStateOf(history: History): FinalState;
  readonly pull: DeviceAction;
  readonly acknowledge: DeviceAction;
  /** One edit of an entity that the plans use, for somebody who is not in the plan. */
  readonly edit: DeviceAction;
  /** Messages that a step makes a device send, in the protocol's names; none for steps that send nothing. */
  messagesOf(step: Step): readonly { readonly device: string; readonly message: string }[];
  /** Settings that say how much goes into one message, each with values to try. */
  readonly sizes: {
    readonly config: Readonly<Record<string, readonly number[]>>;
    readonly deviceConfig: Readonly<Record<string, readonly number[]>>;
  };
  /** The entities that an action speaks of, as they stand in a `FinalState`. */
  entitiesOf(action: DeviceAction): readonly string[];
  renameEntities(action: DeviceAction, entities: Names["entities"]): DeviceAction;
}
