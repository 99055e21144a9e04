import { expect, test } from "vitest";
import { realMutant } from "../../explore/mutants/real-edits.ts";
import { waveflowSearch } from "../../explore/waveflow/search.ts";
import { editedReferenceCommand } from "../subjects/edited-server.ts";
import { runSmallSoak } from "./soak.contract.ts";

test("a soak finds a server that numbers a batch from its end", async () => {
  const mutant = waveflowSearch.mutants.find(({ name }) => name === "ids-against-the-order")!;
  const real = realMutant(mutant);
  if (real.place === "nowhere") throw new Error(real.why);
  const server = editedReferenceCommand("reference-server/main", { name: mutant.name, edits: real.edits });
  const { wrong, run, stays } = await runSmallSoak({ seed: "mutant", durationMs: 30_000, server });
  expect(wrong.join("\n")).toMatch(/^[a-z-]+: /mu);
  // It ends with what it has found, and whoever is there then is abandoned.
  expect(run.gauge.elapsedMs).toBeLessThan(30_000);
  expect(run.gauge.accountsJudged).toBe(stays.length);
  expect(run.abandoned).toBeGreaterThan(0);
});
