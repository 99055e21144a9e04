// From the real world back to the simulation, as callers meet it: a real server with a mutant in it, and what its failure
// leaves.
import { join } from "node:path";
import { expect, it } from "vitest";
import { type Finished, runSeatrial, scratchFolder } from "../test/run-seatrial.ts";

const folder = scratchFolder("lift");

const seatrial = (...words: readonly string[]): Promise<Finished> => runSeatrial(words, folder);

it("what fails in a run of the live world leaves a trace beside its results, which is lifted from there", async () => {
  const output = join(folder, "live");
  const words = [
    "waveflow/guard/boundaries",
    "--mutant",
    "guard-blocks-the-watermark",
    "--output-dir",
    output,
  ];
  const failed = await seatrial("live", ...words);
  expect(failed.code, failed.out + failed.err).toBe(1);
  expect(failed.out).toContain("guard-is-exact");
  const lifted = await seatrial("lift", join(output, "results.json"));
  expect(lifted.code, lifted.err).toBe(1);
  expect(lifted.out).toContain("simulated: guard-is-exact is violated, under seed 1, found in run 1");
  const again = await seatrial("lift", join(output, "results.json"), "waveflow/guard/no-such-one");
  expect(again.code).toBe(2);
  expect(again.err).toContain("there is no trace of waveflow/guard/no-such-one");
});
