// The simulated world: servers, devices, network and database of one run, and the steps that a scenario may take with
// them. It knows no protocol; what it needs of one comes through `SimProtocol`.
import type { Recorder, ServerAccount } from "../../actors/actor.ts";
import type { HttpRequest } from "../../protocol/http.ts";
import type { HistoryEvent } from "../../invariants/history.ts";
import { FaultRules } from "../../scenarios/format/fault-rules.ts";
import type {
  Ability,
  DeviceAction,
  NetworkAction,
  RawRequest,
  Scenario,
  ServerAction,
} from "../../scenarios/format/types.ts";
import type { DeviceReport, ServerReport, StepOutcome, World } from "../../scenarios/format/world.ts";
import type { CommitFate } from "../disk/sim-disk.ts";
import { hashText } from "../kernel/addressed-random.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { SimProcess } from "../kernel/process.ts";
import { Network } from "../network/network.ts";
import { type StatementAddress, StatementTraps } from "./statement-traps.ts";
import { DeviceSlot } from "./device-slot.ts";
import type { SimDatabase, SimProtocol } from "./protocol.ts";
import { ServerSlot } from "./server-slot.ts";
import { TokenAuthority } from "./token-authority.ts";
import { noAccidents, type Trouble, troubleFrom } from "./trouble.ts";

/** Where the server is, from everybody's point of view. */
const serverUrl = "https://sync.test";
/** When the run's wall clocks begin: 2026-01-01T00:00:00Z. */
const epochBaseMs = 1_767_225_600_000;
/** How long a device waits for an answer. Units: virtual milliseconds. */
const patienceMs = 10_000;
/** Tokens that a scenario does not spoil outlive it. Units: milliseconds. */
const tokenLifetimeMs = 20 * 365 * 86_400_000;
/** Rounds of a `sync` step: the first brings everything out, the second brings everything in. */
const syncRounds = 2;

export const simAbilities: ReadonlySet<Ability> = new Set([
  "compaction",
  "clock",
  "crash",
  "device-crash",
  "network",
  "socket-faults",
  "statements",
  "processes",
  "backup",
  "skew",
  "tokens",
  "chance",
]);

export interface SimWorldOptions {
  readonly scenario: Scenario;
  readonly protocol: SimProtocol;
  readonly kernel: Kernel;
  readonly main: SimProcess;
}

export class SimWorld implements World {
  readonly name = "sim";
  readonly abilities = simAbilities;
  readonly events: HistoryEvent[] = [];
  /** How often each kind of fault really happened. */
  readonly faultCounts = new Map<string, number>();
  readonly #kernel: Kernel;
  readonly #main: SimProcess;
  readonly #protocol: SimProtocol;
  readonly #scenario: Scenario;
  readonly #database: SimDatabase;
  readonly #network: Network;
  readonly #rules = new FaultRules();
  readonly #traps = new StatementTraps();
  readonly #tokens: TokenAuthority;
  readonly #servers: ServerSlot[] = [];
  readonly #devices = new Map<string, DeviceSlot>();
  readonly #recorder: Recorder;
  #trouble: Trouble;
  #clockOffsetMs = 0;
  #calls = 0;
  #databaseBackup: unknown;

  constructor(options: SimWorldOptions) {
    this.#kernel = options.kernel;
    this.#main = options.main;
    this.#protocol = options.protocol;
    this.#scenario = options.scenario;
    this.#trouble = troubleFrom(options.scenario.trouble);
    this.#recorder = { record: (event) => this.#record(event as unknown as HistoryEvent) };
    const wallNow = (): number => epochBaseMs + this.#kernel.now() + this.#clockOffsetMs;
    this.#tokens = new TokenAuthority({ now: wallNow, lifetimeMs: tokenLifetimeMs });
    this.#database = this.#protocol.createDatabase({
      after: (delayMs, run) => {
        const event = this.#kernel.schedule(delayMs, 0, this.#kernel.label("database"), run);
        return { cancel: () => this.#kernel.cancel(event) };
      },
    });
    this.#network = new Network({
      random: this.#kernel.random,
      rules: this.#rules,
      messageOf: (request) => this.#protocol.messageOf(request),
      endpointOf: (device) => this.#serverOf(device),
      onFault: ({ kind, device, text }) => this.#fault(kind, device, text),
      patienceMs,
    });
    this.#network.weather = this.#trouble.weather;
    for (let index = 1; index <= this.#scenario.processes; index++) this.#addServer(index, wallNow);
    for (const spec of this.#scenario.devices) {
      this.#devices.set(
        spec.name,
        new DeviceSlot({
          spec,
          kernel: this.#kernel,
          main: this.#main,
          protocol: this.#protocol,
          network: this.#network,
          recorder: this.#recorder,
          accounts: { server: serverUrl, mintToken: (user, spec) => this.#tokens.mint(user, spec) },
          nextCall: () => ++this.#calls,
          config: this.#scenario.deviceConfig,
          wallNow,
          commitFate: (device) => this.#commitFate(device),
          onCrash: (slot, text) => this.#deviceCrashed(slot, text),
        }),
      );
    }
  }

  /** Starts servers and devices; the scenario's steps come after. */
  async start(): Promise<void> {
    for (const server of this.#servers) await server.start();
    for (const device of this.#devices.values()) await device.start();
  }

  now(): number {
    return this.#kernel.now();
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
          slot.commitTrap = {
            position: args.position as "before" | "after",
            countdown: Number(args.commit ?? 1),
          };
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
        return slot.run(action.verb, (actor) => actor.act(action));
    }
  }

  async sync(devices: readonly string[]): Promise<StepOutcome> {
    let last: StepOutcome = ok;
    for (let round = 0; round < syncRounds; round++) {
      for (const name of devices) {
        const outcome = await this.#slot(name).run("sync", (actor) => actor.sync());
        if (round === syncRounds - 1 && outcome.outcome !== "ok") last = outcome;
      }
    }
    return last;
  }

  async server(action: ServerAction): Promise<StepOutcome> {
    switch (action.verb) {
      case "compact":
        return this.#compact(action.process);
      case "crash":
        for (const slot of this.#serversOf(action.process)) slot.crash("killed");
        return ok;
      case "stop":
        for (const slot of this.#serversOf(action.process)) await slot.stop();
        return ok;
      case "restart":
        for (const slot of this.#serversOf(action.process)) {
          slot.crash("killed");
          this.#restarted(slot.name);
          await slot.start();
        }
        return ok;
      case "backup":
        this.#databaseBackup = this.#database.backup();
        return ok;
      case "restore":
        return this.#restoreDatabase();
      case "crash-during":
      case "lose-answer-during":
      case "fail-during":
      case "hold-during":
        this.#traps.arm(action);
        if (action.purpose !== "compact") return ok;
        return action.verb === "hold-during" ? this.#compactUntilHeld() : this.#compact();
      case "release":
        for (const server of this.#servers) server.line.release(action);
        return ok;
      case "skew":
        for (const server of this.#servers) server.skewMs = action.byMs;
        this.#fault("skew", "server", `the server's clock is off by ${action.byMs} ms`);
        return ok;
    }
  }

  async network(action: NetworkAction): Promise<void> {
    this.#network.apply(action);
  }

  async request(request: RawRequest): Promise<StepOutcome> {
    const slot = this.#slot(request.as);
    const wire = rawToHttp(request, {
      token:
        request.token === undefined
          ? (slot.actor?.identity().token ?? "")
          : this.#tokens.mint(this.#scenarioUser(request.as), request.token),
      deviceId: slot.actor?.identity().deviceId ?? "",
    });
    const server = this.#serverOf(request.as);
    const response = await server.run("request", (running) => running.handle(wire));
    if (response === undefined) return { outcome: "unknown" };
    return {
      outcome: response.status < 400 ? "ok" : "refused",
      status: response.status,
      headers: response.headers,
      body: response.body,
      ...typeOf(response.body),
    };
  }

  async advance(byMs: number): Promise<void> {
    this.#clockOffsetMs += byMs;
    this.#fault("clock", "world", `time moves by ${byMs} ms`);
  }

  wait(forMs: number): Promise<void> {
    return this.#main.sleep(forMs);
  }

  async settle(withinMs: number): Promise<{ quiet: boolean; waiting: readonly string[] }> {
    const until = this.#kernel.now() + withinMs;
    await this.#calm();
    for (;;) {
      await this.#letRun();
      const seen = await this.#readAccounts();
      const waiting = [...this.#unrest(seen)];
      // What was pushed while the server was read shows only in a second look.
      const accounts = waiting.length === 0 ? await this.#readAccounts() : seen;
      for (const [user, { head }] of accounts) {
        if (seen.get(user)?.head !== head) waiting.push(`server: the head of ${user} still moves`);
      }
      if (waiting.length === 0 || this.#kernel.now() >= until) {
        const quiet = waiting.length === 0;
        this.#record({ kind: "settled", at: 0, actor: "world", quiet, waiting });
        this.#recordFindings(accounts);
        return { quiet, waiting };
      }
    }
  }

  async inspectDevice(name: string): Promise<DeviceReport> {
    const actor = this.#slot(name).actor;
    if (actor === undefined)
      throw new Error(`${name} is down; expected a restart step before it is looked at`);
    return actor.inspect();
  }

  async inspectServer(user: string): Promise<ServerReport> {
    return this.#readAccount(user);
  }

  /** Faults that were arranged and never happened, in words. */
  unfiredFaults(): readonly string[] {
    const crashes = [...this.#devices.values()].filter((device) => device.commitTrap !== undefined);
    return [
      ...this.#rules.neverFired(),
      ...this.#traps.unsprung(),
      ...crashes.map((device) => `${device.name}: crash ${device.commitTrap!.position} a durable step`),
    ];
  }

  async #calm(): Promise<void> {
    this.#trouble = { weather: this.#network.weather, accidents: noAccidents };
    this.#network.calm();
    this.#traps.disarm();
    for (const server of this.#servers) {
      server.line.release();
      if (!server.isUp) {
        await server.start();
        this.#restarted(server.name);
      }
    }
    for (const device of this.#devices.values()) {
      device.commitTrap = undefined;
      if (!device.isDown) continue;
      await device.start();
      this.#restarted(device.name);
    }
    this.#record({ kind: "calm", at: 0, actor: "world" });
  }

  /** One turn for everybody: devices with timers of their own get time, the others are told to sync. */
  async #letRun(): Promise<void> {
    let isAnyAutomatic = false;
    for (const device of this.#devices.values()) {
      if (device.automatic) isAnyAutomatic = true;
      else await device.run("sync", (actor) => actor.sync());
    }
    if (isAnyAutomatic) await this.#main.sleep(500);
    else await this.#main.sleep(1);
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
    const server = this.#servers.find((slot) => slot.isUp);
    if (server === undefined)
      throw new Error("no server process is up; expected a restart step before it is read");
    return this.#protocol.readAccount({
      user,
      token: this.#tokens.mint(user),
      exchange: async (request: HttpRequest) => {
        const response = await server.run("reader", (running) => running.handle(request));
        if (response === undefined) throw new Error("the server crashed while it was read");
        return response;
      },
    });
  }

  #recordFindings(accounts: ReadonlyMap<string, ServerAccount>): void {
    for (const [user, account] of accounts) {
      this.#record({ kind: "found", at: 0, actor: "server", finding: account.finding, user } as HistoryEvent);
    }
    for (const device of this.#devices.values()) {
      const { actor } = device;
      if (actor === undefined) continue;
      this.#record({ kind: "found", at: 0, actor: device.name, finding: actor.finding() });
    }
  }

  /** Runs the job for everybody. The body speaks of the first device's user. */
  async #compact(process?: number): Promise<StepOutcome> {
    const server = this.#serversOf(process).find((slot) => slot.isUp);
    if (server === undefined) return { outcome: "blocked" };
    let body: { readonly compacted_up_to: number; readonly deleted: number } | undefined;
    for (const user of this.#users()) {
      let outcome;
      try {
        outcome = await server.run("compact", (running) => running.compact(user));
      } catch (error) {
        return { outcome: "unknown", type: error instanceof Error ? error.name : String(error) };
      }
      if (outcome === undefined) return { outcome: "unknown" };
      body ??= { compacted_up_to: outcome.compactedUpTo, deleted: outcome.deleted };
      this.#record({ kind: "compacted", at: 0, actor: "server", user, ...outcome });
    }
    return { outcome: "ok", body };
  }

  /** Begins the job and comes back when it is held, or over. */
  async #compactUntilHeld(): Promise<StepOutcome> {
    let isOver = false;
    this.#main.task("compact", async () => {
      await this.#compact();
      isOver = true;
    });
    while (!isOver && !this.#servers.some((server) => server.line.isHolding)) await this.#main.sleep(1);
    return ok;
  }

  async #restoreDatabase(): Promise<StepOutcome> {
    if (this.#databaseBackup === undefined)
      throw new Error("the server has no backup; expected a backup step before");
    for (const server of this.#servers) server.crash("its database is restored");
    this.#database.restore(this.#databaseBackup);
    this.#fault("restore", "server", "the database is put back to its backup");
    for (const server of this.#servers) await server.start();
    return ok;
  }

  #users(): ReadonlySet<string> {
    const users = new Set(this.#scenario.devices.map((device) => device.user));
    for (const device of this.#devices.values()) {
      const user = device.actor?.identity().user;
      if (user !== undefined && user !== "") users.add(user);
    }
    return users;
  }

  #addServer(index: number, wallNow: () => number): void {
    this.#servers.push(
      new ServerSlot({
        name: this.#scenario.processes === 1 ? "server" : `server ${index}`,
        kernel: this.#kernel,
        main: this.#main,
        protocol: this.#protocol,
        database: this.#database,
        tokens: this.#tokens,
        config: this.#scenario.config,
        wallNow,
        traps: this.#traps,
        deviceNamed: (deviceId) => this.#deviceNamed(deviceId),
        fate: (address) => this.#statementFate(index, address),
        onFault: ({ kind, text }) => this.#fault(kind, "server", text),
        onCrash: (slot, text) => this.#serverCrashed(slot, text),
      }),
    );
  }

  #slot(name: string): DeviceSlot {
    const slot = this.#devices.get(name);
    if (slot === undefined)
      throw new Error(`no device "${name}"; expected one of ${[...this.#devices.keys()].join(", ")}`);
    return slot;
  }

  /** The process with this number, from 1, or all of them. */
  #serversOf(process: number | undefined): readonly ServerSlot[] {
    return process === undefined ? this.#servers : this.#servers.slice(process - 1, process);
  }

  #serverOf(device: string): ServerSlot {
    const spec = this.#scenario.devices.find((candidate) => candidate.name === device);
    return this.#servers[((spec?.process ?? 1) - 1) % this.#servers.length]!;
  }

  #scenarioUser(device: string): string {
    const user = this.#slot(device).actor?.identity().user;
    return user !== undefined && user !== ""
      ? user
      : this.#scenario.devices.find(({ name }) => name === device)!.user;
  }

  /** The scenario's name of a device that the server knows by its id. */
  #deviceNamed(deviceId: string): string | undefined {
    for (const device of this.#devices.values()) {
      if (device.actor?.identity().deviceId.toLowerCase() === deviceId.toLowerCase()) return device.name;
    }
    return undefined;
  }

  #deviceCrashed(slot: DeviceSlot, text: string): void {
    this.#record({ kind: "crash", at: 0, actor: "world", target: slot.name, text });
    this.#count("device crash");
    this.#network.noteCrash(slot.process);
    this.#comeBack(
      slot.name,
      () => slot.isDown,
      () => slot.start(),
    );
  }

  #serverCrashed(slot: ServerSlot, text: string): void {
    this.#record({ kind: "crash", at: 0, actor: "world", target: slot.name, text });
    this.#count("server crash");
    this.#network.noteCrash(slot.process);
    this.#comeBack(
      slot.name,
      () => !slot.isUp,
      () => slot.start(),
    );
  }

  /** In a storm, what crashed by chance comes back by itself; elsewhere a step or the calm brings it back. */
  #comeBack(name: string, isDown: () => boolean, start: () => Promise<unknown>): void {
    const { accidents } = this.#trouble;
    if (accidents.crashServer === 0 && accidents.crashDevice === 0) return;
    const afterMs = this.#kernel.random
      .decisions(name, "restart")
      .nextBetween(1, accidents.restartAfterMaxMs);
    this.#main.after(afterMs, async () => {
      if (!isDown()) return;
      this.#restarted(name);
      await start();
    });
  }

  #restarted(target: string): void {
    this.#record({ kind: "restart", at: 0, actor: "world", target });
  }

  #statementFate(
    index: number,
    address: StatementAddress,
  ): "pass" | "crash-before" | "crash-after" | "lose-answer" {
    const { crashServer, loseDatabaseAnswer } = this.#trouble.accidents;
    if (crashServer === 0 && loseDatabaseAnswer === 0) return "pass";
    const draw = this.#kernel.random
      .decisions(`server ${index}`, `${address.purpose} ${address.statement}`)
      .next();
    const point = draw % 1_000_000;
    if (point < crashServer) return draw % 2 === 0 ? "crash-before" : "crash-after";
    return point < crashServer + loseDatabaseAnswer ? "lose-answer" : "pass";
  }

  #commitFate(device: string): CommitFate {
    const { crashDevice, failDisk } = this.#trouble.accidents;
    if (crashDevice === 0 && failDisk === 0) return "pass";
    const draw = this.#kernel.random.decisions(device, "commit fate").next();
    const point = draw % 1_000_000;
    if (point < crashDevice) return draw % 2 === 0 ? "crash-before" : "crash-after";
    return point < crashDevice + failDisk ? "fail" : "pass";
  }

  #fault(kind: string, target: string, text: string): void {
    this.#count(kind);
    this.#record({ kind: "fault", at: 0, actor: "world", fault: kind, target, text });
  }

  #count(kind: string): void {
    this.faultCounts.set(kind, (this.faultCounts.get(kind) ?? 0) + 1);
  }

  #record(event: HistoryEvent): void {
    (event as { at: number }).at = this.#kernel.now();
    this.events.push(event);
    this.#kernel.digest.add(hashText(event.kind, 0));
  }
}

const ok: StepOutcome = { outcome: "ok" };

function typeOf(body: unknown): { readonly type?: string } {
  if (typeof body !== "object" || body === null || !("type" in body)) return {};
  return typeof body.type === "string" ? { type: body.type } : {};
}

function rawToHttp(
  request: RawRequest,
  identity: { readonly token: string; readonly deviceId: string },
): HttpRequest {
  const url = new URL(request.path, serverUrl);
  const query: Record<string, string | string[]> = {};
  for (const name of new Set(url.searchParams.keys())) {
    const values = url.searchParams.getAll(name);
    query[name] = values.length === 1 ? values[0]! : values;
  }
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (identity.token !== "") headers.authorization = `Bearer ${identity.token}`;
  if (identity.deviceId !== "") headers["x-device-id"] = identity.deviceId;
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === null) delete headers[name.toLowerCase()];
    else headers[name.toLowerCase()] = value;
  }
  return {
    method: request.method,
    path: url.pathname,
    query,
    headers,
    ...(request.body === undefined ? {} : { body: request.body }),
  };
}
