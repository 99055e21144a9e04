import { afterAll, beforeAll, expect, test } from "vitest";
import { flatSteps } from "../../explore/shrink/plan-size.ts";
import { waveflowLaws } from "../../invariants/waveflow/laws.ts";
import { waveflowStorytelling } from "../../invariants/waveflow/storytelling.ts";
import { foreignCommand } from "../../live/subjects/foreign-command.ts";
import { createLiveRunner, type LiveRunner } from "../../live/run.ts";
import { waveflowLive } from "../../live/waveflow/binding.ts";
import { waveflowRequirements } from "../../protocol/waveflow/requirements.ts";
import { loadCatalogue } from "../../scenarios/catalogue.ts";
import { waveflowVocabulary } from "../../scenarios/waveflow/vocabulary.ts";
import { waveflowSim } from "../../sim/waveflow/binding.ts";
import { scriptOfTrace } from "../script/trace-script.ts";
import { waveflowWireWords } from "../waveflow/wire-words.ts";
import { minimiseOnTarget } from "./minimise.ts";
import { simulatedOracle } from "./oracle.ts";

const protocol = {
  vocabulary: waveflowVocabulary,
  requirements: waveflowRequirements,
  laws: waveflowLaws,
  storytelling: waveflowStorytelling,
};

let runner: LiveRunner;
beforeAll(async () => {
  runner = await createLiveRunner({
    protocols: [waveflowLive],
    target: {
      kind: "command",
      command: foreignCommand(["env", "DEFECT=receipts-die", "node", "test/stranger/server.mjs"]),
      hooks: { control: { token: "the control token of this test" } },
      tokens: { kind: "secret", secret: "the secret of this test and of nothing else" },
    },
  });
}, 30_000);
afterAll(() => runner.close());

test("a receipt that dies is told in the few steps that it takes, on the server itself", async () => {
  const scenario = loadCatalogue().scenarios.find(({ id }) => id === "waveflow/duplicates/after-compaction")!;
  const trace = (await minimiseOnTarget({
    scenario,
    seed: "1",
    protocol,
    run: (candidate, options) => runner.run(candidate, options),
    oracle: simulatedOracle(waveflowSim, { laws: waveflowLaws, seed: "1" }),
    budget: { attempts: 60, ms: 25_000 },
  }))!;
  expect(trace.failure).toMatchObject({ kind: "law", law: "retries-are-duplicates" });
  expect(trace.requirements).toContain("WF-PUSH-3");
  expect(trace.deterministic).toBe(true);
  // On a busy machine the time may be up before the last step is gone.
  const most = trace.stoppedBy === undefined ? 6 : 8;
  expect(flatSteps(trace.scenario.steps).length).toBeLessThanOrEqual(most);
  expect(trace.story.some(({ highlighted }) => highlighted)).toBe(true);
  const script = scriptOfTrace(trace, { words: waveflowWireWords, laws: waveflowLaws });
  expect(script.match(/^curl /gmu)!.length).toBeLessThanOrEqual(8);
  expect(script).toContain("/control/compact");
}, 40_000);
