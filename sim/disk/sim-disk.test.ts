import { expect, test } from "vitest";
import { Kernel } from "../kernel/kernel.ts";
import type { SimProcess } from "../kernel/process.ts";
import { type CommitFate, SimDisk } from "./sim-disk.ts";

function stage(fates: CommitFate["kind"][] = []): {
  kernel: Kernel;
  main: SimProcess;
  device: SimProcess;
  disk: SimDisk;
} {
  const kernel = new Kernel({ seed: "disk" });
  const device = kernel.process("phone");
  const disk: SimDisk = new SimDisk({
    decisions: kernel.random.decisions("phone", "disk"),
    latencyMaxMs: 2,
    fate: () => {
      const kind = fates.shift();
      return kind === undefined ? undefined : { kind };
    },
    crash: () => {
      device.crash();
      disk.settleCrash();
    },
    failure: () => new Error("disk full"),
  });
  return { kernel, main: kernel.process("main"), device, disk };
}

const put = (key: string, value: number) => ({ kind: "put", table: "queue", key, value }) as const;
const rows = (disk: SimDisk): readonly string[] => [...(disk.image().get("queue")?.keys() ?? [])];

test("what was committed is there after a crash, in order of the keys, and the rest is not", async () => {
  const { kernel, main, device, disk } = stage();
  await kernel.run(main, async () => {
    device.task("write", async () => {
      const port = disk.open(device);
      await port.commit([put("b", 2), put("a", 1)]);
      await port.commit([{ kind: "remove", table: "queue", key: "b" }, put("c", 3)]);
    });
    await main.sleep(10);
    device.crash();
    disk.settleCrash();
    device.restart();
    device.task("read", async () => {
      const contents = await disk.open(device).load();
      expect([...contents.get("queue")!]).toEqual([
        ["a", 1],
        ["c", 3],
      ]);
    });
    await main.sleep(1);
  });
});

test("a crash while a commit is under way leaves all of it or nothing of it, and both happen", async () => {
  const found = new Map<string, number>();
  for (let seed = 0; seed < 40; seed++) {
    const kernel = new Kernel({ seed: String(seed) });
    const main = kernel.process("main");
    const device = kernel.process("phone");
    const disk = new SimDisk({
      decisions: kernel.random.decisions("phone", "disk"),
      latencyMaxMs: 10,
      fate: () => undefined,
      crash: () => {},
      failure: () => new Error("disk full"),
    });
    await kernel.run(main, async () => {
      device.task("write", () => disk.open(device).commit([put("a", 1), put("b", 2)]));
      device.crash();
      disk.settleCrash();
      await main.sleep(20);
    });
    const key = rows(disk).join("");
    found.set(key, (found.get(key) ?? 0) + 1);
  }
  expect([...found.keys()].sort()).toEqual(["", "ab"]);
});

test("a crash before a commit leaves nothing of it, a crash after it leaves all, and a failure is told", async () => {
  for (const [fate, expected] of [
    ["crash-before", []],
    ["crash-after", ["a"]],
    ["fail", []],
  ] as const) {
    const { kernel, main, device, disk } = stage([fate]);
    let told = "";
    await kernel.run(main, async () => {
      device.task("write", async () => {
        try {
          await disk.open(device).commit([put("a", 1)]);
          told = "done";
        } catch (error) {
          told = (error as Error).message;
        }
      });
      await main.sleep(20);
    });
    expect(rows(disk)).toEqual(expected);
    expect(told).toBe(fate === "fail" ? "disk full" : "");
    expect(device.isUp).toBe(fate === "fail");
  }
});
