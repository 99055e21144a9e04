import { describe, expect, test } from "vitest";
import { EventBoundReached, ForeignWait, Kernel } from "./kernel.ts";
import type { SimProcess } from "./process.ts";
import { ForbiddenInSimulation, withTraps } from "./traps.ts";

const start = (seed = "seed"): { kernel: Kernel; main: SimProcess } => {
  const kernel = new Kernel({ seed, eventsMax: 10_000 });
  return { kernel, main: kernel.process("main") };
};

describe("virtual time", () => {
  test("ninety days pass in one event", async () => {
    const { kernel, main } = start();
    await kernel.run(main, () => main.sleep(90 * 86_400_000));
    expect(kernel.now()).toBe(90 * 86_400_000);
    expect(kernel.events).toBe(1);
  });

  test("events come in order of time, and of their making where the time is equal", async () => {
    const { kernel, main } = start();
    const order: string[] = [];
    await kernel.run(main, async () => {
      const sleeps = [
        ["c", 20],
        ["a", 10],
        ["b", 10],
      ] as const;
      await Promise.all(sleeps.map(async ([name, forMs]) => main.sleep(forMs).then(() => order.push(name))));
    });
    expect(order).toEqual(["a", "b", "c"]);
  });
});

describe("one waiter per event", () => {
  test("the microtasks of one waiter run dry before the next one resumes", async () => {
    const { kernel, main } = start();
    const order: string[] = [];
    const chain = async (name: string): Promise<void> => {
      await main.sleep(5);
      for (let link = 0; link < 10; link++) {
        await Promise.resolve();
        order.push(name);
      }
    };
    await kernel.run(main, async () => {
      await Promise.all([chain("a"), chain("b")]);
    });
    expect(order.join("")).toBe("a".repeat(10) + "b".repeat(10));
  });
});

describe("a crash", () => {
  test("abandons tasks, waits and timers and leaves other processes alone", async () => {
    const { kernel, main } = start();
    const server = kernel.process("server");
    const seen: string[] = [];
    server.task("work", async () => {
      await server.sleep(10);
      seen.push("worked");
    });
    server.after(10, () => {
      seen.push("timer");
    });
    await kernel.run(main, async () => {
      await main.sleep(5);
      server.crash();
      await main.sleep(100);
    });
    expect(seen).toEqual([]);
    expect(server.tasksUnfinished).toBe(0);
    expect(server.isUp).toBe(false);
  });

  test("an answer to a wait of an earlier life has no effect", async () => {
    const { kernel, main } = start();
    const server = kernel.process("server");
    const wait = server.wait<string>("statement");
    let answered = false;
    void wait.promise.then(() => (answered = true));
    await kernel.run(main, async () => {
      server.crash();
      server.restart();
      wait.answerNow("late");
      await main.sleep(1);
    });
    expect(answered).toBe(false);
  });
});

describe("who waits for something that is no port", () => {
  test("is found out by name when nothing is left to happen", async () => {
    const { kernel, main } = start();
    const server = kernel.process("server");
    server.task("handle push", () => new Promise<void>(() => {}));
    await expect(
      kernel.run(main, async () => {
        await new Promise<void>(() => {});
      }),
    ).rejects.toThrow(/no port: main \(main\), server \(handle push\)/u);
  });

  test("a wait that nobody answers is named as a wait", async () => {
    const { kernel, main } = start();
    await expect(kernel.run(main, () => main.wait<void>("lock of alice").promise)).rejects.toThrow(
      /these still wait: main \(lock of alice\)/u,
    );
    await expect(kernel.run(main, () => main.wait<void>("again").promise)).rejects.toBeInstanceOf(
      ForeignWait,
    );
  });

  test("a loop without end is cut off at the bound", async () => {
    const { kernel, main } = start();
    const loop = async (): Promise<void> => {
      for (;;) await main.sleep(1);
    };
    await expect(kernel.run(main, loop)).rejects.toBeInstanceOf(EventBoundReached);
  });

  test("an error of a task ends the run", async () => {
    const { kernel, main } = start();
    const server = kernel.process("server");
    server.task("bug", async () => {
      await server.sleep(1);
      throw new TypeError("ours");
    });
    await expect(kernel.run(main, () => main.sleep(10))).rejects.toThrow("ours");
  });

  test("real time, timers and shared randomness throw inside a run and are back after it", async () => {
    for (const forbidden of [
      () => Date.now(),
      () => Math.random(),
      () => setTimeout(() => {}, 1),
      () => void fetch("http://127.0.0.1"),
    ]) {
      await expect(withTraps(async () => void forbidden())).rejects.toBeInstanceOf(ForbiddenInSimulation);
    }
    expect(Date.now()).toBeGreaterThan(0);
    expect(Math.random()).toBeLessThan(1);
  });
});

describe("the digest", () => {
  const run = async (seed: string, extraMs = 0): Promise<string> => {
    const { kernel, main } = start(seed);
    await kernel.run(main, async () => {
      const draws = kernel.random.decisions("laptop→server", "push");
      for (let round = 0; round < 50; round++) await main.sleep(draws.nextBetween(1, 40) + extraMs);
    });
    return kernel.digest.toString();
  };

  test("is the same for the same seed and another for another seed or another course", async () => {
    const first = await run("1");
    expect(first).toMatch(/^[0-9a-f]{16}$/u);
    expect(await run("1")).toBe(first);
    expect(await run("2")).not.toBe(first);
    expect(await run("1", 1)).not.toBe(first);
  });
});
