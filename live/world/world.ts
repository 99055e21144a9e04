// The live world: real server processes on a real database, reference devices on real files, and a real network in
// between with the faults that a scenario asks for. The steps mean what they mean in the simulation
// (sim/world/world.ts); only time is everybody's, so nothing here is repeatable to the millisecond.
import { join } from "node:path";
import type { ServerAccount } from "../../actors/actor.ts";
import type {
  DatabaseAction,
  DeviceAction,
  NetworkAction,
  RawRequest,
  Scenario,
  ServerAction,
} from "../../scenarios/format/types.ts";
import type { DeviceReport, ServerReport, StepOutcome, World } from "../../scenarios/format/world.ts";
import type { Guidance, Guide } from "../faults/guide.ts";
import { Life } from "../faults/life.ts";
import { Network } from "../faults/network.ts";
import type { SweepPoint, SweepSight } from "../faults/statement-sweep.ts";
import type { Carrier } from "../faults/wire.ts";
import { recordByHand } from "../../actors/record-by-hand.ts";
import { liveAbilities } from "./abilities.ts";
import { Chronicle } from "./chronicle.ts";
import { DeviceSlot } from "./device-slot.ts";
import type { LiveProtocol } from "./protocol.ts";
import { exchangeByHand, wireRequest } from "./raw-request.ts";
import { answerTimeoutMs, readFrom } from "./read-server.ts";
import type { Group } from "./group.ts";
import { RunServers } from "./servers.ts";
import { type DeskOf, redeemed, redeemingCarrier, type TokenDesk } from "./token-desk.ts";
import { WireLog } from "./wire-log.ts";

/** Where the devices believe the server to be. The fault proxy knows where each process listens at present, so a
 *  restart may change the port and no device has to notice. Requests to any other place go nowhere. */
const serverUrl = "http://sync.test";
/** Rounds of a `sync` step: the first brings everything out, the second brings everything in. */
const syncRounds = 2;
/** Between two looks at who has come to rest.  Units: milliseconds. */
const settlePauseMs = 20;

export interface LiveWorldOptions {
  readonly scenario: Scenario;
  readonly protocol: LiveProtocol;
  readonly group: Group;
  /** The devices' way to the server. How long it waits for an answer is their patience. */
  readonly carrier: Carrier;
  readonly sweep?: SweepPoint;
  /** Where tokens are had. Tells the users of this run from those of every other one on the same servers. */
  readonly desk: DeskOf;
  /** For the devices' disks. */
  readonly directory: string;
  /** However long a scenario may wait for rest, it is not waited longer than this. */
  readonly settleMaxMs: number;
  /** What the run has to repeat of another one. */
  readonly guide?: Guide | undefined;
}

export class LiveWorld implements World {
  readonly name = "live";
  readonly abilities = liveAbilities;
  readonly chronicle = new Chronicle();
  /** What goes over the wire between devices and servers. */
  readonly wire: WireLog;
  /** Absent: nothing is repeated. */
  readonly guidance: Guidance | undefined;
  readonly #options: LiveWorldOptions;
  readonly #servers: RunServers;
  readonly #network: Network;
  readonly #tokens: TokenDesk;
  /** Rejects when the run cannot go on, whoever it is that finds out. */
  readonly failed = Promise.withResolvers<never>();
  readonly #devices = new Map<string, DeviceSlot>();
  /** From the start of the run to its end. Steps that come later, because nobody could stop the interpreter, would
   *  meet servers that are somebody else's by now. */
  readonly #life = new Life();
  #calls = 0;

  constructor(options: LiveWorldOptions) {
    this.#options = options;
    const { scenario, group, protocol } = options;
    const serverUser = (user: string): string => this.#tokens.serverUser(user);
    this.#servers = new RunServers({
      group,
      scenario,
      chronicle: this.chronicle,
      users: () => this.#users(),
      serverUser,
      deviceNamed: (deviceId) => this.#deviceNamed(deviceId),
      ...(options.sweep === undefined ? {} : { sweep: options.sweep }),
      readFirstAccount: () => this.#readAccount([...this.#users()][0] ?? ""),
    });
    this.wire = new WireLog({ now: () => this.chronicle.now(), serverUser, protocol });
    this.#tokens = options.desk(this.wire.noteToken.bind(this.wire));
    this.#network = new Network({
      tap: this.wire,
      carrier: redeemingCarrier(options.carrier, this.#tokens, this.failed.reject),
      errors: protocol.errors,
      server: serverUrl,
      messageOf: (request) => protocol.messageOf(request),
      targetOf: (device) => this.#servers.urlFor(device),
      onFault: ({ kind, device, text }) => this.chronicle.fault(kind, device, text),
    });
    for (const spec of scenario.devices) this.#addDevice(spec);
    if (options.guide !== undefined) {
      const restart = (name: string): Promise<void> => this.#bringBack(this.#slot(name));
      this.guidance = this.#servers.follow(options.guide, { restart }, this.#life);
    }
  }

  /** Starts the devices; the servers are up. */
  async start(): Promise<void> {
    for (const device of this.#devices.values()) await device.start();
  }

  /** Ends the devices and everything that is under way. The servers stay as they are. */
  async end(): Promise<void> {
    this.#life.end();
    this.chronicle.close();
    this.#servers.end();
    for (const device of this.#devices.values()) device.end();
    await this.#network.close();
  }

  now(): number {
    return this.chronicle.now();
  }

  /** Who waits for what at this moment, for a run that does not end. */
  waiting(): readonly string[] {
    return this.#network.waiting();
  }

  async device(name: string, action: DeviceAction): Promise<StepOutcome> {
    this.#mustGoOn();
    const slot = this.#slot(name);
    const args = (action.args ?? {}) as Readonly<Record<string, unknown>>;
    switch (action.verb) {
      case "offline":
        this.#network.apply({ verb: "partition", device: name, direction: "both", inFlight: "drop" });
        this.chronicle.fault("offline", name, `${name} goes offline`);
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
        this.chronicle.restarted(name);
        return slot.start();
      case "skew":
        slot.skewMs = Number(args.byMs);
        this.chronicle.fault("skew", name, `${name}'s clock is off by ${slot.skewMs} ms`);
        return ok;
      case "backup":
        slot.backup();
        return ok;
      case "restore":
        this.chronicle.fault("restore", name, `${name} is put back to its backup`);
        return slot.restore();
      case "clone-from":
        this.chronicle.fault("clone", name, `${name} becomes a copy of ${String(args.device)}`);
        return slot.cloneFrom(this.#slot(String(args.device)));
      case "reinstall":
        this.chronicle.fault("reinstall", name, `${name} is installed anew`);
        return slot.reinstall();
      default: {
        const act = (): Promise<StepOutcome> => slot.run((actor) => actor.act(action));
        return this.#servers.around({ device: name, verb: action.verb }, act);
      }
    }
  }

  async sync(devices: readonly string[]): Promise<StepOutcome> {
    this.#mustGoOn();
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
    this.#mustGoOn();
    return this.#servers.act(action);
  }

  async network(action: NetworkAction): Promise<void> {
    this.#network.apply(action);
  }

  async database(action: DatabaseAction): Promise<void> {
    this.#mustGoOn();
    await this.#servers.database(action);
  }

  async request(request: RawRequest): Promise<StepOutcome> {
    this.#mustGoOn();
    const identity = this.#slot(request.as).actor?.identity() ?? { token: "", deviceId: "", user: "" };
    const server = this.#servers.urlFor(request.as);
    if (server === undefined) return { outcome: "unknown" };
    const token =
      request.token === undefined
        ? identity.token
        : this.#tokens.mint(this.#userOf(request.as), request.token);
    const wire = await redeemed(wireRequest(request, { ...identity, token }), this.#tokens);
    const { as: actor } = request;
    const asked = {
      actor,
      call: ++this.#calls,
      user: this.#userOf(actor),
      deviceId: identity.deviceId,
      sent: request,
    };
    const exchange = { ...wire, server, timeoutMs: answerTimeoutMs };
    return recordByHand(this.chronicle, asked, () =>
      this.wire.straight({ who: actor, by: "hand", ...wire }, () => exchangeByHand(exchange)),
    );
  }

  async advance(byMs: number): Promise<void> {
    this.#mustGoOn();
    await this.#servers.advance(byMs);
  }

  wait(forMs: number): Promise<void> {
    return this.#life.sleep(forMs);
  }

  async settle(withinMs: number): Promise<{ readonly quiet: boolean; readonly waiting: readonly string[] }> {
    const until = this.now() + Math.min(withinMs, this.#options.settleMaxMs);
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
      const quiet = waiting.length === 0;
      if (quiet || this.now() >= until) {
        this.guidance?.end();
        this.chronicle.record({ kind: "settled", actor: "world", quiet, waiting });
        this.#recordFindings(accounts);
        return { quiet, waiting };
      }
      await this.#life.sleep(settlePauseMs);
    }
  }

  async inspectDevice(name: string): Promise<DeviceReport> {
    const { actor } = this.#slot(name);
    if (actor === undefined)
      throw new Error(`${name} is down; expected a restart step before it is looked at`);
    await actor.refresh?.();
    return actor.inspect();
  }

  async inspectServer(user: string): Promise<ServerReport> {
    return this.#readAccount(user);
  }

  get sweepSight(): SweepSight | undefined {
    return this.#servers.sweepSight;
  }

  unfiredFaults(): readonly string[] {
    const crashes = [...this.#devices.values()].filter(({ commitTrap }) => commitTrap !== undefined);
    return [
      ...this.#network.proxy.rules.neverFired(),
      ...this.#servers.unsprung(),
      ...crashes.map(({ name, commitTrap }) => `${name}: crash ${commitTrap!.position} a durable step`),
    ];
  }

  async #calm(): Promise<void> {
    this.#mustGoOn();
    this.#network.calm();
    await this.#servers.calm();
    for (const device of this.#devices.values()) {
      device.commitTrap = undefined;
      await this.#bringBack(device);
    }
    this.chronicle.record({ kind: "calm", actor: "world" });
  }

  async #bringBack(device: DeviceSlot): Promise<void> {
    if (!device.isDown) return;
    await device.start();
    this.chronicle.restarted(device.name);
  }

  #mustGoOn(): void {
    if (this.#life.isOver) throw new Error("the run is over");
  }

  /** One turn for everybody who does nothing without being told. */
  async #letRun(): Promise<void> {
    for (const device of this.#devices.values()) {
      await (device.automatic ? device.actor?.refresh?.() : device.run((actor) => actor.sync()));
    }
  }

  #unrest(accounts: ReadonlyMap<string, ServerAccount>): readonly string[] {
    const waiting: string[] = [];
    for (const { name, actor } of this.#devices.values()) {
      const account = accounts.get(actor?.identity().user ?? "");
      const unrest = account === undefined ? undefined : actor?.unrest(account);
      if (unrest !== undefined) waiting.push(`${name}: ${unrest}`);
    }
    return waiting;
  }

  async #readAccounts(): Promise<ReadonlyMap<string, ServerAccount>> {
    const accounts = new Map<string, ServerAccount>();
    for (const user of this.#users()) accounts.set(user, await this.#readAccount(user));
    return accounts;
  }

  #readAccount(user: string): Promise<ServerAccount> {
    const server = this.#servers.anyUrl();
    if (server === undefined) {
      throw new Error("no server process answers; expected a restart or resume step before it is read");
    }
    return this.#options.protocol.readAccount({
      user,
      token: this.#tokens.mint(user),
      exchange: (request) => readFrom(server, request, { wire: this.wire, desk: this.#tokens }),
    });
  }

  #recordFindings(accounts: ReadonlyMap<string, ServerAccount>): void {
    for (const [user, { finding }] of accounts) {
      this.chronicle.record({ kind: "found", actor: "server", finding, user });
    }
    for (const { name, actor } of this.#devices.values()) {
      const finding = actor?.finding();
      if (finding !== undefined) this.chronicle.record({ kind: "found", actor: name, finding });
    }
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
      recorder: this.chronicle,
      accounts: { server: serverUrl, mintToken: (user, token) => this.#tokens.mint(user, token) },
      config: scenario.deviceConfig,
      nextCall: () => ++this.#calls,
      directory: join(directory, spec.name),
      wallNow: () => Date.now() + this.#servers.clockOffsetMs,
      onBug: (error) => this.chronicle.bug(spec.name, error),
      onCrash: ({ name }, text) => this.chronicle.crashed("device", name, text),
      nextAccident: () => this.guidance?.nextCommit(spec.name),
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

  #deviceNamed(deviceId: string): string | undefined {
    const slots = [...this.#devices.values()];
    return slots.find(({ actor }) => actor?.identity().deviceId.toLowerCase() === deviceId)?.name;
  }

  #userOf(device: string): string {
    const user = this.#slot(device).actor?.identity().user;
    if (user !== undefined && user !== "") return user;
    return this.#options.scenario.devices.find(({ name }) => name === device)!.user;
  }
}

const ok: StepOutcome = { outcome: "ok" };
