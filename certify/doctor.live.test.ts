// The doctor on a server that owes nothing to the reference, and keeps its data where Seatrial does not see it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { createLiveRunner } from "../live/run.ts";
import { foreignCommand } from "../live/subjects/foreign-command.ts";
import { waveflowLive } from "../live/waveflow/binding.ts";
import { loadCatalogue } from "../scenarios/catalogue.ts";
import { type Diagnosis, examine } from "./doctor.ts";
import { waveflowCheckup } from "./waveflow/checkup.ts";
import { waveflowProfile } from "./waveflow/profile.ts";

const folder = mkdtempSync(join(tmpdir(), "seatrial-doctor-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const neighbour = new URL("../test/neighbour/server.mjs", import.meta.url);

async function examined(script: string): Promise<Diagnosis> {
  const runner = await createLiveRunner({
    protocols: [waveflowLive],
    target: {
      kind: "command",
      command: foreignCommand([process.execPath, script, "--data-root", join(folder, "data")]),
      hooks: {},
      tokens: { kind: "secret", secret: "the neighbour's own" },
    },
  });
  try {
    return await examine({
      runner,
      profile: waveflowProfile,
      checkup: waveflowCheckup,
      scenarios: loadCatalogue().scenarios,
      placeLacks: () => [],
    });
  } finally {
    await runner.close();
  }
}

const failing = ({ symptoms }: Diagnosis): readonly string[] =>
  symptoms.filter(({ works }) => !works).map(({ name }) => name);

test("what can be asked of a server is tried, and all but its database can", async () => {
  const diagnosis = await examined(fileURLToPath(neighbour));
  const names = diagnosis.symptoms.map(({ name }) => name);
  expect(names).toEqual([
    ...["server", "token", "push", "pull", "ACK", "socket", "frames", "bad token"],
    ...["compact hook", "compact hook closed", "clock hook", "clock hook closed"],
    ...["second process", "crash", "orderly stop", "database"],
  ]);
  expect(failing(diagnosis)).toEqual(["database"]);
  for (const { checks, possible } of diagnosis.levels) expect([possible, checks]).toEqual([checks, checks]);
});

test("a server that suffers no second process beside it lacks a level, and nothing else", async () => {
  const script = join(folder, "alone.mjs");
  writeFileSync(
    script,
    `import { readFileSync, writeFileSync } from "node:fs";
const lock = ${JSON.stringify(folder)} + "/lock-" + new URL(process.env.DATABASE_URL).pathname.slice(1);
const isAlive = (pid) => { try { return process.kill(pid, 0); } catch { return false; } };
let owner;
try { owner = Number(readFileSync(lock, "utf8")); } catch {}
if (owner !== undefined && isAlive(owner)) { console.error("the database is in use"); process.exit(1); }
writeFileSync(lock, String(process.pid));
await import(${JSON.stringify(neighbour.href)});`,
  );
  const diagnosis = await examined(script);
  expect(failing(diagnosis)).toEqual(["second process", "database"]);
  const cluster = diagnosis.levels.find(({ name }) => name === "cluster")!;
  expect(cluster.possible).toBe(0);
  expect(cluster.missing[0]!.text).toMatch(
    /a second process on the same database: .*the database is in use/u,
  );
  const crash = diagnosis.levels.find(({ name }) => name === "crash")!;
  expect(crash.possible).toBeGreaterThan(crash.checks / 2);
});
