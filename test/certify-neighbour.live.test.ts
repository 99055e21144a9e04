// Certification judges right, in both directions: a server that owes nothing to this project and is right in every rule
// is granted what it claims, with its own habits; and a hundred small mistakes in it are each refused for the rule that
// they break and for no other. Here are a part of the first and a few of the second; SEATRIAL_ALL_DEFECTS=1 has all.
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../live/databases/embedded.ts";
import { scenarioProtocols } from "../scenarios/catalogue.ts";
import { certifyNeighbour, neighbourDefects } from "./neighbour-defects.ts";

const isWhole = process.env.SEATRIAL_ALL_DEFECTS === "1";

/** One of each kind: identity, push, pull, acknowledgement, compaction, clock, socket, crash. */
const sample = [
  "numeric-sub-refused",
  "conflicts-unnoticed",
  "guard-one-too-late",
  "acks-beyond-head-cut",
  "watermark-stays",
  "stale-after-nine-days",
  "frames-newest-first",
  "receipts-in-memory",
];

let database: EmbeddedPostgres;
beforeAll(async () => {
  database = await startEmbeddedPostgres();
}, 60_000);
afterAll(() => database.stop());

const neighbour = (ids: readonly string[], defect?: string) =>
  certifyNeighbour({
    ids,
    databaseUrl: database.url,
    ...(defect === undefined ? {} : { defect }),
  });

describe("the table of defects", () => {
  const rules = new Set(scenarioProtocols.flatMap(({ requirements }) => requirements));
  const sources = readdirSync(new URL("neighbour", import.meta.url))
    .filter((name) => name.endsWith(".mjs"))
    .map((name) => readFileSync(new URL(`neighbour/${name}`, import.meta.url), "utf8"));

  test("names the mistakes that the server can make, and no others", () => {
    const made = sources.flatMap((source) =>
      [...source.matchAll(/defect\("([a-z-]+)"\)/gu)].map(([, it]) => it),
    );
    expect([...neighbourDefects.keys()].toSorted()).toEqual([...new Set(made)].toSorted());
    expect(neighbourDefects.size).toBeGreaterThanOrEqual(45);
  });

  test("names rules that there are, and where each mistake shows", () => {
    for (const [name, { breaks, mayBlame, seenIn }] of neighbourDefects) {
      expect(
        [...breaks, ...mayBlame].filter((id) => !rules.has(id)),
        name,
      ).toEqual([]);
      expect(breaks.length * seenIn.length, name).toBeGreaterThan(0);
    }
  });
});

describe("a server with other habits that is right", () => {
  const areas = ["waveflow/guard/**", "waveflow/state/**", "waveflow/pull/**", "waveflow/push/poison-*/**"];
  const wherever = [...neighbourDefects]
    .filter(([name]) => sample.includes(name))
    .flatMap(([, { seenIn }]) => seenIn);

  test.concurrent(
    "is blamed for nothing",
    async () => {
      const { blamed, certification, out, code } = await neighbour(isWhole ? [] : [...areas, ...wherever]);
      expect(blamed, out).toEqual([]);
      expect([0, 4], out).toContain(code);
      const levels = certification?.levels.filter(({ verdict }) => verdict === "refused");
      expect(levels, out).toEqual([]);
    },
    isWhole ? 900_000 : 90_000,
  );
});

describe("a mistake is refused for the rule that it breaks, and for no other:", () => {
  const names = isWhole ? [...neighbourDefects.keys()] : sample;
  test.concurrent.each(names)(
    "%s",
    async (name) => {
      const { breaks, mayBlame, seenIn } = neighbourDefects.get(name)!;
      const { blamed, code, out } = await neighbour(seenIn, name);
      expect(code, out).toBe(1);
      expect(
        blamed.filter((id) => ![...breaks, ...mayBlame].includes(id)),
        out,
      ).toEqual([]);
      expect(
        blamed.filter((id) => breaks.includes(id)),
        out,
      ).not.toEqual([]);
    },
    180_000,
  );
});
