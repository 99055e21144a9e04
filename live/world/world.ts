// The live world: real server processes on a real database, reference devices on real files, and a real network in
// between with the faults that a scenario asks for. The steps mean what they mean in the simulation
// (sim/world/world.ts); only time is everybody's, so nothing here is repeatable to the millisecond.
import { join } from "node:path";
import type { Recorder, ServerAccount } from "../../actors/actor.ts";
import type { HistoryEvent } from "../../invariants/history.ts";
import type { HttpRequest, HttpResponse } from "../../protocol/http.ts";
import type {
  Ability,
  DeviceAction,
  NetworkAction,
  RawRequest,
  Scenario,
  ServerAction,
} from "../../scenarios/format/types.ts";
import type { DeviceReport, ServerReport, StepOutcome, World } from "../../scenarios/format/world.ts";
import { Network } from "../faults/network.ts";
import type { Carrier } from "../faults/wire.ts";
import { HookUnanswered } from "../subjects/control.ts";
import type { Subject } from "../subjects/subject.ts";
import { DeviceSlot } from "./device-slot.ts";
import type { LiveProtocol } from "./protocol.ts";
import { exchangeRaw } from "./raw-exchange.ts";
import { outcomeOf, wireRequest } from "./raw-request.ts";
import type { ServerGroup } from "./server-group.ts";
import { freshUsers, TokenMint } from "./tokens.ts";

/** Where the devices believe the server to be. The fault layer knows where each process listens at present, so a
 *  restart may change the port and no device has to notice. Requests to any other place go nowhere. */
const serverUrl = "http://sync.test";
/** Rounds of a `sync` step: the first brings everything out, the second brings everything in. */
const syncRounds = 2;
/** Between two looks at who has come to rest.  Units: milliseconds. */
const settlePauseMs = 20;

/** `statements` needs somebody between the server and its database; `chance` belongs to the search. */
export const liveAbilities: ReadonlySet<Ability> = new Set([
  "compaction",
  "clock",
  "crash",
  "device-crash",
  "network",
  "socket-faults",
  "processes",
  "backup",
  "skew",
  "tokens",
  "settings",
]);

export interface LiveWorldOptions {
  readonly scenario: Scenario;
  readonly protocol: LiveProtocol;
  readonly group: ServerGroup;
  readonly carrier: Carrier;
  /** What the servers verify tokens with. */
  readonly secret: string;
  /** Tells the users of this run from those of every other one on the same servers. */
  readonly runNumber: number;
  /** For the devices' disks. */
  readonly directory: string;
  /** How long a device waits for an answer. */
  readonly patienceMs: number;
  /** However long a scenario may wait for rest, it is not waited longer than this. */
  readonly settleMaxMs: number;
}

export class LiveWorld implements World {
  readonly name = "live";
  readonly abilities = liveAbilities;
  readonly events: HistoryEvent[] = [];
  /** How often each kind of fault really happened. */
  readonly faultCounts = new Map<string, number>();
  /** What nobody asked for: a server that ended by itself, an error that nobody caught. */
  readonly problems: string[] = [];
  readonly #options: LiveWorldOptions;
  readonly #group: ServerGroup;
  readonly #network: Network;
  readonly #tokens: TokenMint;
  readonly #serverUser: (user: string) => string;
  readonly #devices = new Map<string, DeviceSlot>();
  readonly #recorder: Recorder = { record: (event) => this.#record(event as unknown as HistoryEvent) };
  readonly #startedAt = performance.now();
  readonly #watch: { cancel(): void };
  #clockOffsetMs: number;
  #serverSkewMs = 0;
  #calls = 0;
  #isOver = false;

  constructor(options: LiveWorldOptions) {
    this.#options = options;
    const { scenario, group, protocol, secret, patienceMs } = options;
    this.#group = group;
    this.#clockOffsetMs = group.clockOffsetMs;
    this.#serverUser = freshUsers(options.runNumber);
    this.#tokens = new TokenMint({ secret, serverUser: this.#serverUser });
    this.#network = new Network({
      carrier: options.carrier,
      errors: protocol.errors,
      messageOf: (request) => protocol.messageOf(request),
      resolve: (device, server) => (server === serverUrl ? this.#serverOf(device).url : undefined),
      onFault: ({ kind, device, text }) => this.#fault(kind, device, text),
      patienceMs,
    });
    this.#watch = group.watch((subject, how) => {
      this.problems.push(`${subject.name} ended by itself: ${how}`);
      this.#crashed(subject.name, `ended by itself: ${how}`, "server crash");
    });
    for (const spec of scenario.devices) this.#addDevice(spec);
  }

  /** Starts the devices; the servers are up. */
  async start(): Promise<void> {
    for (const device of this.#devices.values()) await device.start();
  }

  /** Ends the devices and everything that is under way. The servers stay as they are. */
  end(): void {
    this.#isOver = true;
    this.#watch.cancel();
    for (const device of this.#devices.values()) device.end();
    this.#network.close();
  }

  now(): number {
    return Math.round(performance.now() - this.#startedAt);
  }

  /** Who waits for what at this moment, for a run that does not end. */
  waiting(): readonly string[] {
    return this.#network.waiting();
  }

  async device(name: string, action: DeviceAction): Promise<StepOutcome> {
    const slot = this.#slot(name);
    const args = (action.args ?? {}) as Readonly<Record<string, unknown>>;
    switch (action.verb) {
      case "offline":
        this.#network.apply({ verb: "partition", device: name, direction: "both", inFlight: "drop" });
        this.#fault("offline", name, `${name} goes offline`);
        return ok;
      case "online":
        this.#network.apply({ verb: "heal", device: name });
        return ok;
      case "crash":
        if (args.position === undefined) slot.crash("killed");
        else {
          const position = args.position as "before" | "after";
          slot.commitTrap = { position, countdown: Number(args.commit ?? 1) };
        }
        return ok;
      case "restart":
        slot.crash("restarted");
        this.#restarted(name);
        return slot.start();
      case "skew":
        slot.skewMs = Number(args.byMs);
        this.#fault("skew", name, `${name}'s clock is off by ${slot.skewMs} ms`);
        return ok;
      case "backup":
        slot.backup();
        return ok;
      case "restore":
        this.#fault("restore", name, `${name} is put back to its backup`);
        return slot.restore();
      case "clone-from":
        this.#fault("clone", name, `${name} becomes a copy of ${String(args.device)}`);
        return slot.cloneFrom(this.#slot(String(args.device)));
      case "reinstall":
        this.#fault("reinstall", name, `${name} is installed anew`);
        return slot.reinstall();
      default:
        return slot.run((actor) => actor.act(action));
    }
  }

  async sync(devices: readonly string[]): Promise<StepOutcome> {
    let last: StepOutcome = ok;
    for (let round = 1; round <= syncRounds; round++) {
      for (const name of devices) {
        const outcome = await this.#slot(name).run((actor) => actor.sync());
        if (round === syncRounds && outcome.outcome !== "ok") last = outcome;
      }
    }
    return last;
  }

  async server(action: ServerAction): Promise<StepOutcome> {
    switch (action.verb) {
      case "compact":
        return this.#compact(action.process);
      case "crash":
        for (const subject of this.#subjects(action.process)) await this.#kill(subject, "killed");
        return ok;
      case "stop":
        for (const subject of this.#subjects(action.process)) {
          if (subject.url === undefined) continue;
          await subject.stop();
          this.#crashed(subject.name, "stopped", "server crash");
        }
        return ok;
      case "restart":
        for (const subject of this.#subjects(action.process)) {
          await this.#kill(subject, "killed");
          await this.#start(subject);
        }
        return ok;
      case "backup":
        await this.#group.backup();
        return ok;
      case "restore":
        return this.#restoreDatabase();
      case "skew":
        this.#serverSkewMs = action.byMs;
        await this.#setServerClock();
        this.#fault("skew", "server", `the server's clock is off by ${action.byMs} ms`);
        return ok;
      case "crash-during":
      case "lose-answer-during":
      case "fail-during":
      case "hold-during":
      case "release":
        throw new Error(`the live world cannot do "${action.verb}"; a scenario with it needs "statements"`);
    }
  }

  async network(action: NetworkAction): Promise<void> {
    this.#network.apply(action);
  }

  async request(request: RawRequest): Promise<StepOutcome> {
    const { actor } = this.#slot(request.as);
    const { url } = this.#serverOf(request.as);
    if (url === undefined) return { outcome: "unknown" };
    const identity = actor?.identity() ?? { token: "", deviceId: "" };
    const token =
      request.token === undefined
        ? identity.token
        : this.#tokens.mint(this.#userOf(request.as), request.token);
    const wire = wireRequest(request, { ...identity, token });
    try {
      return outcomeOf(await exchangeRaw({ ...wire, server: url, timeoutMs: answerTimeoutMs }));
    } catch {
      return { outcome: "unknown" };
    }
  }

  async advance(byMs: number): Promise<void> {
    this.#clockOffsetMs += byMs;
    await this.#setServerClock();
    this.#fault("clock", "world", `time moves by ${byMs} ms`);
  }

  wait(forMs: number): Promise<void> {
    return sleep(forMs);
  }

  async settle(withinMs: number): Promise<{ readonly quiet: boolean; readonly waiting: readonly string[] }> {
    const until = this.now() + Math.min(withinMs, this.#options.settleMaxMs);
    await this.#calm();
    for (;;) {
      await this.#letRun();
      const accounts = await this.#readAccounts();
      const waiting = this.#unrest(accounts);
      const quiet = waiting.length === 0;
      if (quiet || this.now() >= until || this.#isOver) {
        this.#record({ kind: "settled", at: 0, actor: "world", quiet, waiting });
        this.#recordFindings(accounts);
        return { quiet, waiting };
      }
      await sleep(settlePauseMs);
    }
  }

  async inspectDevice(name: string): Promise<DeviceReport> {
    const { actor } = this.#slot(name);
    if (actor === undefined)
      throw new Error(`${name} is down; expected a restart step before it is looked at`);
    return actor.inspect();
  }

  async inspectServer(user: string): Promise<ServerReport> {
    return this.#readAccount(user);
  }

  unfiredFaults(): readonly string[] {
    const crashes = [...this.#devices.values()].filter(({ commitTrap }) => commitTrap !== undefined);
    return [
      ...this.#network.rules.neverFired(),
      ...crashes.map(({ name, commitTrap }) => `${name}: crash ${commitTrap!.position} a durable step`),
    ];
  }

  async #calm(): Promise<void> {
    this.#network.calm();
    for (const subject of this.#group.subjects) if (subject.url === undefined) await this.#start(subject);
    for (const device of this.#devices.values()) {
      device.commitTrap = undefined;
      if (device.actor !== undefined) continue;
      await device.start();
      this.#restarted(device.name);
    }
    this.#record({ kind: "calm", at: 0, actor: "world" });
  }

  /** One turn for everybody who does nothing without being told. */
  async #letRun(): Promise<void> {
    for (const device of this.#devices.values()) {
      if (!device.automatic) await device.run((actor) => actor.sync());
    }
  }

  #unrest(accounts: ReadonlyMap<string, ServerAccount>): readonly string[] {
    const waiting: string[] = [];
    for (const device of this.#devices.values()) {
      const account = accounts.get(device.actor?.identity().user ?? "");
      const unrest = account === undefined ? undefined : device.actor?.unrest(account);
      if (unrest !== undefined) waiting.push(`${device.name}: ${unrest}`);
    }
    return waiting;
  }

  async #readAccounts(): Promise<ReadonlyMap<string, ServerAccount>> {
    const accounts = new Map<string, ServerAccount>();
    for (const user of this.#users()) accounts.set(user, await this.#readAccount(user));
    return accounts;
  }

  #readAccount(user: string): Promise<ServerAccount> {
    const subject = this.#group.subjects.find(({ url }) => url !== undefined);
    const server = subject?.url;
    if (server === undefined) {
      throw new Error("no server process is up; expected a restart step before it is read");
    }
    return this.#options.protocol.readAccount({
      user,
      token: this.#tokens.mint(user),
      exchange: (request) => readFrom(server, request),
    });
  }

  #recordFindings(accounts: ReadonlyMap<string, ServerAccount>): void {
    for (const [user, { finding }] of accounts) {
      this.#record({ kind: "found", at: 0, actor: "server", finding, user } as HistoryEvent);
    }
    for (const { name, actor } of this.#devices.values()) {
      if (actor !== undefined) this.#record({ kind: "found", at: 0, actor: name, finding: actor.finding() });
    }
  }

  /** Runs the job for everybody. The body speaks of the first device's user. */
  async #compact(process?: number): Promise<StepOutcome> {
    const subject = this.#subjects(process).find(({ url }) => url !== undefined);
    if (subject === undefined) return { outcome: "blocked" };
    let body: { readonly compacted_up_to: number; readonly deleted: number } | undefined;
    for (const user of this.#users()) {
      try {
        const report = await this.#group.compact(subject, this.#serverUser(user));
        body ??= { compacted_up_to: report.compactedUpTo, deleted: report.deleted };
        this.#record({ kind: "compacted", at: 0, actor: "server", user, ...report });
      } catch (error) {
        if (!(error instanceof HookUnanswered)) throw error;
        return { outcome: "unknown", type: error.name, body: { message: error.message } };
      }
    }
    return { outcome: "ok", body };
  }

  async #restoreDatabase(): Promise<StepOutcome> {
    for (const subject of this.#group.subjects) await this.#kill(subject, "its database is restored");
    await this.#group.restore();
    this.#fault("restore", "server", "the database is put back to its backup");
    for (const subject of this.#group.subjects) await this.#group.start(subject);
    return ok;
  }

  async #kill(subject: Subject, text: string): Promise<void> {
    if (subject.url === undefined) return;
    await subject.kill();
    this.#crashed(subject.name, text, "server crash");
  }

  async #start(subject: Subject): Promise<void> {
    this.#restarted(subject.name);
    await this.#group.start(subject);
  }

  /** A server's clock can only be moved on. Where it would have to go back, everybody else's goes on instead: what a
   *  skew is about is how far clocks are apart. */
  async #setServerClock(): Promise<void> {
    const { clockOffsetMs } = this.#group;
    this.#clockOffsetMs = Math.max(this.#clockOffsetMs, clockOffsetMs - this.#serverSkewMs);
    await this.#group.setClock(this.#clockOffsetMs + this.#serverSkewMs);
  }

  #users(): ReadonlySet<string> {
    const users = new Set(this.#options.scenario.devices.map(({ user }) => user));
    for (const { actor } of this.#devices.values()) {
      const user = actor?.identity().user;
      if (user !== undefined && user !== "") users.add(user);
    }
    return users;
  }

  #addDevice(spec: Scenario["devices"][number]): void {
    const { scenario, protocol, directory } = this.#options;
    const slot = new DeviceSlot({
      spec,
      protocol,
      network: this.#network,
      recorder: this.#recorder,
      accounts: { server: serverUrl, mintToken: (user, token) => this.#tokens.mint(user, token) },
      config: scenario.deviceConfig,
      nextCall: () => ++this.#calls,
      directory: join(directory, spec.name),
      wallNow: () => Date.now() + this.#clockOffsetMs,
      onBug: (error) =>
        this.problems.push(
          `${spec.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        ),
      onCrash: ({ name }, text) => this.#crashed(name, text, "device crash"),
    });
    this.#devices.set(spec.name, slot);
  }

  #slot(name: string): DeviceSlot {
    const slot = this.#devices.get(name);
    if (slot === undefined) {
      throw new Error(`no device "${name}"; expected one of ${[...this.#devices.keys()].join(", ")}`);
    }
    return slot;
  }

  /** The process with this number, from 1, or all of them. */
  #subjects(process: number | undefined): readonly Subject[] {
    const { subjects } = this.#group;
    return process === undefined ? subjects : subjects.slice(process - 1, process);
  }

  #serverOf(device: string): Subject {
    const { subjects } = this.#group;
    const spec = this.#options.scenario.devices.find(({ name }) => name === device);
    return subjects[((spec?.process ?? 1) - 1) % subjects.length]!;
  }

  #userOf(device: string): string {
    const user = this.#slot(device).actor?.identity().user;
    if (user !== undefined && user !== "") return user;
    return this.#options.scenario.devices.find(({ name }) => name === device)!.user;
  }

  #crashed(target: string, text: string, kind: string): void {
    this.#count(kind);
    this.#record({ kind: "crash", at: 0, actor: "world", target, text });
  }

  #restarted(target: string): void {
    this.#record({ kind: "restart", at: 0, actor: "world", target });
  }

  #fault(kind: string, target: string, text: string): void {
    this.#count(kind);
    this.#record({ kind: "fault", at: 0, actor: "world", fault: kind, target, text });
  }

  #count(kind: string): void {
    this.faultCounts.set(kind, (this.faultCounts.get(kind) ?? 0) + 1);
  }

  #record(event: HistoryEvent): void {
    if (this.#isOver) return;
    this.events.push({ ...event, at: this.now() });
  }
}

const ok: StepOutcome = { outcome: "ok" };

/** How long we wait for an answer that no fault stands in the way of.  Units: milliseconds. */
const answerTimeoutMs = 10_000;

async function readFrom(server: string, request: HttpRequest): Promise<HttpResponse> {
  const query = new URLSearchParams();
  for (const [name, values] of Object.entries(request.query)) {
    for (const value of [values].flat()) query.append(name, value);
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) if (value !== undefined) headers[name] = value;
  const response = await exchangeRaw({
    server,
    method: request.method,
    path: `${request.path}?${query.toString()}`,
    headers,
    timeoutMs: answerTimeoutMs,
  });
  return response as HttpResponse;
}

function sleep(forMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, forMs));
}
