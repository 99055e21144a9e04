// A core of the live selftest's first half: finds the scenarios that kill a mutant in the simulation, the cheapest of the
// real world first, and makes the plan by which each is brought about there. In a thread, because a simulated run forbids
// this process everything that a live one beside it needs.
import { liveCostMs } from "../explore/confirm/live-cost.ts";
import { isEmpty } from "../explore/confirm/sighting.ts";
import { searchProtocolOf } from "../explore/protocols.ts";
import { buildOf } from "../explore/search-trial.ts";
import { answerTasks } from "../explore/threads.ts";
import { loadCatalogue } from "../scenarios/catalogue.ts";
import type { Ability, Scenario } from "../scenarios/format/types.ts";
import { missingAbilities } from "../scenarios/format/world.ts";
import { type Confirmable, confirmableOf, simulateAndLook } from "./confirming.ts";
import { defaultSeed } from "./run-scenarios.ts";

export interface KillerJob {
  /** `<name>/<version>` */
  readonly protocol: string;
  readonly mutant: string;
  /** So many and no more. */
  readonly scenariosMax: number;
  /** Of the live world, at this place. */
  readonly abilities: readonly Ability[];
}

export interface KillerOutcome {
  readonly killers: readonly Confirmable[];
  /** Scenarios that kill and cannot be brought about. */
  readonly impossible: number;
}

/** A mutant that talks for ever ends here; the longest scenario of the reference takes a tenth. */
const eventsMax = 50_000;

/** A mutant that so many scenarios have been asked about has its killers; one more would be a dearer one. */
const triedMax = 120;

const { scenarios } = loadCatalogue();

answerTasks(killersOf);

async function killersOf({ protocol, mutant, scenariosMax, abilities }: KillerJob): Promise<KillerOutcome> {
  const entry = searchProtocolOf(protocol);
  const build = await buildOf(entry, mutant);
  const { requirements } = entry.mutants.find(({ name }) => name === mutant)!;
  const killers: Confirmable[] = [];
  let impossible = 0;
  let tried = 0;
  const world = { abilities: new Set(abilities) };
  for (const scenario of likeliestFirst(protocol, requirements)) {
    if (killers.length >= scenariosMax || (killers.length > 0 && tried > triedMax)) break;
    tried++;
    if (missingAbilities(scenario, world).length > 0) continue;
    const options = {
      scenario,
      seed: scenario.seed ?? defaultSeed,
      job: entry.vocabulary.compaction ?? "",
      eventsMax,
    };
    // What a broken build throws in the simulation cannot be looked for elsewhere.
    const simulated = await simulateAndLook(build, options).catch(() => undefined);
    if (simulated === undefined || isEmpty(simulated.sighting)) continue;
    const confirmable = confirmableOf(simulated, entry.vocabulary);
    if (confirmable.blocked.length > 0) impossible++;
    else killers.push(confirmable);
  }
  return { killers, impossible };
}

/** Those that bear on a rule which the mutant breaks, and of these the cheapest, before all others. */
function likeliestFirst(protocol: string, requirements: readonly string[]): readonly Scenario[] {
  const distance = (scenario: Scenario): number =>
    scenario.requirements.some((rule) => requirements.includes(rule)) ? 0 : farMs;
  return scenarios
    .filter((scenario) => scenario.protocol === protocol)
    .map((scenario) => ({ scenario, cost: liveCostMs(scenario) + distance(scenario) }))
    .sort((left, right) => left.cost - right.cost)
    .map(({ scenario }) => scenario);
}

/** What it is worth to try a scenario of the right rule first.  Units: milliseconds. */
const farMs = 30_000;
