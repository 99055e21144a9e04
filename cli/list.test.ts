import { beforeAll, describe, expect, it, vi } from "vitest";
import { UsageError } from "./errors.ts";
import { createProgram } from "./program.ts";

async function list(...words: readonly string[]): Promise<string> {
  let out = "";
  const print = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += String(text);
    return true;
  });
  try {
    await createProgram().parseAsync(["list", ...words], { from: "user" });
    return out;
  } finally {
    print.mockRestore();
  }
}

interface Row {
  readonly id: string;
  readonly level?: string;
  readonly isGenerated?: boolean;
}
const rows = async (...words: readonly string[]): Promise<readonly Row[]> =>
  JSON.parse(await list(...words, "--json")) as readonly Row[];

let all: readonly Row[] = [];
beforeAll(async () => {
  all = await rows();
});

describe("seatrial list", () => {
  it("says of every scenario to which level it belongs, and of what is about devices alone to none", () => {
    expect(new Set(all.map(({ level }) => level))).toEqual(
      new Set(["core", "realtime", "compaction", "clock", "crash", "cluster", undefined]),
    );
    expect(all.some(({ isGenerated }) => isGenerated === true)).toBe(false);
    const sweeps = all.filter(({ id }) => id.startsWith("waveflow/sweep/"));
    expect(new Set(sweeps.map(({ level }) => level))).toEqual(new Set(["crash"]));
  });

  it("has the scenarios of a level, and the suites that are generated for it", async () => {
    const core = await rows("--level", "core");
    expect(new Set(core.map(({ level }) => level))).toEqual(new Set(["core"]));
    const written = core.filter(({ isGenerated }) => isGenerated !== true);
    expect(written).toEqual(all.filter(({ level }) => level === "core"));
    expect(core.length).toBeGreaterThan(written.length);
  });

  it("adds levels, keeps to what is selected, and counts", async () => {
    const text = await list("waveflow/crash", "waveflow/push", "--level", "core,crash");
    const meant = all.filter(
      ({ id, level }) => /^waveflow\/(?:crash|push)\//u.test(id) && (level === "core" || level === "crash"),
    );
    for (const { id } of meant) expect(text).toContain(`\n  ${id}\n`);
    expect(text).toMatch(new RegExp(`\n${meant.length} scenarios\n$`, "u"));
  });

  it.each([
    [["--level", "cora"], 'there is no level "cora"; did you mean "core"?; there is core, realtime'],
    [["waveflow/push", "--level", "cluster"], "nothing that is selected belongs to level cluster"],
  ])("refuses %j", async (words, message) => {
    const refused = list(...words);
    await expect(refused).rejects.toBeInstanceOf(UsageError);
    await expect(refused).rejects.toThrow(message);
  });
});
