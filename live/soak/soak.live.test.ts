import { beforeAll, describe, expect, test } from "vitest";
import { runSmallSoak, type SmallSoakOutcome } from "./soak.contract.ts";

describe("a soak of the reference server", () => {
  let outcome: SmallSoakOutcome;
  beforeAll(async () => {
    outcome = await runSmallSoak({ seed: "clean", durationMs: 6_000 });
  }, 60_000);

  test("ends with nothing wrong in any account, and leaves none unjudged", () => {
    expect(outcome.wrong).toEqual([]);
    expect(outcome.stays.length).toBeGreaterThan(0);
    expect(outcome.run.abandoned).toBe(0);
  });

  test("has seen messages, devices and servers suffer, as its histories tell", () => {
    const kinds = new Set(outcome.run.gauge.faultCounts.keys());
    expect(kinds).toContain("server crash");
    expect(kinds.size).toBeGreaterThan(3);
    expect(outcome.run.gauge.marks[0]!.text).toBe("server 1 restarted");
    const crashes = outcome.stays.flatMap(({ history }) =>
      history.events.filter((event) => event.kind === "crash" && event.target.startsWith("server")),
    );
    expect(crashes.length).toBeGreaterThan(0);
  });

  test("lets no server fall while an account is in its calm", () => {
    for (const { history } of outcome.stays) {
      const calmAt = history.events.findIndex(({ kind }) => kind === "calm");
      const late = history.events.slice(calmAt).filter((event) => event.kind === "crash");
      expect(late).toEqual([]);
    }
  });

  test("measures pushes, latencies, what is owed, memory, handles and the database", () => {
    const { samples, pushes, pushLatencyMs } = outcome.run.gauge;
    expect(pushes).toBeGreaterThan(0);
    expect(pushLatencyMs!.p50).toBeGreaterThan(0);
    expect(samples.length).toBeGreaterThan(2);
    expect(samples.some(({ devices, accounts }) => devices > accounts)).toBe(true);
    const last = samples.at(-1)!;
    expect(last.database!.connections).toBeGreaterThan(0);
    expect(last.seatrial.heapBytes).toBeGreaterThan(1_000_000);
    expect(samples.some(({ servers }) => servers.length === 2)).toBe(true);
  });
});
