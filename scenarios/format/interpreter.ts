// Runs a scenario in a world, step by step, and holds what comes back against what was expected. Pure: it waits for
// nothing but the world, so it runs inside the deterministic simulation as well.
//
// A failed expectation does not stop the run: what follows is still what the file says, and more failures tell more.
// A step whose placeholder cannot be filled (the answer that should have been remembered did not have it) is left out
// and counts as failed. Where the last step is no `settle`, and the file does not say `settle: false`, the run settles
// before the final expectation. Faults that were asked for and did not strike are failed checks.
import { isJsonObject, type JsonValue } from "../../protocol/json.ts";
import { judgeReply, judgeWorld, type Finding } from "./judge-expectations.ts";
import { fillJson, fillText, placeholdersIn } from "./placeholders.ts";
import type {
  DeviceAction,
  Expectation,
  NetworkAction,
  RawRequest,
  ReplyExpectation,
  Scenario,
  Step,
} from "./types.ts";
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
  /** The step, in words. */
  readonly step: string;
  /** `reply`: of an answer. `state`: of devices and server. `settled`: everybody came to rest. `fault`: a fault that was
   *  asked for did strike. `placeholder`: a value that a step needs was there. */
  readonly about: "reply" | "state" | "settled" | "fault" | "placeholder";
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

/** A placeholder of a step has no value. */
class Unfilled extends Error {
  readonly code = "unfilled";
  override readonly name = "Unfilled";
  readonly missing: string;
  constructor(missing: string) {
    super(`no value for {${missing}}`);
    this.missing = missing;
  }
}

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
        const action = await this.#filled(step, () => this.#fillAction(step.action));
        return action === undefined ? undefined : this.#world.device(step.device, action);
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
        const action = await this.#filled(step, () => this.#fillNetwork(step.action));
        if (action !== undefined) await this.#world.network(action);
        return undefined;
      }
      case "request": {
        const request = await this.#filled(step, () => this.#fillRequest(step.request));
        return request === undefined ? undefined : this.#world.request(request);
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
    const body = expect.body;
    const filled =
      body === undefined
        ? expect
        : await this.#filled(step, async () => ({ ...expect, body: await this.#json(body) }));
    if (filled === undefined) return;
    for (const finding of judgeReply(filled, outcome))
      this.#check(step, "reply", finding, expect.requirements);
  }

  async #checkWorld(step: Step | undefined, expect: Expectation): Promise<void> {
    if (expect.converged === undefined && expect.state === undefined && expect.devices === undefined) return;
    const filled = await this.#filled(step, () => this.#fillExpectation(expect));
    if (filled === undefined) return;
    const devices = new Map<string, DeviceReport>();
    for (const { name } of this.#devicesOf(expect)) devices.set(name, await this.#world.inspectDevice(name));
    const servers = new Map<string, ServerReport>();
    const users =
      expect.converged === undefined ? [] : new Set([...devices.values()].map(({ user }) => user));
    for (const user of users) servers.set(user, await this.#world.inspectServer(user));
    const firstUser = this.#scenario.devices[0]?.user ?? "";
    for (const finding of judgeWorld(filled, { devices, servers, firstUser })) {
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
      step: step?.source.text ?? "at the end",
      about,
      requirements: requirements ?? this.#scenario.requirements,
      ...finding,
    });
  }

  /** Fills in placeholders, or notes which value is missing. */
  async #filled<T>(step: Step | undefined, fill: () => Promise<T>): Promise<T | undefined> {
    try {
      return await fill();
    } catch (problem) {
      if (!(problem instanceof Unfilled)) throw problem;
      const expected = `a value for {${problem.missing}}`;
      this.#check(step, "placeholder", { pass: false, expected, seen: "nothing remembered it" });
      return undefined;
    }
  }

  async #fillAction(action: DeviceAction): Promise<DeviceAction> {
    if (!isJsonObject(action.args)) return action;
    const args: Record<string, JsonValue> = {};
    for (const [name, arg] of Object.entries(action.args)) {
      const inner = isJsonObject(arg) && typeof arg.placeholder === "string" ? arg.placeholder : undefined;
      args[name] = inner === undefined ? arg : await this.#json(`{${inner}}`);
    }
    return { ...action, args };
  }

  async #fillNetwork(action: NetworkAction): Promise<NetworkAction> {
    return action.verb === "answer" && action.json !== undefined
      ? { ...action, json: await this.#json(action.json) }
      : action;
  }

  async #fillRequest(request: RawRequest): Promise<RawRequest> {
    const { body } = request;
    const headers = (await this.#json(request.headers)) as RawRequest["headers"];
    const filled = { ...request, path: await this.#text(request.path), headers };
    if (body === undefined) return filled;
    return {
      ...filled,
      body: "json" in body ? { json: await this.#json(body.json) } : { text: await this.#text(body.text) },
    };
  }

  async #fillExpectation(expect: Expectation): Promise<Expectation> {
    if (expect.devices === undefined) return expect;
    const devices: Record<string, NonNullable<Expectation["devices"]>[string]> = {};
    for (const [name, device] of Object.entries(expect.devices)) {
      const { status } = device;
      devices[name] =
        status === undefined ? device : { ...device, status: (await this.#json(status)) as typeof status };
    }
    return { ...expect, devices };
  }

  async #json(value: JsonValue): Promise<JsonValue> {
    const values = await this.#valuesFor(JSON.stringify(value));
    return fillJson(value, (name) => values.get(name), { isLast: true });
  }

  async #text(text: string): Promise<string> {
    const values = await this.#valuesFor(text);
    const filled = fillText(text, (name) => values.get(name), { isLast: true });
    return typeof filled === "string" ? filled : JSON.stringify(filled);
  }

  /** Values of all placeholders in a text. Devices are asked now.  Errors: Unfilled. */
  async #valuesFor(text: string): Promise<ReadonlyMap<string, JsonValue>> {
    const values = new Map<string, JsonValue>();
    for (const { name } of placeholdersIn(text)) {
      if (values.has(name)) continue;
      const [device, member] = name.split(".") as [string, string?];
      const value =
        member === undefined
          ? this.#remembered.get(name)
          : (await this.#world.inspectDevice(device)).status[member];
      if (value === undefined) throw new Unfilled(name);
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
