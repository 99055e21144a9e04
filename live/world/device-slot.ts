// A device of the live world through all its lives: the actor of the present one, and the files that outlive it.
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Accounts, DeviceActor, Recorder } from "../../actors/actor.ts";
import type { Accident, DeviceSpec } from "../../scenarios/format/types.ts";
import type { StepOutcome } from "../../scenarios/format/world.ts";
import { type CommitTrap, crashingDisk } from "../faults/crashing-disk.ts";
import { Life } from "../faults/life.ts";
import type { Network } from "../faults/network.ts";
import type { LiveDisk, LiveProtocol } from "./protocol.ts";

export interface DeviceSlotOptions {
  readonly spec: DeviceSpec;
  readonly protocol: LiveProtocol;
  readonly network: Network;
  readonly recorder: Recorder;
  readonly accounts: Accounts;
  readonly config: Readonly<Record<string, number>>;
  readonly nextCall: () => number;
  /** A directory for this device alone. */
  readonly directory: string;
  /** Wall time without this device's skew. Units: milliseconds since the epoch. */
  readonly wallNow: () => number;
  /** Told of an error that nobody waits for: a bug, ours or a reference's. */
  readonly onBug: (error: unknown) => void;
  readonly onCrash: (slot: DeviceSlot, text: string) => void;
  /** What befalls the next durable step beside what a step has placed; asked once for each. */
  readonly nextAccident?: () => Accident | undefined;
}

interface Present {
  readonly life: Life;
  readonly actor: DeviceActor;
  readonly disk: LiveDisk;
  /** Before that it has not read its disk, and knows nothing of itself. */
  isStarted: boolean;
}

export class DeviceSlot {
  readonly name: string;
  readonly automatic: boolean;
  skewMs = 0;
  /** A crash that a scenario has placed at a durable step to come. */
  commitTrap: CommitTrap | undefined;
  readonly #options: DeviceSlotOptions;
  readonly #directory: string;
  readonly #backupDirectory: string;
  #present: Present | undefined;
  #isOver = false;

  constructor(options: DeviceSlotOptions) {
    this.#options = options;
    this.name = options.spec.name;
    this.automatic = options.spec.automatic;
    this.#directory = join(options.directory, "disk");
    this.#backupDirectory = join(options.directory, "backup");
  }

  /** The actor of the present life; `undefined` while the device is down or still starting. */
  get actor(): DeviceActor | undefined {
    return this.#present?.isStarted === true ? this.#present.actor : undefined;
  }

  get isDown(): boolean {
    return this.#present === undefined;
  }

  /** Begins a life on the disk as it is; `blocked` once the run is over, whoever had still begun something. */
  start(): Promise<StepOutcome> {
    if (this.#isOver) return Promise.resolve({ outcome: "blocked" });
    const { spec, protocol, network, recorder, accounts, config, nextCall, wallNow, onBug } = this.#options;
    mkdirSync(this.#directory, { recursive: true });
    const life = new Life();
    const disk = protocol.openDisk(this.#directory);
    const { carrier, line } = network.wayOf({ device: this.name, life });
    const actor = protocol.createActor({
      spec,
      disk: crashingDisk({
        disk,
        life,
        strike: () => this.#strike(),
        crash: () => this.crash("between two durable steps"),
      }),
      carrier,
      line,
      directory: this.#directory,
      clock: {
        now: () => wallNow() + this.skewMs,
        after: (delayMs, run) =>
          life.after(delayMs, () => {
            Promise.resolve(run()).catch(onBug);
          }),
      },
      uuid: randomUUID,
      // What a dead device would still have said is not part of the history.
      recorder: { record: (event) => (life.isOver ? undefined : recorder.record(event)) },
      accounts,
      config,
      nextCall,
    });
    const present: Present = { life, actor, disk, isStarted: false };
    this.#present = present;
    return this.run(async (starting) => {
      await starting.start();
      present.isStarted = true;
      return { outcome: "ok" };
    });
  }

  /** Ends the present life where it stands. */
  crash(text: string): void {
    const present = this.#present;
    if (present === undefined) return;
    this.#end(present);
    this.#options.onCrash(this, text);
  }

  /** Ends the present life without telling anybody: the run is over. */
  end(): void {
    this.#isOver = true;
    if (this.#present !== undefined) this.#end(this.#present);
  }

  /** Runs work on the actor. The outcome is `unknown` if its life ends before, `blocked` without one. */
  run(work: (actor: DeviceActor) => Promise<StepOutcome>): Promise<StepOutcome> {
    const present = this.#present;
    if (present === undefined) return Promise.resolve({ outcome: "blocked" });
    return new Promise((resolve, reject) => {
      const ended = present.life.onEnd(() => resolve({ outcome: "unknown" }));
      work(present.actor)
        .then(resolve, reject)
        .finally(() => ended.cancel());
    });
  }

  backup(): void {
    this.#copyTo(this.#backupDirectory);
  }

  /** Puts the disk back to its backup and begins a new life on it. */
  restore(): Promise<StepOutcome> {
    if (!existsSync(this.#backupDirectory)) {
      throw new Error(`${this.name} has no backup; expected a backup step before`);
    }
    return this.#replaceDisk(() => copyDisk(this.#backupDirectory, this.#directory));
  }

  cloneFrom(other: DeviceSlot): Promise<StepOutcome> {
    return this.#replaceDisk(() => other.#copyTo(this.#directory));
  }

  /** An empty disk: the device comes back as another one. */
  reinstall(): Promise<StepOutcome> {
    return this.#replaceDisk(() => rmSync(this.#directory, { recursive: true, force: true }));
  }

  #copyTo(directory: string): void {
    const letGo = this.#present?.disk.freeze?.();
    copyDisk(this.#directory, directory);
    letGo?.();
  }

  #replaceDisk(replace: () => void): Promise<StepOutcome> {
    this.crash("its disk is replaced");
    replace();
    return this.start();
  }

  #end({ life, disk }: Present): void {
    this.#present = undefined;
    this.commitTrap = undefined;
    life.end();
    disk.close();
  }

  #strike(): CommitTrap["position"] | undefined {
    const accident = this.#options.nextAccident?.();
    if (accident !== undefined) return accident.kind === "crash-before" ? "before" : "after";
    const trap = this.commitTrap;
    if (trap === undefined || --trap.countdown > 0) return undefined;
    this.commitTrap = undefined;
    return trap.position;
  }
}

/** Commits are synchronous, so between two of them the files of a disk belong together. */
function copyDisk(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
}
