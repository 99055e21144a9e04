// What a device relies on in its disk, run over every implementation.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JsonValue } from "../../protocol/json.ts";
import type { Disk, DiskTable } from "./ports.ts";

export interface DiskUnderTest {
  readonly disk: Disk;
  /** The same disk as the next life of the device finds it. */
  reopen(): Promise<Disk>;
  close(): Promise<void>;
}

/** Declares the tests of the contract; `create` makes an empty disk for each. */
export function describeDiskContract(name: string, create: () => Promise<DiskUnderTest>): void {
  describe(`${name} as a device's disk`, () => {
    let subject: DiskUnderTest;
    beforeEach(async () => {
      subject = await create();
    });
    afterEach(() => subject.close());

    test("is empty at first", async () => {
      const contents = await subject.disk.load();
      for (const rows of contents.values()) expect(rows.size).toBe(0);
    });

    test("gives back what was committed, to this life and to the next", async () => {
      await subject.disk.commit([put("meta", "lamport", 7), put("queue", "0/01", { op: { value: "Ä" } })]);
      const expected = { meta: { lamport: 7 }, queue: { "0/01": { op: { value: "Ä" } } } };
      expect(await plain(subject.disk)).toEqual(expected);
      expect(await plain(await subject.reopen())).toEqual(expected);
    });

    test("carries out the writes of one commit in their order", async () => {
      await subject.disk.commit([put("dead", "a", 1), put("dead", "b", 1), put("meta", "a", 1)]);
      await subject.disk.commit([
        { kind: "clear", table: "dead" },
        put("dead", "c", 1),
        put("dead", "d", 1),
        put("dead", "c", 2),
        { kind: "remove", table: "dead", key: "d" },
      ]);
      expect(await plain(await subject.reopen())).toEqual({ dead: { c: 2 }, meta: { a: 1 } });
    });

    test("removes what is not there without complaint", async () => {
      await subject.disk.commit([
        { kind: "remove", table: "queue", key: "none" },
        { kind: "clear", table: "parked" },
      ]);
      expect(await plain(subject.disk)).toEqual({});
    });

    test("keeps tables apart", async () => {
      await subject.disk.commit([put("dead", "x", 1), put("parked", "x", 2)]);
      await subject.disk.commit([{ kind: "clear", table: "dead" }]);
      expect(await plain(subject.disk)).toEqual({ parked: { x: 2 } });
    });

    test("gives rows in order of their keys", async () => {
      const keys = ["0/10", "0/02", "1/00", "", "Z", "a", "é", "\u{1F600}", "\uFF21"];
      await subject.disk.commit(keys.map((key) => put("queue", key, 0)));
      const rows = (await (await subject.reopen()).load()).get("queue")!;
      expect([...rows.keys()]).toEqual([...keys].sort());
    });

    test("keeps every key and every value as it is", async () => {
      const values: JsonValue[] = [null, true, 0, -1.5, 2 ** 53 - 1, "", "\u0000", [], {}, [{ a: [null] }]];
      const keys = ["\u0000", "a\u0000b", "\uD800", "\uD801", "'; --", "\n", '"', "\\", "__proto__"];
      await subject.disk.commit([
        ...values.map((value, index) => put("entities", `v${index}`, value)),
        ...keys.map((key) => put("entities", key, { key })),
      ]);
      const rows = (await (await subject.reopen()).load()).get("entities")!;
      for (const [index, value] of values.entries()) expect(rows.get(`v${index}`)).toEqual(value);
      for (const key of keys) expect(rows.get(key)).toEqual({ key });
      expect(rows.size).toBe(values.length + keys.length);
    });

    test("a long list of writes is one step", async () => {
      const writes = Array.from({ length: 2_000 }, (_, index) =>
        put("queue", String(index).padStart(9, "0"), index),
      );
      await subject.disk.commit(writes);
      expect((await (await subject.reopen()).load()).get("queue")!.size).toBe(2_000);
    });
  });
}

const put = (table: DiskTable, key: string, value: JsonValue) =>
  ({ kind: "put", table, key, value }) as const;

/** The contents as plain data, without empty tables. */
async function plain(disk: Disk): Promise<Record<string, Record<string, JsonValue>>> {
  const tables: Record<string, Record<string, JsonValue>> = {};
  for (const [table, rows] of await disk.load()) if (rows.size > 0) tables[table] = Object.fromEntries(rows);
  return tables;
}
