// One account's stay in a soak: its devices do what its plan says, on servers that it shares with all others; then calm,
// and everybody has to come to rest. What is left behind is a history like that of any live run. Memory holds the
// accounts that are there, and nothing of those that have gone.
import type { History } from "../../invariants/history.ts";
import { runSteps } from "../../scenarios/format/interpreter.ts";
import type { Scenario, Step } from "../../scenarios/format/types.ts";
import type { DeviceReport, StepOutcome, World } from "../../scenarios/format/world.ts";
import { faultOfTarget } from "../run-checks.ts";
import type { Subject } from "../subjects/subject.ts";
import { waitsMs } from "../waits.ts";
import type { LiveWorld } from "../world/world.ts";
import type { CalmGate } from "./calm-gate.ts";

/** What must have been so and was not; nothing else is held against a plan but the laws. */
export interface StayFailure {
  readonly expected: string;
  readonly seen: string;
}

/** What befalls a server process: it is killed, ends in good order, is started, stands still, goes on. */
export type ServerFate = "crash" | "stop" | "restart" | "pause" | "resume";

/** What befell a server while the account was there, and how many of its steps had begun by then. */
export interface Suffered {
  readonly afterSteps: number;
  readonly verb: ServerFate;
  /** From 1. */
  readonly process: number;
}

/** What a stay left behind. */
export interface LivedStay {
  readonly scenario: Scenario;
  readonly seed: string;
  readonly history: History;
  readonly failures: readonly StayFailure[];
  readonly faultCounts: ReadonlyMap<string, number>;
  readonly suffered: readonly Suffered[];
  /** Faults that the plan arranged and that never struck, as scenario lines. */
  readonly unstruck: readonly string[];
}

export interface StayOptions {
  readonly scenario: Scenario;
  readonly world: LiveWorld;
  readonly gate: CalmGate;
  readonly subjects: readonly Subject[];
}

const leftOut: StepOutcome = { outcome: "blocked" };

/** What a stay may take beyond what its plan waits for: steps that wait for answers which never come, calms that wait
 *  for servers.  Units: milliseconds. */
const extraMs = 600_000;
/** A plan that takes so much longer than it waits for is cut short: it goes over into its calm. */
const overtime = 2;

export class Stay {
  readonly scenario: Scenario;
  readonly #options: StayOptions;
  readonly #suffered: Suffered[] = [];
  readonly #hurry = Promise.withResolvers<void>();
  /** Whoever still waits for rest waits in vain, and must not hold up others. */
  readonly #over = Promise.withResolvers<{ readonly quiet: boolean; readonly waiting: readonly string[] }>();
  readonly #abandoned = Promise.withResolvers<"abandoned">();
  #isHurried = false;
  #isInTrouble = true;
  #stepsBegun = 0;

  constructor(options: StayOptions) {
    this.#options = options;
    this.scenario = options.scenario;
  }

  /** Lives it to its end; `undefined` where it was abandoned.  Errors: bugs of ours. */
  async live(): Promise<LivedStay | undefined> {
    const { scenario, world, subjects } = this.#options;
    // Whatever is down when somebody comes went down for them as well.
    for (const subject of subjects) {
      if (subject.url === undefined) this.suffer(subject, "crash");
      else if (subject.isPaused) this.suffer(subject, "pause");
    }
    const overtimeTimer = setTimeout(() => this.hurry(), overtime * waitsMs(scenario));
    let failures: readonly StayFailure[] | undefined;
    try {
      failures = await this.#toItsEnd();
    } finally {
      clearTimeout(overtimeTimer);
      this.#isInTrouble = false;
      this.#over.resolve({ quiet: false, waiting: [] });
      await world.end();
    }
    if (failures === undefined) return undefined;
    const { chronicle } = world;
    const problems = chronicle.problems.map((seen) => ({ expected: "nobody ends or fails by itself", seen }));
    return {
      scenario,
      seed: scenario.seed ?? "",
      history: {
        protocol: scenario.protocol,
        scenario: scenario.id,
        seed: scenario.seed ?? "",
        world: "live",
        settings: scenario.config,
        events: chronicle.events,
      },
      failures: [...failures, ...problems],
      faultCounts: chronicle.faultCounts,
      suffered: this.#suffered,
      unstruck: world.unfiredFaults(),
    };
  }

  /** Leaves out what is left of the trouble, and goes over into the calm. */
  hurry(): void {
    this.#isHurried = true;
    this.#hurry.resolve();
  }

  /** Ends it where it stands. */
  abandon(): void {
    this.#abandoned.resolve("abandoned");
  }

  /** Takes into the account's history what befalls a server. */
  suffer(subject: Subject, verb: ServerFate): void {
    if (!this.#isInTrouble) return;
    const { world, subjects } = this.#options;
    const process = subjects.indexOf(subject) + 1;
    this.#suffered.push({ afterSteps: this.#stepsBegun, verb, process });
    switch (verb) {
      case "crash":
      case "stop":
        return world.chronicle.crashed("server", subject.name, verb === "stop" ? "stopped" : "killed");
      case "restart":
        return world.chronicle.restarted(subject.name);
      case "pause":
        return world.chronicle.fault("process paused", subject.name, `${subject.name} stands still`);
      case "resume":
    }
  }

  /** What the devices that are up say of themselves. */
  async census(): Promise<readonly DeviceReport[]> {
    const { scenario, world } = this.#options;
    const asked = await Promise.allSettled(scenario.devices.map(({ name }) => world.inspectDevice(name)));
    return asked.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
  }

  async #toItsEnd(): Promise<readonly StayFailure[] | undefined> {
    const { scenario, world } = this.#options;
    const timeoutMs = 2 * waitsMs(scenario) + extraMs;
    const late = Promise.withResolvers<"late">();
    const timer = setTimeout(() => late.resolve("late"), timeoutMs);
    const places = new Map(scenario.steps.map((step, place) => [step, place]));
    const observer = {
      stepBegan: (step: Step) => {
        this.#stepsBegun = Math.max(this.#stepsBegun, (places.get(step) ?? -1) + 1);
      },
    };
    const steps = world.start().then(() => runSteps(scenario, this.#world(), observer));
    try {
      const checks = await Promise.race([steps, late.promise, this.#abandoned.promise]);
      if (checks === "abandoned") return undefined;
      if (checks === "late") {
        const step = scenario.steps[this.#stepsBegun - 1]?.source.text ?? "before the first step";
        const seen = `still running at ${step}; ${world.waiting().join(", ") || "no message is under way"}`;
        return [{ expected: `the account's stay ends within ${timeoutMs} ms`, seen }];
      }
      // A plan expects nothing of its own, and not every fault that it arranges finds something to strike.
      return checks.filter(({ about, pass }) => about === "settled" && !pass);
    } catch (error) {
      const seen = faultOfTarget(error);
      if (seen === undefined) throw error;
      return [{ expected: "the server can be worked with", seen }];
    } finally {
      // Whatever the steps come to after this, nobody listens.
      steps.catch(() => undefined);
      clearTimeout(timer);
    }
  }

  /** The world as the plan sees it: what is left out when time is up, and a calm in which no server falls. */
  #world(): World {
    const { world, gate } = this.#options;
    // A step that is under way goes on by itself: among faults it could take longer than all that was left out.
    const unlessHurried = (act: () => Promise<StepOutcome>): Promise<StepOutcome> => {
      if (this.#isHurried) return Promise.resolve(leftOut);
      const acted = act();
      acted.catch(() => undefined);
      return Promise.race([acted, this.#hurry.promise.then(() => leftOut)]);
    };
    return {
      name: world.name,
      abilities: world.abilities,
      now: () => world.now(),
      device: (name, action) => unlessHurried(() => world.device(name, action)),
      sync: (devices) => unlessHurried(() => world.sync(devices)),
      server: (action) => unlessHurried(() => world.server(action)),
      request: (request) => unlessHurried(() => world.request(request)),
      network: async (action) => {
        if (!this.#isHurried) await world.network(action);
      },
      database: async (action) => {
        if (!this.#isHurried) await world.database(action);
      },
      advance: (byMs) => world.advance(byMs),
      wait: async (forMs) => {
        if (!this.#isHurried) await Promise.race([world.wait(forMs), this.#hurry.promise]);
      },
      settle: (withinMs) =>
        gate.calmly(async () => {
          const settled = await Promise.race([world.settle(withinMs), this.#over.promise]);
          this.#isInTrouble = false;
          return settled;
        }),
      inspectDevice: (name) => world.inspectDevice(name),
      inspectServer: (user) => world.inspectServer(user),
    };
  }
}
