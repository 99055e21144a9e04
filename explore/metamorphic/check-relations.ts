// All metamorphic laws on the plan of one seed: the plan runs once as it is, and once with each change.
import type { Scenario } from "../../scenarios/format/types.ts";
import { simulate } from "../../sim/run.ts";
import { Stream } from "../stream.ts";
import type { Build } from "../trial.ts";
import { bystander } from "./bystander.ts";
import { findDifference } from "./compare-states.ts";
import { extraAcknowledgement } from "./extra-acknowledgement.ts";
import { extraPull } from "./extra-pull.ts";
import { idleDevice } from "./idle-device.ts";
import { movedCompaction } from "./moved-compaction.ts";
import { otherBatches } from "./other-batches.ts";
import { otherNames } from "./other-names.ts";
import { type FinalState, type MetamorphicWords, noNames, type Relation } from "./relation.ts";
import { repeatedMessage } from "./repeated-message.ts";
import { restart } from "./restart.ts";

/** All that there are, in the order in which reports list them. */
export const relations: readonly Relation[] = [
  otherBatches,
  repeatedMessage,
  extraAcknowledgement,
  extraPull,
  idleDevice,
  bystander,
  movedCompaction,
  otherNames,
  restart,
];

/** `inconclusive`: the plan had no place for the change, or one of the runs did not come to rest. */
export interface RelationVerdict {
  readonly relation: string;
  readonly promise: string;
  readonly outcome: "holds" | "violated" | "inconclusive";
  /** For `violated`: the change, and the first thing that differs. For `inconclusive`: why. */
  readonly explanation: string;
  readonly seed: string;
  /** The two plans, as they can be written down and replayed; the second only where there is one. */
  readonly plan: Scenario;
  readonly changed?: Scenario;
}

/** Sequential plans are small: the reference needs some thousand. */
const eventsMax = 200_000;

/** One verdict per relation, in their order.
 *  Errors: bugs of the build or of ours, as `simulate` throws them. */
export async function checkRelations(
  build: Pick<Build, "sim">,
  words: MetamorphicWords,
  seed: string,
  all: readonly Relation[] = relations,
): Promise<readonly RelationVerdict[]> {
  const plan = words.sequentialPlan(seed);
  const plain = await finalState(build, words, plan);
  const verdicts: RelationVerdict[] = [];
  for (const relation of all) verdicts.push(await checkOne(build, words, { relation, seed, plan, plain }));
  return verdicts;
}

async function checkOne(
  build: Pick<Build, "sim">,
  words: MetamorphicWords,
  given: {
    readonly relation: Relation;
    readonly seed: string;
    readonly plan: Scenario;
    readonly plain: FinalState | undefined;
  },
): Promise<RelationVerdict> {
  const { relation, seed, plan, plain } = given;
  const { name, promise } = relation;
  const head = { relation: name, promise, seed, plan } as const;
  if (plain === undefined)
    return { ...head, outcome: "inconclusive", explanation: "The plan as it is does not come to rest." };
  const changed = relation.change(plan, new Stream(seed, name), words);
  if (changed === undefined)
    return { ...head, outcome: "inconclusive", explanation: "The plan has no place for the change." };
  const { change, names = noNames, added = [] } = changed;
  const pair = { ...head, changed: { ...changed.plan, id: `${plan.id}/${name}` } };
  const state = await finalState(build, words, changed.plan);
  if (state === undefined) {
    const explanation = `With ${change}, the run does not come to rest; without it, it does.`;
    return { ...pair, outcome: "violated", explanation };
  }
  const difference = findDifference(plain, state, { names, added });
  if (difference === undefined) return { ...pair, outcome: "holds", explanation: "" };
  return { ...pair, outcome: "violated", explanation: `With ${change}, ${difference}` };
}

/** `undefined` where the run did not come to rest. */
async function finalState(
  { sim }: Pick<Build, "sim">,
  words: MetamorphicWords,
  plan: Scenario,
): Promise<FinalState | undefined> {
  const { history } = await simulate({ scenario: plan, protocol: sim, seed: plan.seed ?? "1", eventsMax });
  const settled = history.events.findLast(({ kind }) => kind === "settled");
  return settled?.kind === "settled" && settled.quiet ? words.finalStateOf(history) : undefined;
}
