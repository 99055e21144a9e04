// The audit of repetition can bite: a build with something of its own outside the simulation is found out, and the
// first thing that differs is named.
import { describe, expect, test } from "vitest";
import { waveflowLaws } from "../invariants/waveflow/index.ts";
import { eventsPerCheckpoint } from "../sim/kernel/kernel.ts";
import { simulate } from "../sim/run.ts";
import { waveflowSim } from "../sim/waveflow/binding.ts";
import type { SimActorOptions, SimProtocol } from "../sim/world/protocol.ts";
import { firstOtherEvent, isSamePrint, placeOfParting, printOf, sameAgain } from "./audit.ts";
import { stormScenario } from "./storm.ts";
import { type Build, tryPlan } from "./trial.ts";

const references: Build = { sim: waveflowSim, laws: waveflowLaws };

/** Devices that count over the runs of a process how many of them there have been, and live by it. */
function counting(livesBy: (options: SimActorOptions, made: number) => SimActorOptions): Build {
  let made = 0;
  const sim: SimProtocol = {
    ...waveflowSim,
    createActor: (options) => waveflowSim.createActor(livesBy(options, ++made)),
  };
  return { sim, laws: waveflowLaws };
}

const laterAndLater = counting((options, made) => ({
  ...options,
  config: { ...options.config, drainIntervalMs: 2_000 + made },
}));

const newWords = counting((options, made) => ({
  ...options,
  uuid: () => options.uuid().replace(/^.{8}/u, String(made).padStart(8, "0")),
}));

const trialOf = (build: Build, seed: string) => tryPlan(build, stormScenario(seed), { seed });

describe("a run and its repetition", () => {
  test("are the same with the references", async () => {
    for (const seed of ["audit-1", "audit-2", "audit-3"]) {
      expect(await sameAgain(references, await trialOf(references, seed))).toBeUndefined();
    }
  });

  test("part at the first event that a counter of the build moves", async () => {
    const parting = await sameAgain(laterAndLater, await trialOf(laterAndLater, "audit-1"));
    expect(parting?.firstDifference).toMatch(
      /^event [\d,]+ at \d+\.\d{3} s: (?:laptop|phone|tablet|desktop|watch)'s 'timer' against \S.*'.+'/u,
    );
  });

  test("part at the first line of the history where all events are the same", async () => {
    const parting = await sameAgain(newWords, await trialOf(newWords, "audit-1"));
    expect(parting?.firstDifference).toMatch(
      /^line [\d,]+ of the history at \d+\.\d{3} s, \w+'s "[\w-]+", .+: "00000.+ against "00000.+/u,
    );
  });

  test("part where the repetition ends in an error", async () => {
    let runs = 0;
    const breaking: Build = {
      ...references,
      sim: {
        ...waveflowSim,
        createDatabase: (timers) => {
          if (++runs > 1) throw new Error("no second time");
          return waveflowSim.createDatabase(timers);
        },
      },
    };
    const parting = await sameAgain(breaking, await trialOf(breaking, "audit-1"));
    expect(parting?.firstDifference).toContain("its repetition to an error: Error: no second time");
  });
});

describe("what two machines can compare", () => {
  test("says that they are the same, or between which events they part", async () => {
    const scenario = stormScenario("audit-2");
    const of = (salt: string, atMs: number) =>
      simulate({ scenario, protocol: waveflowSim, seed: "audit-2", trace: true, branch: { atMs, salt } });
    const left = await of("left", 10_000);
    const right = await of("right", 10_000);
    expect(isSamePrint(printOf(left), printOf(await of("left", 10_000)))).toBe(true);
    expect(isSamePrint(printOf(left), printOf(right))).toBe(false);
    const event = Number(
      /^event ([\d,]+) /u.exec(firstOtherEvent(left.trace!, right.trace!)!)![1]!.replace(",", ""),
    );
    const [from, to] = [...placeOfParting(printOf(left), printOf(right)).matchAll(/event ([\d,]+)/gu)].map(
      ([, number]) => Number(number!.replace(",", "")),
    );
    expect(to! - from! + 1).toBe(eventsPerCheckpoint);
    expect(event).toBeGreaterThanOrEqual(from!);
    expect(event).toBeLessThanOrEqual(to!);
  });

  test("says nothing where they are the same", async () => {
    const run = await simulate({
      scenario: stormScenario("audit-3"),
      protocol: waveflowSim,
      seed: "audit-3",
      trace: true,
    });
    expect(firstOtherEvent(run.trace!, run.trace!)).toBeUndefined();
  });
});
