// A device's disk with the crashes that a scenario places at its durable steps. The disk itself is real and outlives
// the device.
import type { Life } from "./life.ts";

/** The port of a device, whatever its tables are called. */
export interface DiskPort<Contents = unknown, Write = unknown> {
  load(): Promise<Contents>;
  commit(writes: readonly Write[]): Promise<void>;
}

/** A crash at a durable step to come. */
export interface CommitTrap {
  readonly position: "before" | "after";
  /** Counts down with each commit; strikes at 0. */
  countdown: number;
}

export interface CrashingDiskOptions<Contents, Write> {
  readonly disk: DiskPort<Contents, Write>;
  readonly life: Life;
  /** The trap that is set at this moment, counted for one commit more. */
  readonly strike: () => CommitTrap["position"] | undefined;
  /** Ends the life, now. */
  readonly crash: () => void;
}

/** The disk as one life of a device sees it. After the end of that life nothing is written and nothing is answered. */
export function crashingDisk<Contents, Write>(
  options: CrashingDiskOptions<Contents, Write>,
): DiskPort<Contents, Write> {
  const { disk, life, strike, crash } = options;
  const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
  return {
    load: () => (life.isOver ? never() : life.guard(disk.load())),
    commit: async (writes) => {
      if (life.isOver) return never();
      const position = strike();
      if (position === "before") {
        crash();
        return never();
      }
      const committed = disk.commit(writes);
      if (position === undefined) return life.guard(committed);
      await committed;
      crash();
      return never();
    },
  };
}
