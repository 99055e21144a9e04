// What the operating system says of a process: memory, open files and sockets. Linux tells by /proc, everybody else tells
// the memory by `ps`; what is not told is left out, never guessed.
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { constants, PerformanceObserver } from "node:perf_hooks";
import { promisify } from "node:util";
import type { ProcessSample } from "../../invariants/soak-result.ts";

const run = promisify(execFile);

/** Empty for a process that is gone. */
export async function sampleProcess(processId: number): Promise<ProcessSample> {
  const [rssBytes, handles] = await Promise.all([rssOf(processId), handlesOf(processId)]);
  return { ...(rssBytes === undefined ? {} : { rssBytes }), ...(handles === undefined ? {} : { handles }) };
}

/** This process, which also knows its heap, and what is left of it after a full collection. */
export class OwnSampler {
  readonly #observer: PerformanceObserver;
  #liveHeapBytes: number | undefined;

  constructor() {
    this.#observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { detail } = entry as unknown as { readonly detail: { readonly kind: number } };
        if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR)
          this.#liveHeapBytes = process.memoryUsage().heapUsed;
      }
    });
    this.#observer.observe({ entryTypes: ["gc"] });
  }

  async sample(): Promise<ProcessSample> {
    const { rss, heapUsed } = process.memoryUsage();
    const handles = await handlesOf(process.pid);
    const liveHeapBytes = this.#liveHeapBytes;
    this.#liveHeapBytes = undefined;
    return {
      rssBytes: rss,
      heapBytes: heapUsed,
      ...(liveHeapBytes === undefined ? {} : { liveHeapBytes }),
      ...(handles === undefined ? {} : { handles }),
    };
  }

  stop(): void {
    this.#observer.disconnect();
  }
}

/** The lesser of both, member by member. */
export function leastOf(left: ProcessSample, right: ProcessSample): ProcessSample {
  const least: Record<string, number> = {};
  for (const member of ["rssBytes", "heapBytes", "liveHeapBytes", "handles"] as const) {
    const values = [left[member], right[member]].filter((value) => value !== undefined);
    if (values.length > 0) least[member] = Math.min(...values);
  }
  return least;
}

async function rssOf(processId: number): Promise<number | undefined> {
  if (process.platform === "win32") return undefined;
  try {
    if (process.platform === "linux") {
      const status = await readFile(`/proc/${processId}/status`, "utf8");
      return bytesOf(/^VmRSS:\s*(\d+) kB$/mu.exec(status)?.[1]);
    }
    return bytesOf((await run("ps", ["-o", "rss=", "-p", String(processId)])).stdout.trim());
  } catch {
    return undefined;
  }
}

async function handlesOf(processId: number): Promise<number | undefined> {
  try {
    return process.platform === "linux" ? (await readdir(`/proc/${processId}/fd`)).length : undefined;
  } catch {
    return undefined;
  }
}

function bytesOf(kibibytes: string | undefined): number | undefined {
  return kibibytes === undefined || !/^\d+$/u.test(kibibytes) ? undefined : Number(kibibytes) * 1_024;
}
