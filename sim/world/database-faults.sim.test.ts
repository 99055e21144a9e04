// What happens to processes and databases shows in the history, is counted, and fails the scenario where it hindered
// nobody.
import { expect, test } from "vitest";
import { scenarioProtocols } from "../../scenarios/catalogue.ts";
import { formatErrors, parseScenario } from "../../scenarios/format/parse.ts";
import { type SimRun, simulate } from "../run.ts";
import { waveflowSim } from "../waveflow/binding.ts";

function run(needs: string, steps: readonly string[]): Promise<SimRun> {
  const text = `id: waveflow/test/case
title: A case
protocol: waveflow/1
requirements: [WF-PUSH-10]
needs: [${needs}]
devices: [laptop]
steps:
${steps.map((step) => `  - ${step}`).join("\n")}
`;
  const result = parseScenario(text, { protocols: scenarioProtocols });
  if (!result.ok) throw new Error(formatErrors(result.errors));
  return simulate({ scenario: result.scenario, protocol: waveflowSim, seed: "1" });
}

const failed = ({ checks }: SimRun) => checks.filter(({ pass }) => !pass).map(({ expected }) => expected);

test.each([
  ["database", "refuse connections"],
  ["database", "read-only"],
  ["database", "lock tables"],
  ["database", "lock-timeout 5ms"],
  ["database", "statement-timeout 5ms"],
  ["disk-full", "full"],
])("a fault that hindered nobody fails the scenario, whoever ended it: %s, %s", async (ability, line) => {
  for (const end of [[], ["database: recover"]]) {
    const missed = await run(ability, [`database: ${line}`, ...end]);
    expect(failed(missed)).toEqual([`the fault strikes: database: ${line}`]);
  }
});

test.each([
  ["database", "read-only", "database read-only"],
  ["disk-full", "full", "database full"],
  ["database-restart", "stop", "database stopped"],
])("one that struck is counted and told: %s, %s", async (ability, line, kind) => {
  const struck = await run(ability, [
    "laptop: edit song/1 title=A",
    `database: ${line}`,
    "laptop: push",
    "database: recover",
  ]);
  expect(failed(struck)).toEqual([]);
  expect(struck.faultCounts.get(kind)).toBe(1);
  const told = struck.history.events.filter(({ kind }) => kind === "fault");
  expect(told).toMatchObject([{ fault: kind, target: "database" }]);
});

test("a process that stands still is told, and a settle has it go on", async () => {
  const paused = await run("pause", ["laptop: edit song/1 title=A", "server: pause", "laptop: push"]);
  expect(failed(paused)).toEqual([]);
  expect(paused.faultCounts.get("process paused")).toBe(1);
  expect(paused.history.events.at(-1)).toMatchObject({ kind: "found", finding: { pending: [] } });
});

test("the same seed is the same run, also where a process stands still", async () => {
  const steps = [
    "laptop: edit song/1 title=A",
    "server: pause",
    "laptop: push",
    "server: resume",
    "laptop: push",
  ];
  const [first, second] = [await run("pause", steps), await run("pause", steps)];
  expect(first.digest).toBe(second.digest);
});
