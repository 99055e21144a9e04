import { afterAll, beforeAll, expect, test } from "vitest";
import { foreignCommand } from "../../live/subjects/foreign-command.ts";
import { createLiveRunner, type LiveRunner } from "../../live/run.ts";
import { waveflowLive } from "../../live/waveflow/binding.ts";
import { loadCatalogue } from "../../scenarios/catalogue.ts";
import { waveflowWireWords } from "../waveflow/wire-words.ts";
import { compareTargets } from "./compare-targets.ts";
import { differenceLine } from "./differences.ts";

let neighbour: LiveRunner;
let reference: LiveRunner;
beforeAll(async () => {
  neighbour = await createLiveRunner({
    protocols: [waveflowLive],
    target: {
      kind: "command",
      command: foreignCommand(["node", "test/neighbour/server.mjs"]),
      hooks: { control: { token: "the control token of this test" } },
      tokens: { kind: "secret", secret: "the secret of this test and of nothing else" },
    },
    groupsMax: 1,
  });
  reference = await createLiveRunner({ protocols: [waveflowLive], groupsMax: 1 });
}, 30_000);
afterAll(() => Promise.all([neighbour.close(), reference.close()]));

test("two servers that are both right differ in habits, and in nothing that a rule speaks about", async () => {
  const globs = ["waveflow/duplicates/after-a-crash", "waveflow/push/atomic-batch"];
  const { scenarios } = loadCatalogue({ globs });
  const compared = await compareTargets({
    scenarios,
    here: (scenario, options) => neighbour.run(scenario, options),
    there: (scenario, options) => reference.run(scenario, options),
    words: waveflowWireWords,
    seedOf: () => "1",
    width: 2,
    signal: new AbortController().signal,
  });
  expect(compared).toMatchObject({ compared: 2, notCompared: [] });
  const lines = compared.groups.map(differenceLine);
  expect(lines.join("\n")).toMatch(/header cache-control is private, no-store here and no-store there/u);
  expect(lines.join("\n")).toMatch(/push: took is present here and absent there/u);
  expect(compared.groups.filter(({ ruledBy }) => ruledBy !== undefined)).toEqual([]);
}, 40_000);
