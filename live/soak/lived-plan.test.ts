import { expect, it } from "vitest";
import { waveflowSoakPlans } from "../../explore/waveflow/soak-plan.ts";
import { parseScenario } from "../../scenarios/format/parse.ts";
import { scenarioProtocols } from "../../scenarios/catalogue.ts";
import { networkLine } from "../../scenarios/format/network-lines.ts";
import type { Scenario } from "../../scenarios/format/types.ts";
import { stringifyScenario } from "../../scenarios/format/stringify.ts";
import { waveflowVocabulary } from "../../scenarios/waveflow/vocabulary.ts";
import { livedPlan } from "./lived-plan.ts";

const options = { processes: 2, config: {}, stayMs: { least: 2_000, most: 3_000 } };
const scenario = waveflowSoakPlans.stay("s", 1, options);

const textsOf = (steps: Scenario["steps"]): readonly string[] => steps.map(({ source }) => source.text);

it("a plan to which nothing was done by others is what it was", () => {
  const lived = livedPlan({ scenario, suffered: [], unstruck: [] });
  expect(textsOf(lived.steps)).toEqual(textsOf(scenario.steps));
  expect(lived.needs).toEqual(scenario.needs);
});

it("a line for the network that struck nothing is left out, once for each that struck nothing", () => {
  const line = scenario.steps.find((step) => step.kind === "network")!;
  const unstruck = [`network: ${networkLine(line.action)}`];
  const twice = { ...scenario, steps: [line, ...scenario.steps] };
  const lived = livedPlan({ scenario: twice, suffered: [], unstruck });
  expect(textsOf(lived.steps)).toEqual(textsOf(scenario.steps));
});

it("what befell the servers stands where it happened, and all else is as it was", () => {
  const lived = livedPlan({
    scenario,
    unstruck: [],
    suffered: [
      { afterSteps: 0, verb: "crash", process: 1 },
      { afterSteps: 2, verb: "restart", process: 1 },
      { afterSteps: 2, verb: "pause", process: 2 },
    ],
  });
  const texts = textsOf(lived.steps);
  expect([texts[0], texts[3], texts[4]]).toEqual(["server: crash", "server: restart", "server: pause"]);
  expect(texts.filter((_, place) => ![0, 3, 4].includes(place))).toEqual(textsOf(scenario.steps));
  expect(lived.needs).toEqual(expect.arrayContaining(["crash", "processes", "pause"]));
  const text = stringifyScenario(lived, waveflowVocabulary);
  expect(parseScenario(text, { protocols: scenarioProtocols }), text).toMatchObject({ ok: true });
});
