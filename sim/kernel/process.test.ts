// A process that stands still: everything about it waits, nothing is lost, and nobody else notices.
import { describe, expect, test } from "vitest";
import { Kernel } from "./kernel.ts";
import type { SimProcess } from "./process.ts";

function start(): { kernel: Kernel; main: SimProcess; server: SimProcess; seen: string[] } {
  const kernel = new Kernel({ seed: "seed", eventsMax: 10_000 });
  return { kernel, main: kernel.process("main"), server: kernel.process("server"), seen: [] };
}

describe("a process that stands still", () => {
  test("does what came due meanwhile when it goes on, in its order", async () => {
    const { kernel, main, server, seen } = start();
    const note = (what: string) => (): void => void seen.push(`${what} at ${kernel.now()}`);
    server.after(10, note("timer"));
    server.task("work", async () => {
      await server.sleep(5);
      note("woken")();
    });
    server.pause();
    server.task("request", note("request"));
    await kernel.run(main, async () => {
      await main.sleep(50);
      note("others go on")();
      server.resume();
      await main.sleep(1);
    });
    expect(seen).toEqual(["others go on at 50", "request at 50", "woken at 50", "timer at 50"]);
  });

  test("does not fire a timer that it cancels before it comes to it", async () => {
    const { kernel, main, server, seen } = start();
    server.pause();
    server.task("request", () => timer.cancel());
    const timer = server.after(10, () => void seen.push("timer"));
    await kernel.run(main, async () => {
      await main.sleep(20);
      server.resume();
      await main.sleep(20);
    });
    expect(seen).toEqual([]);
    expect(kernel.eventsDue).toBe(0);
  });

  test("that crashes does nothing of it any more, and stands upright afterwards", async () => {
    const { kernel, main, server, seen } = start();
    server.pause();
    server.task("request", () => void seen.push("request"));
    await kernel.run(main, async () => {
      await main.sleep(1);
      server.crash();
      server.restart();
      server.resume();
      server.task("next life", () => void seen.push("next life"));
      await main.sleep(1);
    });
    expect(seen).toEqual(["next life"]);
  });

  test("is the same run again with the same seed", async () => {
    const digestOf = async (): Promise<string> => {
      const { kernel, main, server } = start();
      server.after(3, () => undefined);
      await kernel.run(main, async () => {
        server.pause();
        await main.sleep(5);
        server.resume();
        await main.sleep(5);
      });
      return kernel.digest.toString();
    };
    expect(await digestOf()).toBe(await digestOf());
  });
});
