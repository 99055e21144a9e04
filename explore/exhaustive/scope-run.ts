// One run of a walk, in one order: everybody's programs at once, the order asked for step by step, then calm until all
// have come together, and what the laws say to it.
import { judge } from "../../invariants/judge.ts";
import type { History } from "../../invariants/history.ts";
import { isFailing, type Judgement } from "../../invariants/verdict.ts";
import { settleWithinMs } from "../../scenarios/format/world.ts";
import { Kernel } from "../../sim/kernel/kernel.ts";
import type { SimProcess } from "../../sim/kernel/process.ts";
import { SimWorld } from "../../sim/world/world.ts";
import { ChoosingQueue, type Chooser, type Lane } from "./choosing-queue.ts";
import { Observer } from "./observer.ts";
import type { SharedObjects } from "./footprint.ts";
import type { Texts } from "./state-hash.ts";
import type { ScopeProtocol } from "./scope-protocol.ts";
import type { Walk } from "./scope.ts";

export interface ScopeRunOptions {
  readonly walk: Walk;
  readonly protocol: ScopeProtocol;
  readonly objects: SharedObjects;
  readonly texts: Texts;
  readonly choose: (run: ScopeRun, options: number, isWithin: boolean) => Lane;
  /** Everybody has come to the end, and the calm begins. Throws where the rest is known. */
  readonly onEnd?: (run: ScopeRun) => void;
}

export interface ScopeOutcome {
  readonly history: History;
  readonly judgements: readonly Judgement[];
  readonly violations: readonly Judgement[];
}

/** A bound on the events of one run: a small scope needs a few hundred. */
const eventsMax = 20_000;
const seed = "scope";

/** The lanes of a walk, by number. */
export function laneNames(walk: Walk): readonly string[] {
  const compactions = Array.from({ length: walk.compactions }, (_, at) =>
    at === 0 ? "compaction" : `compaction-${at + 1}`,
  );
  return [...walk.devices, ...compactions, "repeat", "crash", "late", "timers"];
}

export class ScopeRun {
  readonly queue: ChoosingQueue;
  readonly observer: Observer;
  readonly #options: ScopeRunOptions;
  readonly #kernel: Kernel;
  readonly #main: SimProcess;
  readonly #world: SimWorld;
  readonly #lanes: readonly string[];
  #running = 0;

  constructor(options: ScopeRunOptions) {
    const { walk, protocol, objects, texts } = options;
    this.#options = options;
    this.#lanes = laneNames(walk);
    const choose: Chooser = (lanes, isWithin) => options.choose(this, lanes, isWithin);
    this.queue = new ChoosingQueue({
      choose,
      crashLane: this.#lane("crash"),
      repeatLane: this.#lane("repeat"),
      timerLane: this.#lane("timers"),
      lanes: this.#lanes.length,
      isFinished: () => this.#running === 0,
    });
    this.observer = new Observer({
      protocol,
      queue: this.queue,
      objects,
      texts,
      lanes: this.#lanes.length,
      laneOf: (device) => this.#lane(device),
      onRequest: (event) => this.#onRequest(event),
    });
    this.#kernel = new Kernel({ seed, eventsMax, queue: this.queue });
    this.#main = this.#kernel.process("scenario");
    this.#world = new SimWorld({
      scenario: protocol.scenario(walk.devices),
      protocol: this.observer.sim,
      kernel: this.#kernel,
      main: this.#main,
    });
  }

  /** Errors: what `choose` and `onEnd` throw; bugs of the build or of ours. */
  async run(): Promise<ScopeOutcome> {
    const { walk, protocol } = this.#options;
    await this.#kernel.run(this.#main, async () => {
      await this.#world.start();
      await this.#placeFaults();
      this.queue.beginChoices({
        timers: ["timer", "patience", "database"].map((label) => this.#kernel.label(label)),
        toServer: this.#kernel.label("to-server"),
      });
      for (const device of walk.devices) this.#program(device, () => this.#playDevice(device));
      for (const lane of this.#lanes.filter((name) => name.startsWith("compaction"))) {
        this.#program(lane, () => this.#compact(lane));
      }
      if (walk.crash?.who === "server") this.#program("crash", () => this.#crashServer());
      await this.#theEnd();
      this.#options.onEnd?.(this);
      this.queue.endChoices();
      await this.#world.settle(settleWithinMs);
    });
    const scenario = protocol.scenario(walk.devices);
    const history: History = {
      protocol: scenario.protocol,
      scenario: scenario.id,
      seed,
      world: "sim",
      settings: scenario.config,
      events: this.#world.history.events,
    };
    const judgements = judge(history, protocol.laws);
    return { history, judgements, violations: judgements.filter(isFailing) };
  }

  #lane(name: string): Lane {
    return this.#lanes.indexOf(name);
  }

  async #placeFaults(): Promise<void> {
    const { duplicate, lostAnswer, crash } = this.#options.walk;
    if (duplicate !== undefined) {
      const { device, request: nth } = duplicate;
      await this.#world.network({ verb: "duplicate", of: { device, message: "any", nth }, afterMs: 0 });
    }
    if (lostAnswer !== undefined) {
      const { device, request: nth } = lostAnswer;
      const of = { device, message: "any", nth };
      await this.#world.network({ verb: "answer", of, status: 502, body: "empty", withEffect: true });
    }
    if (crash?.who === "device at a commit") {
      const { device, position, commit } = crash;
      await this.#world.device(device, { verb: "crash", args: { position, commit } });
    }
  }

  #program(name: string, play: () => Promise<void>): void {
    this.#running++;
    this.#main.task(name, async () => {
      await play();
      this.#running--;
    });
  }

  /** Waits until this lane is the next to go on. */
  #turn(lane: Lane): Promise<void> {
    this.observer.tell(lane, "turn");
    const wait = this.#main.wait<void>("turn");
    this.queue.as(lane, "choice", () => wait.answerAfter(0, undefined));
    return wait.promise;
  }

  #theEnd(): Promise<void> {
    const wait = this.#main.wait<void>("end");
    this.queue.as(this.#lane("timers"), "last", () => wait.answerAfter(0, undefined));
    return wait.promise;
  }

  async #playDevice(device: string): Promise<void> {
    const { walk, protocol } = this.#options;
    const lane = this.#lane(device);
    const mayCrash = walk.crash?.who === "device at a commit" && walk.crash.device === device;
    let hasCrashed = false;
    for (const action of protocol.programOf(device, walk.editsPerDevice)) {
      await this.#turn(lane);
      const { outcome } = await this.#world.device(device, action);
      this.observer.tell(lane, outcome);
      if (!mayCrash || hasCrashed || !this.#world.history.faultCounts.has("device crash")) continue;
      hasCrashed = true;
      await this.#world.device(device, { verb: "restart", args: {} });
    }
  }

  async #compact(name: string): Promise<void> {
    const lane = this.#lane(name);
    await this.#turn(lane);
    this.observer.tell(lane, await this.#world.server({ verb: "compact" }));
  }

  async #crashServer(): Promise<void> {
    await this.#turn(this.#lane("crash"));
    await this.#world.server({ verb: "restart" });
  }

  #onRequest({ lane, request, isAnswered }: { lane: Lane; request: number; isAnswered: boolean }): void {
    const { crash } = this.#options.walk;
    if (crash?.who !== "waiting device" || this.#lane(crash.device) !== lane || crash.request !== request)
      return;
    const crashLane = this.#lane("crash");
    if (isAnswered) {
      this.queue.withdraw(crashLane);
      return;
    }
    this.#main.task("crash", async () => {
      await this.#turn(crashLane);
      this.queue.move(lane, this.#lane("late"));
      this.observer.orphan(lane, this.#lane("late"));
      this.observer.tell(lane, "crash");
      await this.#world.device(crash.device, { verb: "restart", args: {} });
    });
  }
}
