// Tasks on all cores: worker threads with no shared state, the next task to whoever is free. A thread that fails, or is
// told to give up, is replaced, so that what it left behind meets no other task.
import { parentPort, Worker } from "node:worker_threads";

/** What a thread says to a task: it posts one of these for each message that it gets. */
type ThreadAnswer<Answer> = { readonly answer: Answer } | { readonly failed: string };

export interface TaskHandling<Task, Answer> {
  onBegin?(task: Task): void;
  onAnswer(answer: Answer, task: Task): void;
  /** Absent: the whole run fails with `WorkerFailed`. */
  onFailure?(why: string, task: Task): void;
  /** Aborted: no more tasks are begun; those under way are waited for. */
  readonly signal?: AbortSignal | undefined;
  /** Made for each task: aborted, the task is thrown away with its thread and counts as failed. */
  readonly patience?: () => AbortSignal;
}

/** A thread could not do a task, or ended. */
export class WorkerFailed extends Error {
  readonly code = "worker_failed";
  override readonly name = "WorkerFailed";
}

export class Threads<Task, Answer> {
  readonly #file: URL;
  readonly #threads: (Worker | undefined)[];

  /** `file`: a module that calls `answerTasks`. Threads begin with their first task. */
  constructor(file: URL, count: number) {
    this.#file = file;
    this.#threads = Array.from({ length: count }, () => undefined);
  }

  /** Does the tasks; comes back when all are done.  Errors: `WorkerFailed`. */
  async run(tasks: Iterable<Task>, handling: TaskHandling<Task, Answer>): Promise<void> {
    const { onBegin, onAnswer, onFailure, signal, patience } = handling;
    const queue = tasks[Symbol.iterator]();
    const work = async (_: unknown, place: number): Promise<void> => {
      while (signal?.aborted !== true) {
        const next = queue.next();
        if (next.done === true) return;
        const task = next.value;
        onBegin?.(task);
        const thread = (this.#threads[place] ??= createThread(this.#file));
        const said = await answerOf<Task, Answer>(thread, task, patience?.());
        if ("answer" in said) {
          onAnswer(said.answer, task);
          continue;
        }
        this.#threads[place] = undefined;
        await thread.terminate();
        if (onFailure === undefined) throw new WorkerFailed(said.failed);
        onFailure(said.failed, task);
      }
    };
    await Promise.all(this.#threads.map(work));
  }

  async close(): Promise<void> {
    const threads = this.#threads.splice(0);
    await Promise.all(threads.map((thread) => thread?.terminate()));
  }
}

/** For the module of a thread: does each task that comes, one after another, and answers with what it came to. */
export function answerTasks<Task, Answer>(work: (task: Task) => Promise<Answer>): void {
  const port = parentPort!;
  const answerTo = async (task: Task): Promise<ThreadAnswer<Answer>> => {
    try {
      return { answer: await work(task) };
    } catch (error) {
      return { failed: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
  };
  port.on("message", async (task: Task) => {
    port.postMessage(await answerTo(task), []);
  });
}

function createThread(file: URL): Worker {
  const thread = new Worker(file);
  // Nobody waits for an idle thread.
  thread.unref();
  return thread;
}

function answerOf<Task, Answer>(
  thread: Worker,
  task: Task,
  patience: AbortSignal | undefined,
): Promise<ThreadAnswer<Answer>> {
  const { promise, resolve } = Promise.withResolvers<ThreadAnswer<Answer>>();
  const failed = (error: unknown): void => resolve({ failed: String(error) });
  const gaveUp = (): void => failed("it did not end in time");
  thread.ref();
  thread.once("message", resolve).once("error", failed);
  patience?.addEventListener("abort", gaveUp, { once: true });
  thread.postMessage(task, []);
  return promise.finally(() => {
    thread.unref();
    thread.off("message", resolve).off("error", failed);
    patience?.removeEventListener("abort", gaveUp);
  });
}
