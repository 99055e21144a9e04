import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test } from "vitest";
import { describeDiskContract } from "../waveflow/disk.contract.ts";
import { DiskFailed } from "../waveflow/ports.ts";
import { SqliteDisk } from "./sqlite-disk.ts";

const folder = mkdtempSync(join(tmpdir(), "device-disk-"));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const nextFile = (): string => join(folder, `${++files}.db`);

describeDiskContract("a SQLite file", async () => {
  const file = nextFile();
  let disk = new SqliteDisk({ file });
  return {
    disk,
    async reopen() {
      disk.close();
      disk = new SqliteDisk({ file });
      return disk;
    },
    async close() {
      disk.close();
    },
  };
});

describe("a SQLite file", () => {
  test("belongs to one device at a time, and says so", () => {
    const file = nextFile();
    const disk = new SqliteDisk({ file });
    expect(() => new SqliteDisk({ file, lockTimeoutMs: 10 })).toThrow(
      "another process uses this device file",
    );
    disk.close();
    new SqliteDisk({ file }).close();
  });

  test("that is no database is refused and left alone", () => {
    const file = nextFile();
    writeFileSync(file, "not a database, but long enough to be taken for one by its size. ".repeat(20));
    expect(() => new SqliteDisk({ file })).toThrow(DiskFailed);
    expect(() => new SqliteDisk({ file })).toThrow("not an SQLite database");
  });

  test("of another program is refused and left alone", () => {
    const file = nextFile();
    const other = new DatabaseSync(file);
    other.exec("CREATE TABLE songs (title TEXT)");
    other.close();
    expect(() => new SqliteDisk({ file })).toThrow("expected a device file of version 1");
  });

  test("in a folder that does not exist cannot be opened", () => {
    expect(() => new SqliteDisk({ file: join(folder, "none", "x.db") })).toThrow("does the folder exist");
  });

  test("a commit that fails leaves none of its writes", async () => {
    const disk = new SqliteDisk({ file: nextFile() });
    const unwritable = { kind: "put", table: "meta", key: "b", value: undefined } as never;
    await expect(
      disk.commit([{ kind: "put", table: "meta", key: "a", value: 1 }, unwritable]),
    ).rejects.toThrow(DiskFailed);
    expect((await disk.load()).get("meta")).toBeUndefined();
    disk.close();
  });
});
