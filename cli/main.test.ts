// The command line as its callers meet it: a process, its output, its exit code.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Finished, runSeatrial, scratchFolder } from "../test/run-seatrial.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const program = ["cli/main.ts"];
const folder = scratchFolder("cli");
const environment = { ...process.env, NO_COLOR: "1", CI: "1" };

const seatrial = (...words: readonly string[]): Promise<Finished> => runSeatrial(words);

const scenario = (title: string): string => `id: waveflow/cli/example
title: ${title}
protocol: waveflow/1
requirements: [WF-PUSH-1]
devices: [laptop, phone]
steps:
  - laptop: edit song/1 title=A
  - sync: [laptop, phone]
expect:
  state: { song/1: { title: ${title} } }
`;

describe("bad usage ends in 2 and says what would be right", () => {
  it.concurrent.each([
    [["simm"], "Did you mean sim?"],
    [["sim", "--sed", "7"], "Did you mean --seed?"],
    [["sim", "waveflow/pusch"], 'did you mean "waveflow/push"?'],
    [["sim", "-g", "no such thing"], "nothing is selected"],
    [["sim", "-g", "("], "--grep is no regular expression"],
    [["sim", "--bail=never"], "whole number"],
    [["sim", "--seeds", "5"], "say --storm as well"],
    [["sim", "--storm", "waveflow/push"], "--storm makes up its own plans"],
    [["list", "--protocol", "waveflo"], 'did you mean "waveflow"?'],
    [["explore", "--relations", "--shard", "1/4"], "--shard is of the search"],
    [["replay", join(folder, "missing.yaml")], "cannot read"],
    [["run", "--reporter", "braille"], "terminal, json, junit"],
  ])("seatrial %j", async (words, hint) => {
    const { code, out, err } = await seatrial(...words);
    expect(err).toContain(hint);
    expect(out).toBe("");
    expect(code).toBe(2);
  });
});

describe("help", () => {
  it.concurrent("opens with what it does and examples", async () => {
    const { code, out } = await seatrial("--help");
    expect(code).toBe(0);
    expect(out.indexOf("Examples:")).toBeGreaterThan(0);
    expect(out.indexOf("Examples:")).toBeLessThan(out.indexOf("Usage:"));
  });
});

describe("replay", () => {
  it.concurrent("passes with 0, and writes its reports", async () => {
    const file = join(folder, "good.yaml");
    writeFileSync(file, scenario("A"));
    const { code, out } = await seatrial("replay", file, "--output-dir", join(folder, "good"));
    expect(out.trimEnd().split("\n").at(-1)).toBe("1 passed, 0 failed");
    expect(code).toBe(0);
    expect(readFileSync(join(folder, "good", "junit.xml"), "utf8")).toContain('tests="1" failures="0"');
  });

  it.concurrent("says which accidents of the file never came to pass, and passes", async () => {
    const file = join(folder, "unstruck.yaml");
    const outputDir = join(folder, "unstruck");
    const accidents = ["laptop push: lose-reply", "laptop push#99: lose-reply"];
    const lines = accidents.map((accident) => `  - ${accident}\n`).join("");
    const pinned = scenario("A").replace("steps:", `needs: [chance]\naccidents:\n${lines}steps:`);
    writeFileSync(file, pinned);
    const { code, out } = await seatrial("replay", file, "--output-dir", outputDir);
    expect(out).toContain("1 accident of the file never came to pass\n    laptop push#99: lose-reply\n");
    expect(code).toBe(0);
    const document = JSON.parse(readFileSync(join(outputDir, "results.json"), "utf8")) as {
      results: { unstruckAccidents: string[] }[];
    };
    expect(document.results[0]!.unstruckAccidents).toEqual(["laptop push#99: lose-reply"]);
  });

  it.concurrent("fails with 1, and with --json only the document is on standard output", async () => {
    const file = join(folder, "bad.yaml");
    const outputDir = join(folder, "bad");
    writeFileSync(file, scenario("B"));
    const first = await seatrial("replay", file, "--json", "--output-dir", outputDir);
    expect(first.code).toBe(1);
    const document = JSON.parse(first.out) as { totals: { fail: number }; results: { digest: string }[] };
    expect(document.totals.fail).toBe(1);
    expect(first.err).toContain("0 passed, 1 failed");
    expect(existsSync(join(outputDir, "results.json"))).toBe(true);
  });

  it.concurrent("refuses what is no scenario, with its place", async () => {
    const file = join(folder, "odd.yaml");
    writeFileSync(file, scenario("A").replace("sync:", "snyc:"));
    const { code, err } = await seatrial("replay", file);
    expect(err).toMatch(/odd\.yaml:8:\d+: /);
    expect(code).toBe(2);
  });

  it.concurrent("runs what a record names, and says that it is the same run", async () => {
    const id = "waveflow/state/higher-id-wins";
    const record = join(folder, "record");
    await seatrial("sim", id, "--output-dir", record);
    const { code, err } = await seatrial(
      "replay",
      join(record, "results.json"),
      id,
      "--output-dir",
      `${record}-2`,
    );
    expect(err).toMatch(new RegExp(`^${id}: the same run as recorded, digest [0-9a-f]{16}$`, "m"));
    expect(code).toBe(0);
  });
});

describe("a replay that is another run than the one that was recorded", () => {
  const id = "waveflow/state/higher-id-wins";
  const seeded = (title: string, digest: string): string =>
    `${scenario(title)}seed: "7"\ndigest: "${digest}"\nrecorded-with: 0.0.9\n`;

  it.concurrent("is DRIFTED and ends in 5, whatever held in it", async () => {
    const file = join(folder, "drifted.yaml");
    const outputDir = join(folder, "drifted");
    writeFileSync(file, seeded("A", "0123456789abcdef"));
    const { code, out } = await seatrial("replay", file, "--output-dir", outputDir);
    expect(out).toContain("DRIFTED: this is not the run that was recorded");
    expect(out).toMatch(/recorded {2}0123456789abcdef with 0\.0\.9\n +now {7}[0-9a-f]{16} with \d/);
    expect(out.trimEnd().split("\n").at(-1)).toBe("0 passed, 0 failed, 1 drifted");
    expect(code).toBe(5);
    const document = JSON.parse(readFileSync(join(outputDir, "results.json"), "utf8")) as {
      results: { outcome: string; digest: string }[];
    };
    expect(document.results[0]!.outcome).toBe("drifted");
    // With the digest of this run it is that run.
    writeFileSync(file, seeded("A", document.results[0]!.digest));
    const same = await seatrial("replay", file, "--output-dir", outputDir);
    expect(same.out.trimEnd().split("\n").at(-1)).toBe("1 passed, 0 failed");
    expect(same.code).toBe(0);
  });

  it.concurrent("is found out in a record as well", async () => {
    const record = join(folder, "drifted-record");
    await seatrial("sim", id, "--output-dir", record);
    const file = join(record, "results.json");
    writeFileSync(file, readFileSync(file, "utf8").replace(/"digest": "[0-9a-f]{4}/, '"digest": "0000'));
    const { code, out, err } = await seatrial("replay", file, id, "--output-dir", `${record}-2`);
    expect(out).toContain("DRIFTED");
    expect(err).not.toContain("the same run as recorded");
    expect(code).toBe(5);
  });
});

describe("Ctrl-C", () => {
  it.concurrent("ends in 130, and the reports tell how far it came", async () => {
    const outputDir = join(folder, "interrupted");
    const words = ["sim", "--storm", "--seeds", "1000000", "--bail", "1000", "--output-dir", outputDir];
    const child = spawn(process.execPath, [...program, ...words], { cwd: root, env: environment });
    const ended = new Promise<number | null>((resolve) => child.on("exit", (code) => resolve(code)));
    const timer = setTimeout(() => child.kill("SIGINT"), 5_000);
    const code = await ended;
    clearTimeout(timer);
    expect(code).toBe(130);
    const document = JSON.parse(readFileSync(join(outputDir, "results.json"), "utf8")) as {
      interrupted: boolean;
    };
    expect(document.interrupted).toBe(true);
  });
});
