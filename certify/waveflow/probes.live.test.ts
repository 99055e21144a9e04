// The probes against real servers on a real PostgreSQL: ours, and one that shares nothing with it. Both are right, and
// neither is blamed for anything.
import { expect, test } from "vitest";
import { referenceCommand } from "../../live/subjects/reference-command.ts";
import type { ProbeOptions } from "../probe.ts";
import { startProbedServer, strangerCommand } from "./probed-server.contract.ts";
import { waveflowProbes } from "./probes.ts";

const options: ProbeOptions = {
  seed: "live",
  signal: new AbortController().signal,
  budgetMs: 120_000,
  declared: { socket: true },
};

const servers = [
  ["the reference", referenceCommand("reference-server/main")],
  ["a stranger's server", strangerCommand()],
] as const;

test.each(servers)(
  "%s passes every probe, with more than two thousand different requests",
  async (_, command) => {
    const server = await startProbedServer(command);
    try {
      for (const probe of waveflowProbes) {
        const totals = new Set<number>();
        const onProgress = (_done: number, total: number): unknown => totals.add(total);
        const { outcome, findings } = await probe.run(server.target, { ...options, onProgress });
        expect({ probe: probe.id, outcome, findings }).toEqual({
          probe: probe.id,
          outcome: "pass",
          findings: [],
        });
        if (probe.id.endsWith("bad-input")) expect(Math.max(...totals)).toBeGreaterThan(2_000);
      }
    } finally {
      await server.stop();
    }
  },
  180_000,
);
