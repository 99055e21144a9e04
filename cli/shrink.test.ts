// `seatrial shrink` as its callers meet it: a process with a mutant in it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Finished, runSeatrial, scratchFolder } from "../test/run-seatrial.ts";

const folder = scratchFolder("shrink");

const seatrial = (...words: readonly string[]): Promise<Finished> => runSeatrial(words);

const file = join(folder, "lossy.yaml");
writeFileSync(
  file,
  `id: waveflow/cli/lossy
title: Replies get lost
protocol: waveflow/1
requirements: [WF-PUSH-2]
needs: [network, compaction, settings, chance]
devices: [laptop, { phone: { automatic: true } }, tablet, watch]
config: { pullLimitDefault: 5 }
trouble: { loseFrame: 100000, latencyMaxMs: 200 }
seed: "lossy"
steps:
  - tablet: edit song/2 title=X
  - sync: [tablet]
  - laptop: edit song/1 title=A rating=3
  - wait: 2s
  - network: lose reply to laptop push
  - laptop: push
  - watch: pull
  - phone: edit album/7 note="a long text that says nothing"
  - wait: 3s
  - server: compact
  - laptop: push
  - tablet: pull
  - settle
`,
);

describe("shrink", () => {
  it("writes a small plan that fails with the defect and passes without, and tells what happens in it", async () => {
    const output = join(folder, "small.yaml");
    const { code, out } = await seatrial("shrink", file, "--mutant", "no-receipt", "--output", output);
    expect(code).toBe(1);
    for (const part of [
      "is broken",
      "the smallest plan that does it",
      "how it happens",
      "why nothing of it can be left out",
      "the reference keeps every law under this plan",
    ])
      expect(out).toContain(part);
    const steps = readFileSync(output, "utf8")
      .split("\n")
      .filter((line) => /^ {2}- /u.test(line));
    expect(steps.length).toBeLessThanOrEqual(5);
    const replayed = await seatrial("replay", output, "--output-dir", join(folder, "replay"));
    expect(replayed.code).toBe(0);
    const again = await seatrial(
      "shrink",
      output,
      "--mutant",
      "no-receipt",
      "--output",
      join(folder, "again.yaml"),
    );
    expect(again.code).toBe(1);
    expect(readFileSync(join(folder, "again.yaml"), "utf8")).toBe(readFileSync(output, "utf8"));
  });

  it("says so where nothing is broken, where the law is not, and where the mutant is not there", async () => {
    const results = await Promise.all([
      seatrial("shrink", file),
      seatrial("shrink", file, "--mutant", "no-receipt", "--law", "order"),
      seatrial("shrink", file, "--mutant", "no-such-thing"),
    ]);
    expect(results.map(({ code }) => code)).toEqual([2, 2, 2]);
    expect(results[0]!.err).toContain("breaks no law");
    expect(results[1]!.err).toContain("does not break order");
    expect(results[2]!.err).toContain("no mutant");
  });
});
