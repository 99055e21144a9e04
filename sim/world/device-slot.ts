// A device of the simulated world through all its lives: the process that crashes, the disk that does not, and the
// actor of the present life.
import type { Accounts, DeviceActor, Recorder } from "../../actors/actor.ts";
import type { StepOutcome } from "../../scenarios/format/world.ts";
import type { Accident, DeviceSpec } from "../../scenarios/format/types.ts";
import { type CommitFate, type DiskImage, SimDisk } from "../disk/sim-disk.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { mix } from "../kernel/addressed-random.ts";
import type { SimProcess } from "../kernel/process.ts";
import type { Network } from "../network/network.ts";
import type { SimClock, SimProtocol } from "./protocol.ts";

export interface DeviceSlotOptions {
  readonly spec: DeviceSpec;
  readonly kernel: Kernel;
  /** The process of the scenario itself, which waits for the device's steps. */
  readonly main: SimProcess;
  readonly protocol: SimProtocol;
  readonly network: Network;
  readonly recorder: Recorder;
  readonly accounts: Accounts;
  readonly nextCall: () => number;
  readonly config: Readonly<Record<string, number>>;
  /** Wall time without this device's skew. Units: milliseconds since the epoch. */
  readonly wallNow: () => number;
  /** By chance: asked once for each durable step. */
  readonly accident: () => Accident | undefined;
  /** Told of accidents that have their effect. */
  readonly onAccident: (accident: Accident) => void;
  readonly onFault: (fault: { readonly kind: string; readonly text: string }) => void;
  /** Told when the device crashed, so that the world can bring it back or tell the network. */
  readonly onCrash: (slot: DeviceSlot, text: string, accident: Accident | undefined) => void;
}

/** Durable steps of a device are between 0 and this apart from their answer. Units: virtual milliseconds. */
const commitLatencyMaxMs = 2;

export class DeviceSlot {
  readonly name: string;
  readonly process: SimProcess;
  automatic: boolean;
  skewMs = 0;
  /** A crash that a scenario has placed at a durable step to come. */
  commitTrap: { readonly position: "before" | "after"; countdown: number } | undefined;
  readonly #options: DeviceSlotOptions;
  readonly #disk: SimDisk;
  readonly #clock: SimClock;
  #actor: DeviceActor | undefined;
  #isStarted = false;
  #backup: DiskImage | undefined;
  readonly #onCrash = new Set<() => void>();
  /** Failures that the world has made up, to tell them from bugs. */
  readonly #diskFailures = new WeakSet<Error>();

  constructor(options: DeviceSlotOptions) {
    this.#options = options;
    this.name = options.spec.name;
    this.automatic = options.spec.automatic;
    this.process = options.kernel.process(this.name);
    this.#disk = new SimDisk({
      decisions: options.kernel.random.decisions(this.name, "disk"),
      latencyMaxMs: commitLatencyMaxMs,
      fate: () => this.#commitFate(),
      crash: ({ kind, accident }) => {
        if (accident !== undefined && kind !== "crash-before") options.onAccident(accident);
        this.crash("between two durable steps", accident);
      },
      failure: ({ accident }) => {
        if (accident !== undefined) options.onAccident(accident);
        options.onFault({ kind: "disk failure", text: `${this.name}'s disk refuses a durable step` });
        const failure = options.protocol.diskFailure();
        this.#diskFailures.add(failure);
        return failure;
      },
    });
    this.#clock = {
      now: () => options.wallNow() + this.skewMs,
      after: (delayMs, run) => this.process.after(delayMs, run),
    };
  }

  /** The actor of the present life; `undefined` while the device is down or still starts. */
  get actor(): DeviceActor | undefined {
    return this.#isStarted ? this.#actor : undefined;
  }

  get isDown(): boolean {
    return this.#actor === undefined;
  }

  /** Begins a life on the disk as it is. */
  start(): Promise<StepOutcome> {
    const { spec, protocol, network, recorder, accounts, config, kernel, nextCall } = this.#options;
    this.process.restart();
    const uuids = kernel.random.decisions(this.name, "uuid");
    const actor = protocol.createActor({
      spec: { ...spec, automatic: this.automatic },
      process: this.process,
      disk: this.#disk,
      network,
      caller: { device: this.name, process: this.process },
      clock: this.#clock,
      uuid: () => drawUuid(uuids),
      recorder,
      accounts,
      nextCall,
      config,
    });
    this.#actor = actor;
    return this.#run("start", actor, async () => {
      try {
        await actor.start();
      } catch (error) {
        if (!this.#diskFailures.has(error as Error)) throw error;
        this.crash("its disk failed while it started");
        return { outcome: "blocked" };
      }
      this.#isStarted = true;
      return { outcome: "ok" };
    });
  }

  /** Ends the present life where it stands; by chance if there is an accident. */
  crash(text: string, accident?: Accident): void {
    if (this.#actor === undefined) return;
    this.#actor = undefined;
    this.#isStarted = false;
    this.commitTrap = undefined;
    this.process.crash();
    this.#disk.settleCrash();
    for (const tell of this.#onCrash) tell();
    this.#onCrash.clear();
    this.#options.onCrash(this, text, accident);
  }

  /** Runs work as a task of this device. The outcome is `unknown` if its life ends before, `blocked` without one. */
  run(label: string, work: (actor: DeviceActor) => Promise<StepOutcome>): Promise<StepOutcome> {
    const actor = this.#actor;
    if (actor === undefined || !this.#isStarted) return Promise.resolve({ outcome: "blocked" });
    return this.#run(label, actor, work);
  }

  #run(
    label: string,
    actor: DeviceActor,
    work: (actor: DeviceActor) => Promise<StepOutcome>,
  ): Promise<StepOutcome> {
    const wait = this.#options.main.wait<StepOutcome>(`${this.name}: ${label}`);
    const crashed = (): void => wait.answerAfter(0, { outcome: "unknown" });
    this.#onCrash.add(crashed);
    // By an event of its own: begun within the scenario's, it would still run on after a step that crashes the device in
    // the same moment, and its next waits would be those of the life that follows.
    this.process.scheduleOwn(0, label, () =>
      this.process.task(label, async () => {
        const outcome = await work(actor);
        this.#onCrash.delete(crashed);
        wait.answerAfter(0, outcome);
      }),
    );
    return wait.promise;
  }

  /** No accident strikes from here on. */
  calm(): void {
    this.commitTrap = undefined;
    this.#disk.calm();
  }

  backup(): void {
    this.#backup = this.#disk.image();
  }

  /** Puts the disk back to its backup and begins a new life on it. */
  async restore(): Promise<StepOutcome> {
    if (this.#backup === undefined)
      throw new Error(`${this.name} has no backup; expected a backup step before`);
    return this.#replaceDisk(this.#backup);
  }

  cloneFrom(other: DeviceSlot): Promise<StepOutcome> {
    return this.#replaceDisk(other.#disk.image());
  }

  /** An empty disk: the device comes back as another one. */
  reinstall(): Promise<StepOutcome> {
    return this.#replaceDisk(new Map());
  }

  #replaceDisk(image: DiskImage): Promise<StepOutcome> {
    this.crash("its disk is replaced");
    this.#disk.replaceWith(image);
    return this.start();
  }

  #commitFate(): CommitFate | undefined {
    const accident = this.#options.accident();
    const trap = this.commitTrap;
    if (trap !== undefined && --trap.countdown === 0) {
      this.commitTrap = undefined;
      return { kind: trap.position === "before" ? "crash-before" : "crash-after" };
    }
    if (accident === undefined) return undefined;
    const kind = accident.kind as CommitFate["kind"];
    // Struck already: the step will not be begun, whatever comes next.
    if (kind === "crash-before") this.#options.onAccident(accident);
    return { kind, accident };
  }
}

/** A version 4 UUID from four draws. */
function drawUuid(decisions: { next(): number }): string {
  const a = decisions.next();
  const b = decisions.next();
  const c = mix(decisions.next());
  const d = decisions.next();
  const version = 0x4000 | (b & 0xfff);
  const variant = 0xa000 | ((c >>> 16) & 0xfff);
  return `${hex4(a >>> 16)}${hex4(a)}-${hex4(b >>> 16)}-${hex4(version)}-${hex4(variant)}-${hex4(c)}${hex4(d >>> 16)}${hex4(d)}`;
}

const hexByByte: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
);

/** The low sixteen bits. */
const hex4 = (bits: number): string => hexByByte[(bits >>> 8) & 0xff]! + hexByByte[bits & 0xff]!;
