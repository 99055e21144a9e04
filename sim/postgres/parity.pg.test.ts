import { afterAll, beforeAll, describe, expect, test } from "vitest";
import fc from "fast-check";
import { readDatabaseChoice } from "../../live/databases/choice.ts";
import { openDatabases } from "../../live/databases/open.ts";
import type { DatabaseProvider } from "../../live/databases/provider.ts";
import { type ParityRow } from "./parity-operations.contract.ts";
import {
  type Answer,
  engineRecords,
  type ParityRecord,
  type ParityScript,
  runScript,
  scriptToText,
} from "./parity.contract.ts";
import { scripts } from "./parity-generator.contract.ts";
import { PostgresHost, paritySettings } from "./parity-postgres.contract.ts";
import { type NamedScript, namedScripts } from "./parity-scripts.contract.ts";

// SEATRIAL_PARITY_RUNS and SEATRIAL_PARITY_SEED: more scripts, and other ones.
const generatedRuns = Number(process.env["SEATRIAL_PARITY_RUNS"] ?? 240);
const seed = Number(process.env["SEATRIAL_PARITY_SEED"] ?? 20_260_101);
// Which PostgreSQL: embedded:15, container:IMAGE, …
const database = readDatabaseChoice(process.env["SEATRIAL_DATABASE"] ?? "embedded");
const lanes = 4;
const generatedTimeoutMs = 60_000 + generatedRuns * 1_000;

// The engine is the newest PostgreSQL; where an older one does otherwise, there is a reason.
const differsBefore: ReadonlyMap<string, number> = new Map([
  // Seen in 15 and 16: a lock that others wait for is refused to whoever will not wait, even to one who holds it.
  ["a try of a holder passes those who wait for it", 17],
]);

let server: DatabaseProvider;
let major: number;
const hosts: PostgresHost[] = [];

beforeAll(async () => {
  server = await openDatabases(database, { settings: paritySettings });
  for (let lane = 0; lane < lanes; lane += 1) {
    hosts.push(await PostgresHost.open(await server.createDatabase(`parity_${lane}`)));
  }
  major = await host(0).majorVersion();
});

afterAll(async () => {
  for (const host of hosts) await host.close();
  await server.stop();
});

describe("the engine and PostgreSQL agree", () => {
  test.for(namedScripts)("$name", async (script, { annotate }) => {
    const [own] = await engineRecords(script);
    expectShown(script, own);
    const since = differsBefore.get(script.name) ?? 0;
    if (major >= since) return void (await expectParity(script, host(0)));
    await annotate(`PostgreSQL ${major} does otherwise, and has to`);
    await expect(expectParity(script, host(0))).rejects.toThrow(/against one of/u);
  });

  test(
    `on ${generatedRuns} generated scripts (seed ${seed})`,
    { timeout: generatedTimeoutMs },
    async ({ annotate }) => {
      const counts = { waited: 0, failed: 0, deadlocks: 0, repeated: 0, statements: 0 };
      const runLane = async (lane: number) =>
        await fc.assert(
          fc.asyncProperty(scripts, async (script) => {
            count(counts, await expectParity(script, host(lane), () => (counts.repeated += 1)));
          }),
          {
            seed: seed + lane,
            numRuns: Math.ceil(generatedRuns / lanes),
            reporter: (details) => {
              if (!details.failed) return;
              const script = details.counterexample?.[0];
              throw new Error(
                `seed ${details.seed}, path ${details.counterexamplePath}\n` +
                  `${script === undefined ? "" : scriptToText(script)}\n${String(details.errorInstance)}`,
              );
            },
          },
        );
      await Promise.all(hosts.map((_, lane) => runLane(lane)));
      await annotate(JSON.stringify(counts));
      // What the generator is for has to have come up.
      expect(counts.waited).toBeGreaterThan(generatedRuns / 4);
      expect(counts.failed).toBeGreaterThan(generatedRuns / 10);
      if (generatedRuns >= 200) expect(counts.deadlocks).toBeGreaterThan(0);
    },
  );
});

function expectShown(script: NamedScript, record: ParityRecord | undefined): void {
  for (const [step, expectation] of script.expected) {
    const seen = record?.steps.find((other) => other.step === step);
    if (expectation.waits === true) expect({ step, waited: seen?.waited }).toEqual({ step, waited: true });
    if (expectation.gives === undefined) continue;
    expect({ step, gives: shortAnswer(seen?.answer) }).toEqual({ step, gives: expectation.gives });
  }
  if (script.notifications !== undefined) expect(record?.notifications).toEqual(script.notifications);
}

// Rows as their `val`s, an error as its SQLSTATE.
function shortAnswer(answer: Answer | undefined): unknown {
  if (answer === undefined) return undefined;
  if ("sqlstate" in answer) return answer.sqlstate;
  return Array.isArray(answer.value) ? answer.value.map((row: ParityRow) => row.val) : answer.value;
}

function host(lane: number): PostgresHost {
  const found = hosts[lane];
  if (found === undefined) throw new Error(`no database for lane ${lane}`);
  return found;
}

// A real server may be preempted between two steps that the engine takes as one. Such a run is repeated, and counted:
// a difference of the semantics comes back every time.
async function expectParity(
  script: ParityScript,
  host: PostgresHost,
  onRepeat = () => {},
): Promise<ParityRecord> {
  const possible = await engineRecords(script);
  let record: ParityRecord | undefined;
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    if (attempt > 0) onRepeat();
    record = await runScript(script, await host.createWorld());
    const text = JSON.stringify(record);
    if (possible.some((other) => JSON.stringify(other) === text)) return record;
  }
  expect(record, `PostgreSQL, against one of ${possible.length} possible records of the engine`).toEqual(
    possible[0],
  );
  throw new Error("the records differ in the order of their members alone");
}

const attemptsMax = 3;

function count(
  counts: { waited: number; failed: number; deadlocks: number; statements: number },
  record: ParityRecord,
) {
  for (const { waited, answer } of record.steps) {
    counts.statements += 1;
    if (waited) counts.waited += 1;
    if (answer === undefined || !("sqlstate" in answer)) continue;
    counts.failed += 1;
    if (answer.sqlstate === "40P01") counts.deadlocks += 1;
  }
}
