// Who cannot reach whom, and what becomes of the messages that were under way.
import type { NetworkAction } from "../../scenarios/format/types.ts";

type Partition = Extract<NetworkAction, { verb: "partition" }>;
export type Direction = "to-server" | "to-device";

/** What a partition does to one message: nothing, holds it until the partition heals, or drops it. */
export type PartitionVerdict = "pass" | "hold" | "drop";

export class Partitions {
  readonly #byDevice = new Map<string, Partition>();
  readonly #held = new Map<string, (() => void)[]>();

  cut(partition: Partition): void {
    this.#byDevice.set(partition.device, partition);
  }

  /** Ends the partition of a device; what was held comes in a burst, in the order in which it was held. */
  heal(device: string): void {
    this.#byDevice.delete(device);
    const held = this.#held.get(device) ?? [];
    this.#held.delete(device);
    for (const deliver of held) deliver();
  }

  healAll(): void {
    for (const device of new Set([...this.#byDevice.keys(), ...this.#held.keys()])) this.heal(device);
  }

  verdict(device: string, direction: Direction): PartitionVerdict {
    const partition = this.#byDevice.get(device);
    if (partition === undefined) return "pass";
    if (partition.direction !== "both" && partition.direction !== direction) return "pass";
    return partition.inFlight;
  }

  hold(device: string, deliver: () => void): void {
    const held = this.#held.get(device);
    if (held === undefined) this.#held.set(device, [deliver]);
    else held.push(deliver);
  }
}
