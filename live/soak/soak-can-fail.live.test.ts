import { expect, test } from "vitest";
import { referenceCommand } from "../subjects/reference-command.ts";
import { runSmallSoak } from "./soak.contract.ts";

test("a soak finds a server that numbers a batch from its end", async () => {
  const server = referenceCommand("test/mutant-server");
  const mutant = { ...server, env: { ...server.env, SEATRIAL_MUTANT: "ids-against-the-order" } };
  const { wrong, run, stays } = await runSmallSoak({ seed: "mutant", durationMs: 30_000, server: mutant });
  expect(wrong.join("\n")).toMatch(/^[a-z-]+: /mu);
  // It ends with what it has found, and whoever is there then is abandoned.
  expect(run.gauge.elapsedMs).toBeLessThan(30_000);
  expect(run.gauge.accountsJudged).toBe(stays.length);
  expect(run.abandoned).toBeGreaterThan(0);
});
