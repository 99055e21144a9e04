// Plans for people who write properties in their own test suites: fast-check arbitraries of what people do, of what
// befalls the system, and of whole plans. A plan is built from its steps and nothing else decides what it contains, so
// fast-check's own shrinking takes away steps and faults, and makes waits, values and odds smaller.
import fc from "fast-check";
import { neededAbilities } from "../scenarios/format/needs.ts";
import { stringifyScenario } from "../scenarios/format/stringify.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import type { Vocabulary } from "../scenarios/format/vocabulary.ts";
import { type FaultKind, faultKinds, faultOf } from "./fault-arbitraries.ts";
import { onDevice, type PlanStep, serverStep } from "./plan-step.ts";
import type { PlanWords } from "./plan-words.ts";
import { waveflowWords } from "./waveflow/plan-words.ts";
import { wholePlan } from "./whole-plan.ts";

export interface StepOptions {
  /** Names of the devices that act. */
  readonly devices?: readonly string[];
  /** Deeds of the protocol by name (`edit`, `delete`, `sign-out` …); absent, all of them. */
  readonly deeds?: readonly string[];
  /** The protocol; WaveFlow where nothing is said. */
  readonly words?: PlanWords;
}

export interface FaultOptions extends Omit<StepOptions, "deeds"> {
  /** Absent, all of them. */
  readonly kinds?: readonly FaultKind[];
}

export interface PlanOptions extends StepOptions, FaultOptions {
  /** At most so many steps and faults. */
  readonly stepsMax?: number;
  /** `false`: devices talk to the server only where a `sync` tells them to. */
  readonly automatic?: boolean;
  /** Odds by chance beside the faults that are aimed. */
  readonly trouble?: fc.Arbitrary<Scenario["trouble"]>;
  /** Settings of the server and of the reference devices. */
  readonly config?: Scenario["config"];
  readonly deviceConfig?: Scenario["deviceConfig"];
  /** Instead of `steps` and `faults`: what plans are made of. */
  readonly of?: fc.Arbitrary<PlanStep>;
}

const usualDevices = ["laptop", "phone", "tablet"];
const usualStepsMax = 40;
/** Once in so many: what shrinking does is not to happen by chance. */
const neverByItself = 1_000_000;
/** Between two steps: at once, within an exchange, between two. Few, so that a shrinking plan is soon through with them.
 *  Units: virtual milliseconds. */
const pausesMs = [0, 0, 0, 30, 500, 3_000];
/** Devices that run on their own sync so often. Units: virtual milliseconds. */
const drainIntervalMs = 2_000;

/** What people do, one step at a time, and the compaction job of the server. */
export function steps(options: StepOptions = {}): fc.Arbitrary<PlanStep> {
  const { devices = usualDevices, words = waveflowWords, deeds = Object.keys(words.deeds) } = options;
  const ofDeeds = deeds.map((name) => {
    const deed = words.deeds[name];
    if (deed === undefined) {
      const known = Object.keys(words.deeds).join(", ");
      throw new RangeError(`there is no deed "${name}"; expected one of ${known}`);
    }
    return { weight: deed.weight, arbitrary: onDevice(devices, deed.action) };
  });
  const compaction = { weight: 2, arbitrary: fc.constant(serverStep({ verb: "compact" })) };
  return fc.oneof(...ofDeeds, compaction);
}

/** What the world does to devices, network and server, one fault at a time. */
export function faults(options: FaultOptions = {}): fc.Arbitrary<PlanStep> {
  const { devices = usualDevices, kinds = faultKinds, words = waveflowWords } = options;
  return fc.oneof(...kinds.map((kind) => faultOf(kind, devices, words)));
}

/** Odds of what may go wrong by chance, in a million, each of them there or not. */
export function trouble(): fc.Arbitrary<Scenario["trouble"]> {
  const odds = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });
  return fc.record(
    {
      loseRequest: odds(60_000),
      loseReply: odds(60_000),
      duplicateRequest: odds(60_000),
      refuse: odds(30_000),
      refuseAfterEffect: odds(30_000),
      portal: odds(20_000),
      truncateReply: odds(20_000),
      delay: odds(100_000),
      delayMaxMs: fc.constantFrom(100, 3_000, 15_000),
      crashServer: odds(2_000),
      loseDatabaseAnswer: odds(2_000),
      crashDevice: odds(5_000),
      failDisk: odds(5_000),
    },
    { requiredKeys: [] },
  );
}

/** Whole plans: scenarios that end in a calm, run under the seed that they carry, and print as the YAML file that
 *  `seatrial replay` takes. */
export function plans(options: PlanOptions = {}): fc.Arbitrary<Scenario> {
  const { devices = usualDevices, stepsMax = usualStepsMax, words = waveflowWords } = options;
  const step = options.of ?? fc.oneof({ weight: 3, arbitrary: steps(options) }, faults(options));
  const pauseMs = fc.constantFrom(...pausesMs);
  // An array gives up its first elements when it shrinks, and one in the middle only where the element itself can
  // shrink to nothing. It does not look back at what it could not do without before, so there is a second round.
  const place = fc.option(fc.tuple(pauseMs, step), { freq: neverByItself, nil: undefined });
  const round = fc.option(fc.constant(true), { freq: neverByItself, nil: false });
  return fc
    .record({
      count: fc.integer({ min: Math.min(2, devices.length), max: devices.length }),
      places: fc.array(place, { maxLength: stepsMax, size: "max" }),
      secondRound: fc.array(round, { minLength: stepsMax, maxLength: stepsMax }),
      trouble: options.trouble ?? fc.constant({}),
      // Another seed is another run; a smaller one is no simpler.
      seed: fc.noShrink(fc.nat()).map(String),
    })
    .map((drawn) => {
      const present = devices.slice(0, drawn.count);
      const { vocabulary, device } = words;
      const automatic = options.automatic ?? true;
      const plan: Scenario = {
        id: `${vocabulary.protocol.split("/")[0]}/plan/${drawn.seed}`,
        title: "A plan made of arbitraries",
        protocol: vocabulary.protocol,
        requirements: [],
        needs: [],
        devices: present.map((name) => ({ name, user: "alice", automatic, process: 1, ...device })),
        config: options.config ?? {},
        deviceConfig: options.deviceConfig ?? (automatic ? { drainIntervalMs } : {}),
        trouble: drawn.trouble,
        seed: drawn.seed,
        processes: 1,
        steps: wholePlan(
          drawn.places.filter((one) => one !== undefined).filter((_, index) => drawn.secondRound[index]),
          present,
          words,
        ),
        expect: {},
      };
      const needs = [...neededAbilities(plan, vocabulary).keys()];
      return printedAsFile({ ...plan, needs }, vocabulary);
    });
}

/** fast-check asks a value how it wants to be printed: a plan as its file. */
function printedAsFile(plan: Scenario, vocabulary: Vocabulary): Scenario {
  const print = (): string => `\n${stringifyScenario(plan, vocabulary)}`;
  return Object.defineProperty(plan, fc.toStringMethod, { value: print, enumerable: false });
}
