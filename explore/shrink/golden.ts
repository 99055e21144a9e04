// Smallest plans made by hand, one for each of some mutants, to hold the shrinker against: from whatever plan a seed
// makes, it should come about as far as a person does.
import { formatErrors, parseScenario } from "../../scenarios/format/parse.ts";
import type { Ability, Scenario } from "../../scenarios/format/types.ts";
import type { SearchProtocol } from "../search-protocol.ts";
import { buildOf } from "../search-trial.ts";
import { type Build, tryPlan, type Trial } from "../trial.ts";
import { elementsOf, planSizeOf } from "./plan-size.ts";
import { shrink } from "./shrink.ts";

/** What a person needs to show one mutant. */
export interface GoldenMinimum {
  readonly mutant: string;
  readonly needs: readonly Ability[];
  readonly devices: readonly string[];
  /** As a file has them, an item each. */
  readonly steps: readonly string[];
}

export const waveflowGolden: readonly GoldenMinimum[] = [
  {
    mutant: "no-receipt",
    needs: ["network"],
    devices: ["laptop"],
    steps: [
      "laptop: edit song/1 title=A",
      "network: lose reply to laptop push",
      "laptop: push",
      "laptop: push",
    ],
  },
  {
    mutant: "receipt-dies-with-op",
    needs: ["network", "compaction"],
    devices: ["laptop", "phone"],
    steps: [
      "laptop: edit song/1 title=A",
      "network: lose reply to laptop push",
      "laptop: push",
      "phone: edit song/1 title=B title=C",
      "phone: sync",
      "server: compact",
      "laptop: push",
    ],
  },
  {
    mutant: "id-before-lock",
    needs: ["statements"],
    devices: ["laptop", "phone"],
    steps: [
      "laptop: edit song/1 title=A",
      "phone: edit song/1 title=B",
      "server: hold laptop push after takeIds",
      "start: [{ laptop: push }]",
      "phone: sync",
      "server: release laptop push",
    ],
  },
  {
    mutant: "guard-missing",
    needs: ["clock", "compaction"],
    devices: ["laptop", "phone"],
    steps: [
      "laptop: edit song/1 title=A",
      "sync: [laptop, phone]",
      "clock: advance 91d",
      "laptop: edit song/1 title=B title=C title=D",
      "laptop: sync",
      "server: compact",
      "phone: pull",
    ],
  },
  { mutant: "ack-before-apply", needs: [], devices: ["laptop"], steps: ["laptop: edit song/1 title=A"] },
  {
    mutant: "wipe-takes-queue",
    needs: [],
    devices: ["laptop"],
    steps: ["laptop: edit song/1 title=A", "laptop: resync"],
  },
  {
    mutant: "drop-on-any-200",
    needs: ["network"],
    devices: ["laptop"],
    steps: ["laptop: edit song/1 title=A", "network: answer laptop push with 200 html", "laptop: push"],
  },
  {
    mutant: "cursor-before-apply",
    needs: ["device-crash"],
    devices: ["laptop"],
    steps: ["laptop: edit song/1 title=A", "laptop: crash before commit 3", "laptop: sync"],
  },
  {
    mutant: "clock-not-durable",
    needs: ["device-crash"],
    devices: ["laptop"],
    steps: ["laptop: edit song/1 title=A", "laptop: restart", "laptop: edit song/1 title=B"],
  },
  {
    mutant: "restamp-one",
    needs: [],
    devices: ["laptop", "phone"],
    steps: [
      "laptop: edit song/1 title=A",
      "phone: clone-from laptop",
      "laptop: edit song/1 title=B",
      "phone: edit song/1 title=C",
    ],
  },
];

/** The plan of a minimum.  Errors: an Error for one that is no scenario. */
export function goldenScenario(
  { name, id, vocabulary, requirements }: SearchProtocol,
  { mutant, needs, devices, steps }: GoldenMinimum,
): Scenario {
  const lines = [
    `id: ${name}/golden/${mutant}`,
    `title: The smallest plan that shows ${mutant}`,
    `protocol: ${id}`,
    "requirements: []",
    `needs: [${needs.join(", ")}]`,
    `devices: [${devices.join(", ")}]`,
    'seed: "1"',
    "steps:",
    ...steps.map((step) => `  - ${step}`),
  ];
  const parsed = parseScenario(lines.join("\n"), {
    protocols: [{ vocabulary, requirements: requirements.map((requirement) => requirement.id) }],
  });
  if (!parsed.ok) throw new Error(`${mutant}: ${formatErrors(parsed.errors)}`);
  return parsed.scenario;
}

export interface GoldenComparison {
  readonly mutant: string;
  readonly law: string;
  /** Devices, steps and accidents of the plan made by hand. */
  readonly golden: number;
  /** The same of the plan that shrinking has come to. */
  readonly shrunk: number;
  /** Kernel events of the plan that it began with. */
  readonly eventsBefore: number;
  readonly tried: number;
}

export interface GoldenOptions {
  /** Seeds that are tried for a plan that fails. */
  readonly seedsMax?: number;
  /** Hears of each shrinking as it begins and ends, for whoever takes the time. */
  readonly onShrink?: (mutant: string, moment: "begins" | "ends") => void;
}

/** Shrinks the first failing plan of each mutant and holds it against the plan made by hand. Where the plan breaks the
 *  law that the one made by hand breaks, it is shrunk for that law. Mutants that no seed shows are left out.
 *  Errors: RangeError for a mutant that is not there. Needs a process without a module loader of its own. */
export async function compareWithGolden(
  protocol: SearchProtocol,
  minima: readonly GoldenMinimum[],
  { seedsMax = 200, onShrink }: GoldenOptions = {},
): Promise<readonly GoldenComparison[]> {
  const comparisons: GoldenComparison[] = [];
  for (const minimum of minima) {
    const { mutant } = minimum;
    const build = await buildOf(protocol, mutant);
    const byHand = goldenScenario(protocol, minimum);
    const golden = await tryPlan(build, byHand, { seed: "1" });
    const trial = await firstFailure(build, protocol, seedsMax);
    if (trial === undefined) continue;
    const broken = new Set(trial.violations.map(({ law }) => law));
    const law = golden.violations.map((judgement) => judgement.law).find((one) => broken.has(one));
    onShrink?.(mutant, "begins");
    const shrunk = await shrink(build, trial, { law, vocabulary: protocol.vocabulary });
    onShrink?.(mutant, "ends");
    comparisons.push({
      mutant,
      law: shrunk.law,
      golden: elementsOf(planSizeOf(byHand, golden.run.events)),
      shrunk: elementsOf(shrunk.after),
      eventsBefore: shrunk.before.events,
      tried: shrunk.tried,
    });
  }
  return comparisons;
}

/** A plan that runs away is no failure to shrink. */
const eventsMax = 300_000;

async function firstFailure(
  build: Build,
  protocol: SearchProtocol,
  seedsMax: number,
): Promise<Trial | undefined> {
  for (let number = 0; number < seedsMax; number++) {
    const seed = `golden-${number}`;
    try {
      const trial = await tryPlan(build, protocol.plan(seed), { seed, eventsMax });
      if (trial.violations.length > 0) return trial;
    } catch {
      continue;
    }
  }
  return undefined;
}
