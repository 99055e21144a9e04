import { describe, expect, it } from "vitest";
import { Threads, WorkerFailed } from "./threads.ts";

/** Doubles numbers. Fails at 13, dies at 14, never ends at 15, and remembers how many it has seen. */
const file = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from "node:worker_threads";
    let seen = 0;
    parentPort.on("message", (task) => {
      seen++;
      if (task === 13) return parentPort.postMessage({ failed: "thirteen" });
      if (task === 14) throw new Error("fourteen");
      if (task === 15) for (;;);
      parentPort.postMessage({ answer: { double: 2 * task, seen } });
    });`)}`,
);

interface Doubled {
  readonly double: number;
  readonly seen: number;
}

async function runTasks(
  tasks: readonly number[],
  { count = 2, patience }: { readonly count?: number; readonly patience?: () => AbortSignal } = {},
) {
  const answers: Doubled[] = [];
  const failures: [task: number, why: string][] = [];
  const threads = new Threads<number, Doubled>(file, count);
  await threads.run(tasks, {
    onAnswer: (answer) => answers.push(answer),
    onFailure: (why, task) => failures.push([task, why]),
    ...(patience === undefined ? {} : { patience }),
  });
  await threads.close();
  return { answers, failures };
}

describe("threads", () => {
  it.each([1, 3])("do every task once, %i of them", async (count) => {
    const { answers } = await runTasks([1, 2, 3, 4, 5, 6, 7], { count });
    expect(answers.map(({ double }) => double).sort((left, right) => left - right)).toEqual([
      2, 4, 6, 8, 10, 12, 14,
    ]);
  });

  it("are replaced when a task fails or kills them, and go on with the next", async () => {
    const { answers, failures } = await runTasks([1, 13, 2, 14, 3], { count: 1 });
    expect(failures).toEqual([
      [13, "thirteen"],
      [14, "Error: fourteen"],
    ]);
    expect(answers).toEqual([
      { double: 2, seen: 1 },
      { double: 4, seen: 1 },
      { double: 6, seen: 1 },
    ]);
  });

  it("are given up with a task that does not end", async () => {
    const patience = (): AbortSignal => AbortSignal.timeout(2_000);
    const { answers, failures } = await runTasks([15, 4], { count: 1, patience });
    expect(failures).toEqual([[15, "it did not end in time"]]);
    expect(answers).toEqual([{ double: 8, seen: 1 }]);
  });

  it("fail the run where nobody asked to hear of failures", async () => {
    const threads = new Threads<number, Doubled>(file, 1);
    await expect(threads.run([13], { onAnswer: () => {} })).rejects.toThrow(WorkerFailed);
    await threads.close();
  });

  it("begin nothing more once the signal is aborted", async () => {
    const stop = new AbortController();
    const begun: number[] = [];
    const threads = new Threads<number, Doubled>(file, 1);
    await threads.run([1, 2, 3], {
      signal: stop.signal,
      onBegin: (task) => begun.push(task),
      onAnswer: () => stop.abort(),
    });
    await threads.close();
    expect(begun).toEqual([1]);
  });
});
