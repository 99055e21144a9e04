// From the simulation to the real world and back, as callers meet it: processes with mutants in them, real servers, a real
// PostgreSQL.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Finished, runSeatrial, scratchFolder } from "../test/run-seatrial.ts";

const folder = scratchFolder("confirm");

const seatrial = (...words: readonly string[]): Promise<Finished> => runSeatrial(words, folder);

function scenarioFile(name: string, text: string): string {
  const file = join(folder, `${name}.yaml`);
  const head = `id: waveflow/test/${name}\ntitle: A case\nprotocol: waveflow/1\nrequirements: [WF-PUSH-8]\n`;
  writeFileSync(file, head + text);
  return file;
}

/** Found by the search against id-before-lock: nothing in it says who comes first, only the seed does. */
const race = scenarioFile(
  "race",
  `
devices: [laptop, { phone: { automatic: true } }]
seed: "5"
steps:
  - wait: 10ms
  - laptop: edit song/1 title=A
  - phone: edit song/1 title=B
`,
);

/** The server dies by chance between the two transactions of watermark-outside-transaction, and a device from before
 *  passes the guard. */
const crash = scenarioFile(
  "crash",
  `
needs: [chance, compaction, clock]
devices: [laptop, phone]
accidents:
  - server compact begin#2: crash-before and back after 50ms
steps:
  - laptop: edit song/1 title=A
  - sync: [laptop, phone]
  - clock: advance 91d
  - laptop: edit song/1 title=B
  - laptop: edit song/1 title=C
  - sync: [laptop]
  - server: compact
  - wait: 2s
  - phone: pull
    expect: { counts: { resyncs: 1 } }
`,
);

const lostReply = (accidents: string): string => `
needs: [chance]
devices: [laptop, phone]
accidents:
  - laptop push: lose-reply
${accidents}steps:
  - laptop: edit song/1 title=A
  - laptop: push
  - phone: edit song/1 title=B
  - phone: push
  - laptop: push
`;

describe("what the simulation shows", () => {
  it("of an interleaving that only its seed has made happens for real, and is lifted back from there", async () => {
    const confirmed = await seatrial("confirm", race, "--mutant", "id-before-lock", "--tries", "3", "--json");
    expect(confirmed.code, confirmed.err).toBe(1);
    const [found] = JSON.parse(confirmed.out) as [
      { outcome: string; seen: { laws: string[] }; kept: { kept: number } },
    ];
    expect(found).toMatchObject({ outcome: "confirmed", seen: { laws: ["frames-show-gaps"] } });
    expect(found.kept.kept).toBeGreaterThan(0);

    const trace = join(folder, "traces", "waveflow", "test", "race.json");
    const lifted = join(folder, "lifted.yaml");
    const lifting = await seatrial("lift", trace, "--output", lifted);
    expect(lifting.code, lifting.err).toBe(1);
    expect(lifting.out).toContain("frames-show-gaps is violated");
    expect(readFileSync(lifted, "utf8")).toMatch(/^seed: /mu);

    const shrunk = await seatrial("shrink", lifted, "--mutant", "id-before-lock");
    expect(shrunk.code, shrunk.err).toBe(1);
    expect(shrunk.out).toContain("the smallest plan that does it");
  });

  it("of a crash by chance at a statement happens at the same statement", async () => {
    const { code, out, err } = await seatrial("confirm", crash, "--mutant", "watermark-outside-transaction");
    expect(code, out + err).toBe(1);
    expect(out).toContain("1 accidents at places of their own");
    expect(out).toMatch(/confirmed: line \d+: phone: pull/u);
    expect(out).not.toContain("never came to pass");
  });

  it("of a build with a defect does not happen to one without, and what cannot be done is blocked", async () => {
    const plain = scenarioFile("lost-reply", lostReply(""));
    const disk = scenarioFile("refused-disk", lostReply("  - phone durable step#2: fail\n"));
    const files = [plain, disk];
    const server = [process.execPath, "--disable-warning=ExperimentalWarning", "reference-server/main.ts"];
    const words = ["--mutant", "no-receipt", "--tries", "1", "--json", "--", ...server];
    const { code, out, err } = await seatrial("confirm", ...files, ...words);
    expect(code, err).toBe(4);
    expect(JSON.parse(out)).toMatchObject([
      { outcome: "not reproduced", seen: { laws: [] } },
      { outcome: "blocked", why: [expect.stringContaining("a real disk does not refuse a commit")] },
    ]);
  });

  it("is asked of the simulation first: where nothing is wrong there is nothing to confirm", async () => {
    const { code, err } = await seatrial("confirm", join(folder, "lost-reply.yaml"));
    expect(code).toBe(2);
    expect(err).toContain("the reference does nothing wrong in the simulation under seed 1");
  });
});
