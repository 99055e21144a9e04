import { afterAll, describe, expect, it } from "vitest";
import { createPool } from "./pool.ts";
import { searchProtocolOf } from "./protocols.ts";
import { search } from "./search.ts";
import type { SearchReport } from "./search-report.ts";

const protocol = searchProtocolOf("waveflow/1");
const pools = new Map([1, 2].map((workers) => [workers, createPool({ workers })]));
afterAll(async () => {
  for (const pool of pools.values()) await pool.close();
});

const searched = (workers: number, more: object = {}): Promise<SearchReport> =>
  search({ protocol, pool: pools.get(workers)!, seed: "cores", plansMax: 40, ...more });

describe("a search", () => {
  it("comes to the same on any number of cores", async () => {
    const [one, two] = [await searched(1), await searched(2)];
    expect(two).toEqual(one);
    expect(one).toMatchObject({ runs: 40, repeated: 2, findings: [], drifted: [] });
    expect(one.situations.length).toBeGreaterThan(300);
  });

  it("finds a mutant, groups its violations by cause, and tells the same again", async () => {
    const mutant = { mutant: "push-moves-cursor", findingsMax: 1 };
    const found = await searched(2, mutant);
    expect(found.findings.length).toBeGreaterThan(0);
    expect(await searched(1, mutant)).toEqual(found);
  });

  it("leaves out what another shard does", async () => {
    const shards = [
      await searched(1, { plansMax: 10, isUniform: true, shard: { index: 0, of: 2 } }),
      await searched(1, { plansMax: 10, isUniform: true, shard: { index: 1, of: 2 } }),
    ];
    const whole = await searched(1, { plansMax: 20, isUniform: true });
    const met = new Set(shards.flatMap(({ situations }) => situations));
    expect(met).toEqual(new Set(whole.situations));
  });

  it("stops when it is told to, and says how far it came", async () => {
    let generations = 0;
    const report = await searched(1, { plansMax: undefined, mayGoOn: () => generations++ < 1 });
    expect(report.runs).toBe(16);
  });
});
