// The two ways between each device and its server: what a partition does to a message on one of them, and what is under
// way or held there. Messages outlive those who sent them.
import type { FaultRules } from "../../../scenarios/format/fault-rules.ts";
import type { Life } from "../life.ts";

export type Direction = "to-server" | "to-device";

/** What a partition does to one message: nothing, holds it until the partition heals, or drops it. */
export type Verdict = "pass" | "hold" | "drop";

/** Something long that is under way. */
interface Stream {
  readonly device: string;
  readonly direction: Direction;
  readonly stop: (verdict: "hold" | "drop") => void;
}

export interface WaysOptions {
  readonly rules: FaultRules;
  /** What is under way when it ends never arrives. */
  readonly run: Life;
}

export class Ways {
  readonly #options: WaysOptions;
  readonly #held = new Map<string, (() => void)[]>();
  readonly #streams = new Set<Stream>();

  constructor(options: WaysOptions) {
    this.#options = options;
  }

  /** Messages that wait for a partition to heal. */
  get heldCount(): number {
    return [...this.#held.values()].reduce((sum, held) => sum + held.length, 0);
  }

  verdict(device: string, direction: Direction): Verdict {
    const partition = this.#options.rules.partitionOf(device);
    if (partition === undefined) return "pass";
    return partition.direction === "both" || partition.direction === direction ? partition.inFlight : "pass";
  }

  /** Carries a message for a while, past the partitions at both ends of the way. */
  travel(device: string, direction: Direction, delayMs: number, deliver: () => void): void {
    const arrive = (): void => {
      switch (this.verdict(device, direction)) {
        case "pass":
          deliver();
          break;
        case "hold":
          this.hold(device, arrive);
          break;
        case "drop":
      }
    };
    if (this.verdict(device, direction) !== "drop") this.after(delayMs, arrive);
  }

  /** Runs it after a while, or now. */
  after(delayMs: number, run: () => void): void {
    if (delayMs === 0) run();
    else this.#options.run.after(delayMs, run);
  }

  /** Tells what is long and under way when a partition comes down on it, until cancelled. */
  watch(stream: Stream): { cancel(): void } {
    this.#streams.add(stream);
    return { cancel: () => this.#streams.delete(stream) };
  }

  /** The partition of a device has changed. */
  notePartition(device: string): void {
    for (const stream of [...this.#streams]) {
      if (stream.device !== device) continue;
      const verdict = this.verdict(device, stream.direction);
      if (verdict !== "pass") stream.stop(verdict);
    }
  }

  /** Keeps a message until the device's partition heals. */
  hold(device: string, deliver: () => void): void {
    const held = this.#held.get(device);
    if (held === undefined) this.#held.set(device, [deliver]);
    else held.push(deliver);
  }

  /** What was held comes in a burst, in the order in which it was held. */
  release(device: string): void {
    const held = this.#held.get(device) ?? [];
    this.#held.delete(device);
    for (const deliver of held) deliver();
  }

  releaseAll(): void {
    for (const device of [...this.#held.keys()]) this.release(device);
  }

  /** The run is over: what is held never arrives. */
  forget(): void {
    this.#held.clear();
  }
}
