// Who is there in a simulated run: server processes, devices, the network between them, the database behind them, and
// the clock over all of them. What a scenario does with them stands in world.ts.
import type { ServerAccount } from "../../actors/actor.ts";
import type { HttpRequest } from "../../protocol/http.ts";
import { FaultRules } from "../../scenarios/format/fault-rules.ts";
import type { Accident, Scenario } from "../../scenarios/format/types.ts";
import { AccidentBook } from "../kernel/accident-book.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { SimProcess } from "../kernel/process.ts";
import { Network } from "../network/network.ts";
import { Chance } from "./chance.ts";
import { DatabaseFaults } from "./database-faults.ts";
import { DeviceSlot } from "./device-slot.ts";
import type { ReadOptions, SimDatabase, SimProtocol } from "./protocol.ts";
import { RunHistory } from "./run-history.ts";
import { ServerSlot } from "./server-slot.ts";
import { StatementTraps } from "./statement-traps.ts";
import { TokenAuthority } from "./token-authority.ts";
import { troubleFrom } from "./trouble.ts";

/** Where the server is, from everybody's point of view. */
export const serverUrl = "https://sync.test";
/** When the run's wall clocks begin: 2026-01-01T00:00:00Z. */
const epochBaseMs = 1_767_225_600_000;
/** How long a device waits for an answer. Units: virtual milliseconds. */
const patienceMs = 10_000;
/** Tokens that a scenario does not spoil outlive it. Units: milliseconds. */
const tokenLifetimeMs = 20 * 365 * 86_400_000;

export interface StageOptions {
  readonly scenario: Scenario;
  readonly protocol: SimProtocol;
  readonly kernel: Kernel;
  /** The process of the scenario itself. */
  readonly main: SimProcess;
}

export class Stage {
  readonly history: RunHistory;
  readonly network: Network;
  readonly rules = new FaultRules();
  readonly traps = new StatementTraps();
  readonly tokens: TokenAuthority;
  readonly database: SimDatabase;
  readonly databaseFaults: DatabaseFaults;
  readonly accidents: AccidentBook;
  readonly chance: Chance;
  readonly servers: readonly ServerSlot[];
  readonly devices: ReadonlyMap<string, DeviceSlot>;
  readonly #options: StageOptions;
  readonly #serverByDevice = new Map<string, ServerSlot>();
  #clockOffsetMs = 0;
  #calls = 0;

  constructor(options: StageOptions) {
    this.#options = options;
    const { kernel, protocol, scenario } = options;
    const trouble = troubleFrom(scenario);
    const { random } = kernel;
    this.history = new RunHistory(kernel);
    this.accidents = new AccidentBook(scenario.accidents);
    this.chance = new Chance({ random, book: this.accidents, trouble });
    this.tokens = new TokenAuthority({ now: () => epochBaseMs + kernel.now(), lifetimeMs: tokenLifetimeMs });
    this.database = protocol.createDatabase({
      after: (delayMs, run) => {
        const event = kernel.schedule(delayMs, 0, kernel.label("database"), run);
        return { cancel: () => kernel.cancel(event) };
      },
    });
    this.network = new Network({
      random,
      book: this.accidents,
      rules: this.rules,
      messageOf: (request) => protocol.messageOf(request),
      endpointOf: (device) => this.serverOf(device),
      onFault: ({ kind, device, text }) => this.history.fault(kind, device, text),
      patienceMs,
    });
    this.network.weather = trouble.weather;
    this.servers = Array.from({ length: scenario.processes }, (_, index) => this.#createServer(index + 1));
    for (const { name, process } of scenario.devices)
      this.#serverByDevice.set(name, this.servers[(process - 1) % this.servers.length]!);
    const { database, servers, history } = this;
    this.databaseFaults = new DatabaseFaults({ database, servers, history });
    this.devices = new Map(scenario.devices.map((spec) => [spec.name, this.#createDevice(spec)]));
  }

  /** Wall time without anybody's skew. Units: milliseconds since the epoch. */
  wallNow(): number {
    return epochBaseMs + this.#options.kernel.now() + this.#clockOffsetMs;
  }

  /** Moves every wall clock, as if all had slept; no timer runs for it. */
  advance(byMs: number): void {
    this.#clockOffsetMs += byMs;
  }

  /** The next number of a call in this run. */
  nextCall(): number {
    return ++this.#calls;
  }

  device(name: string): DeviceSlot {
    const slot = this.devices.get(name);
    if (slot !== undefined) return slot;
    throw new Error(`no device "${name}"; expected one of ${[...this.devices.keys()].join(", ")}`);
  }

  /** The process that serves a device. */
  serverOf(device: string): ServerSlot {
    return this.#serverByDevice.get(device) ?? this.servers[0]!;
  }

  /** The process with this number, from 1, or all of them. */
  serversOf(process: number | undefined): readonly ServerSlot[] {
    return process === undefined ? this.servers : this.servers.slice(process - 1, process);
  }

  /** Whose account a device is in, or was made for while it is in none. */
  userOf(device: string): string {
    const user = this.device(device).actor?.identity().user ?? "";
    return user === "" ? this.#options.scenario.devices.find(({ name }) => name === device)!.user : user;
  }

  /** Everybody who has a device here. */
  users(): ReadonlySet<string> {
    const users = new Set(this.#options.scenario.devices.map(({ user }) => user));
    for (const name of this.devices.keys()) users.add(this.userOf(name));
    return users;
  }

  /** Reads a user's account as a stranger does, past the network. */
  readAccount(user: string): Promise<ServerAccount> {
    return this.#options.protocol.readAccount(this.#readerOf(user));
  }

  readHead(user: string): Promise<number | undefined> {
    return this.#options.protocol.readHead(this.#readerOf(user));
  }

  #readerOf(user: string): ReadOptions {
    const server = this.servers.find((slot) => slot.answers);
    if (server === undefined)
      throw new Error("no server process answers; expected a restart or resume step before it is read");
    return {
      user,
      token: this.tokens.mint(user),
      exchange: async (request: HttpRequest) => {
        const response = await server.run("reader", (running) => running.handle(request));
        if (response === undefined) throw new Error("the server crashed while it was read");
        return response;
      },
    };
  }

  /** No accident strikes from here on, and whoever is down or stands still comes back. */
  async bringBack(): Promise<void> {
    for (const server of this.servers) {
      server.line.calm();
      server.process.resume();
      if (server.isUp) continue;
      this.history.restart(server.name);
      await server.start();
    }
    for (const device of this.devices.values()) {
      device.calm();
      if (!device.isDown) continue;
      this.history.restart(device.name);
      await device.start();
    }
  }

  #createServer(number: number): ServerSlot {
    const { kernel, main, protocol, scenario } = this.#options;
    const name = scenario.processes === 1 ? "server" : `server ${number}`;
    return new ServerSlot({
      name,
      kernel,
      main,
      protocol,
      database: this.database,
      tokens: this.tokens,
      config: scenario.config,
      wallNow: () => this.wallNow(),
      traps: this.traps,
      deviceNamed: (deviceId) => this.#deviceNamed(deviceId),
      accident: this.chance.statementAccidents(name),
      onAccident: (accident) => this.accidents.strike(accident),
      onFault: ({ kind, text }) => this.history.fault(kind, "server", text),
      onCrash: (slot, text, accident) => {
        this.history.crash("server crash", slot.name, text);
        this.network.noteCrash(slot.process);
        this.#comeBack(slot.name, accident, {
          isDown: () => !slot.isUp,
          start: () => slot.start(),
        });
      },
    });
  }

  #createDevice(spec: Scenario["devices"][number]): DeviceSlot {
    const { kernel, main, protocol, scenario } = this.#options;
    return new DeviceSlot({
      spec,
      kernel,
      main,
      protocol,
      network: this.network,
      recorder: this.history.recorder,
      accounts: { server: serverUrl, mintToken: (user, token) => this.tokens.mint(user, token) },
      nextCall: () => this.nextCall(),
      config: scenario.deviceConfig,
      wallNow: () => this.wallNow(),
      accident: this.chance.commitAccidents(spec.name),
      onAccident: (accident) => this.accidents.strike(accident),
      onFault: ({ kind, text }) => this.history.fault(kind, spec.name, text),
      onCrash: (slot, text, accident) => {
        this.history.crash("device crash", slot.name, text);
        this.network.noteCrash(slot.process);
        this.#comeBack(slot.name, accident, {
          isDown: () => slot.isDown,
          start: () => slot.start(),
        });
      },
    });
  }

  /** What an accident has crashed comes back when the accident says so. What a step has crashed comes back by itself in
   *  a storm; elsewhere a step or the calm brings it back. */
  #comeBack(
    name: string,
    accident: Accident | undefined,
    who: { readonly isDown: () => boolean; readonly start: () => Promise<unknown> },
  ): void {
    const afterMs = accident === undefined ? this.chance.returnAfterMs(name) : accident.extentMs;
    if (afterMs === undefined) return;
    this.#options.main.after(afterMs, async () => {
      if (!who.isDown()) return;
      this.history.restart(name);
      await who.start();
    });
  }

  /** The scenario's name of a device that the server knows by its id. */
  #deviceNamed(deviceId: string): string | undefined {
    for (const device of this.devices.values()) {
      if (device.actor?.identity().deviceId.toLowerCase() === deviceId.toLowerCase()) return device.name;
    }
    return undefined;
  }
}
