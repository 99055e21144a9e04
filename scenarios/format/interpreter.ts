// Runs a scenario in a world, step by step, and holds what comes back against what was expected. Pure: it waits for
// nothing but the world, so it runs inside the deterministic simulation as well.
//
// A failed expectation does not stop the run: what follows is still what the file says, and more failures tell more.
// A step whose placeholder cannot be filled (the answer that should have been remembered did not have it) is left out
// and counts as failed. Where the last step is no `settle`, and the file does not say `settle: false`, the run settles
// before the final expectation. Faults that were asked for and did not strike are failed checks.
import type { JsonValue } from "../../protocol/json.ts";
import {
  fillAction,
  fillExpectation,
  fillNetwork,
  fillReply,
  fillRequest,
  namesIn,
  namesInAction,
  namesInNetwork,
  type Values,
} from "./fill-step.ts";
import { judgeReply, judgeWorld, type Finding } from "./judge-expectations.ts";
import type { Expectation, ReplyExpectation, Scenario, Step } from "./types.ts";
import {
  settleWithinMs,
  type DeviceReport,
  type ServerReport,
  type StepOutcome,
  type World,
} from "./world.ts";

/** One thing that had to be so, and whether it was. */
export interface CheckResult {
  readonly scenario: string;
  /** Line of the step in the scenario's file; 0 for what the end of a run asks by itself. */
  readonly line: number;
  /** When it was held; absent for what ended the run. Units: milliseconds since the run began. */
  readonly at?: number;
  /** The step, in words. */
  readonly step: string;
  /** `reply`: of an answer. `state`: of devices and server. `settled`: everybody came to rest. `fault`: a fault that was
   *  asked for did strike. `placeholder`: a value that a step needs was there. */
  readonly about: "reply" | "state" | "settled" | "fault" | "placeholder" | "process";
  readonly requirements: readonly string[];
  readonly pass: boolean;
  readonly expected: string;
  /** What was seen instead; empty where the check passes. */
  readonly seen: string;
}

/** Hears of steps as they begin and end; for traces. */
export interface StepObserver {
  stepBegan?(step: Step): void;
  stepEnded?(step: Step, outcome: StepOutcome | undefined): void;
}

/** Runs the steps, then settles, then holds the final expectation.
 *  Errors: what the world throws, which are faults of the world and bugs, never what a server or device did. */
export async function runSteps(
  scenario: Scenario,
  world: World,
  observer: StepObserver = {},
): Promise<readonly CheckResult[]> {
  const run = new ScenarioRun(scenario, world, observer);
  await run.steps(scenario.steps);
  await run.end();
  return run.checks;
}

const noValues: Values = new Map();

class ScenarioRun {
  readonly checks: CheckResult[] = [];
  readonly #scenario: Scenario;
  readonly #world: World;
  readonly #observer: StepObserver;
  readonly #remembered = new Map<string, JsonValue>();
  readonly #unfired = new Set<string>();
  #started: Promise<void>[] = [];

  constructor(scenario: Scenario, world: World, observer: StepObserver) {
    this.#scenario = scenario;
    this.#world = world;
    this.#observer = observer;
  }

  async steps(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#step(step);
  }

  async end(): Promise<void> {
    const last = this.#scenario.steps.at(-1);
    if (last?.kind !== "settle" && this.#scenario.settle !== false)
      await this.#settle(undefined, settleWithinMs);
    await this.#finish();
    await this.#checkWorld(undefined, this.#scenario.expect);
    this.#noteUnfired();
    for (const fault of this.#unfired) {
      this.#check(undefined, "fault", {
        pass: false,
        expected: `the fault strikes: ${fault}`,
        seen: "it never did",
      });
    }
  }

  async #step(step: Step): Promise<void> {
    this.#observer.stepBegan?.(step);
    const outcome = await this.#run(step);
    this.#observer.stepEnded?.(step, outcome);
    if (outcome === undefined || !("expect" in step || "remember" in step)) return;
    if (step.kind !== "device" && step.kind !== "server" && step.kind !== "request") return;
    if (step.expect !== undefined) await this.#checkReply(step, step.expect, outcome);
    for (const [name, path] of Object.entries(step.remember ?? {}))
      this.#remember(step, { name, path, outcome });
  }

  async #run(step: Step): Promise<StepOutcome | undefined> {
    switch (step.kind) {
      case "device": {
        const found = this.#values(step, namesInAction(step.action));
        const values = found instanceof Promise ? await found : found;
        return values && this.#world.device(step.device, fillAction(step.action, values));
      }
      case "server":
        return this.#world.server(step.action);
      case "sync":
        return this.#world.sync(step.devices);
      case "clock":
        await this.#world.advance(step.advanceMs);
        return undefined;
      case "wait":
        await this.#world.wait(step.forMs);
        return undefined;
      case "network": {
        const found = this.#values(step, namesInNetwork(step.action));
        const values = found instanceof Promise ? await found : found;
        if (values !== undefined) await this.#world.network(fillNetwork(step.action, values));
        return undefined;
      }
      case "database":
        await this.#world.database(step.action);
        return undefined;
      case "request": {
        const found = this.#values(step, namesIn(step.request));
        const values = found instanceof Promise ? await found : found;
        return values && this.#world.request(fillRequest(step.request, values));
      }
      case "together":
        await Promise.all(step.steps.map((inner) => this.#step(inner)));
        return undefined;
      case "start":
        this.#started.push(...step.steps.map((inner) => this.#step(inner)));
        return undefined;
      case "finish":
        await this.#finish();
        return undefined;
      case "settle":
        await this.#settle(step, step.withinMs);
        return undefined;
      case "check":
        await this.#checkWorld(step, step.expect);
        return undefined;
    }
  }

  async #finish(): Promise<void> {
    const started = this.#started;
    this.#started = [];
    await Promise.all(started);
  }

  async #settle(step: Step | undefined, withinMs: number): Promise<void> {
    this.#noteUnfired();
    const { quiet, waiting } = await this.#world.settle(withinMs);
    const expected = "when the faults have stopped, everybody comes to rest";
    this.#check(step, "settled", {
      pass: quiet,
      expected,
      seen: quiet ? "" : `still busy: ${waiting.join("; ")}`,
    });
  }

  /** Asked before faults end: an end is no strike. */
  #noteUnfired(): void {
    for (const fault of this.#world.unfiredFaults?.() ?? []) this.#unfired.add(fault);
  }

  async #checkReply(step: Step, expect: ReplyExpectation, outcome: StepOutcome): Promise<void> {
    const values = await this.#values(step, namesIn(expect.body ?? null));
    if (values === undefined) return;
    for (const finding of judgeReply(fillReply(expect, values), outcome)) {
      this.#check(step, "reply", finding, expect.requirements);
    }
  }

  async #checkWorld(step: Step | undefined, expect: Expectation): Promise<void> {
    if (expect.converged === undefined && expect.state === undefined && expect.devices === undefined) return;
    const names = Object.values(expect.devices ?? {}).flatMap(({ status }) => namesIn(status ?? null));
    const values = await this.#values(step, names);
    if (values === undefined) return;
    const devices = new Map<string, DeviceReport>();
    for (const { name } of this.#devicesOf(expect)) devices.set(name, await this.#world.inspectDevice(name));
    const servers = new Map<string, ServerReport>();
    const users =
      expect.converged === undefined ? [] : new Set([...devices.values()].map(({ user }) => user));
    for (const user of users) servers.set(user, await this.#world.inspectServer(user));
    const firstUser = this.#scenario.devices[0]?.user ?? "";
    for (const finding of judgeWorld(fillExpectation(expect, values), { devices, servers, firstUser })) {
      this.#check(step, "state", finding, expect.requirements);
    }
  }

  /** Only those that the expectation is about: a device that is down cannot be asked. */
  #devicesOf(expect: Expectation): Scenario["devices"] {
    const isAboutAll = expect.converged !== undefined || expect.state !== undefined;
    return this.#scenario.devices.filter(
      ({ name }) => isAboutAll || Object.hasOwn(expect.devices ?? {}, name),
    );
  }

  #remember(step: Step, { name, path, outcome }: { name: string; path: string; outcome: StepOutcome }): void {
    const value = partOf(outcome, path);
    if (value !== undefined) this.#remembered.set(name, value);
    const pass = value !== undefined;
    const seen = pass ? "" : `outcome ${outcome.outcome} without it: ${JSON.stringify(outcome)}`;
    if (!pass)
      this.#check(step, "placeholder", {
        pass,
        expected: `the answer has ${path}, remembered as "${name}"`,
        seen,
      });
  }

  #check(
    step: Step | undefined,
    about: CheckResult["about"],
    finding: Finding,
    requirements?: readonly string[],
  ): void {
    this.checks.push({
      scenario: this.#scenario.id,
      line: step?.source.line ?? 0,
      at: this.#world.now(),
      step: step?.source.text ?? "at the end",
      about,
      requirements: requirements ?? this.#scenario.requirements,
      ...finding,
    });
  }

  /** Values of the names, or a failed check and nothing. Answers at once where nobody has to be asked, so that steps
   *  that begin together begin in the order in which they stand. */
  #values(step: Step | undefined, names: readonly string[]): Values | Promise<Values | undefined> {
    return names.length === 0 ? noValues : this.#askFor(step, names);
  }

  async #askFor(step: Step | undefined, names: readonly string[]): Promise<Values | undefined> {
    const values = new Map<string, JsonValue>();
    for (const name of new Set(names)) {
      const [device, member] = name.split(".") as [string, string?];
      const value =
        member === undefined
          ? this.#remembered.get(name)
          : (await this.#world.inspectDevice(device)).status[member];
      if (value === undefined) {
        const seen = member === undefined ? "nothing remembered it" : `${device}'s status does not have it`;
        this.#check(step, "placeholder", { pass: false, expected: `a value for {${name}}`, seen });
        return undefined;
      }
      values.set(name, value);
    }
    return values;
  }
}

/** `body.results.0.id` of an outcome. */
function partOf(outcome: StepOutcome, path: string): JsonValue | undefined {
  let part: unknown = outcome;
  for (const key of path.split(".")) {
    if (typeof part !== "object" || part === null || !Object.hasOwn(part, key)) return undefined;
    part = (part as Readonly<Record<string, unknown>>)[key];
  }
  return part as JsonValue | undefined;
}
