// A finding explained, on the reference with a law that is made up: what it takes to break it is known.
import { describe, expect, test } from "vitest";
import type { Law } from "../../invariants/verdict.ts";
import type { WaveflowEvent } from "../../invariants/waveflow/events.ts";
import { explanationLines } from "../../reports/explanation-text.ts";
import { plainInk } from "../../reports/ink.ts";
import { scenarioProtocols } from "../../scenarios/catalogue.ts";
import { parseScenario } from "../../scenarios/format/parse.ts";
import { waveflowSim } from "../../sim/waveflow/binding.ts";
import { stormScenario } from "../storm.ts";
import { type Build, tryPlan, type Trial } from "../trial.ts";
import { waveflowSearch } from "../waveflow/search.ts";
import { explainFinding } from "./index.ts";

/** Broken by the first operation that a device pushes twice. */
const noRetries: Law = {
  id: "no-retries",
  requirements: ["WF-PUSH-2"],
  promise: "Nothing is pushed twice.",
  judge({ events }) {
    const pushedAt = new Map<string, number>();
    for (const [index, one] of events.entries()) {
      const event = one as WaveflowEvent;
      if (event.kind !== "invoked" || event.request.kind !== "push") continue;
      for (const { operation_id: operation } of event.request.ops) {
        const first = pushedAt.get(operation);
        if (first === undefined) pushedAt.set(operation, index);
        else {
          const witness = {
            events: [first, index],
            explanation: `${event.actor} pushed it, and did so again.`,
          };
          return { outcome: "violated", witness, violations: 1 };
        }
      }
    }
    return pushedAt.size === 0
      ? { outcome: "inconclusive", reason: "nothing was pushed" }
      : { outcome: "holds", cases: pushedAt.size };
  },
};

const build: Build = { sim: waveflowSim, laws: [noRetries] };

async function failingStorm(): Promise<Trial> {
  for (let number = 0; ; number++) {
    const trial = await tryPlan(build, stormScenario(`explain-${number}`), { seed: `explain-${number}` });
    if (trial.violations.length > 0) return trial;
  }
}

const told = await explainFinding(build, waveflowSearch, await failingStorm(), { moments: 6, branches: 10 });

describe("a finding explained", () => {
  test("is a scenario that replays on its own and breaks the same law", async () => {
    const parsed = parseScenario(told.file, { protocols: scenarioProtocols });
    expect(parsed).toMatchObject({ ok: true });
    const again = await tryPlan(build, told.scenario, { seed: told.scenario.seed! });
    expect(again.violations.map(({ law }) => law)).toEqual(["no-retries"]);
    expect(again.run.digest).toBe(told.trial.run.digest);
    expect(told.scenario).toMatchObject({ title: noRetries.promise, trouble: {} });
    expect(told.scenario.why).toBe(told.explanation);
  });

  test("says of every part what happens without it, and nothing is left out that is not needed", () => {
    expect(told.isComplete).toBe(true);
    const { steps, accidents } = told.after;
    expect(told.necessary.length).toBeGreaterThanOrEqual(steps + accidents);
    for (const { sentence, part } of told.necessary)
      expect(sentence.startsWith(`Without ${part}`)).toBe(true);
    const outcomes = new Set(told.necessary.map(({ outcome }) => outcome));
    expect(
      [...outcomes].every((outcome) => ["holds", "nothing to judge", "senseless"].includes(outcome)),
    ).toBe(true);
    expect(outcomes).toContain("holds");
  });

  test("shows a run that passes and begins the same", () => {
    const { nearest } = told;
    expect(nearest!.shared).toBeGreaterThan(0);
    expect(told.necessary.map(({ part }) => part)).toContain(nearest!.without);
    expect(nearest!.failing.some(({ highlighted }) => highlighted)).toBe(true);
  });

  test("tells its story with both facts", () => {
    expect(told.story.filter(({ highlighted }) => highlighted)).toHaveLength(2);
  });

  test("asks from each moment how often it ends badly: at the end always", () => {
    const { moments } = told.likelihood!;
    expect(moments.every(({ runs, broken }) => broken <= runs)).toBe(true);
    expect(moments.map(({ at }) => at)).toEqual(moments.map(({ at }) => at).toSorted((a, b) => a - b));
    const last = moments.at(-1)!;
    expect(last.broken).toBe(last.runs);
  });

  test("fits any width, and says the same in all of them", () => {
    for (const width of [60, 80, 100, 160]) {
      const lines = explanationLines(told, { width, ink: plainInk });
      expect(lines.filter((line) => [...line].length > width)).toEqual([]);
      const text = lines.join(" ").replaceAll(/\s+/gu, " ");
      expect(text).toContain("no-retries is broken");
      expect(text).toContain("the nearest run that passes");
      expect(text).toContain("when it was decided");
    }
  });
});
