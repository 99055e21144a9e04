// The simulated world: what the steps of a scenario do with the servers, devices, network and database of a run. It
// knows no protocol; what it needs of one comes through `SimProtocol`.
import { recordByHand } from "../../actors/record-by-hand.ts";
import { abilities } from "../../scenarios/format/parse.ts";
import type {
  Ability,
  DatabaseAction,
  DeviceAction,
  NetworkAction,
  RawRequest,
  ServerAction,
} from "../../scenarios/format/types.ts";
import type { DeviceReport, ServerReport, StepOutcome, World } from "../../scenarios/format/world.ts";
import type { AccidentBook } from "../kernel/accident-book.ts";
import { rawToHttp, responseToOutcome } from "./raw-request.ts";
import type { RunHistory } from "./run-history.ts";
import type { ServerSlot } from "./server-slot.ts";
import { serverUrl, Stage, type StageOptions } from "./stage.ts";

/** Rounds of a `sync` step: the first brings everything out, the second brings everything in. */
const syncRounds = 2;
/** How long devices with timers of their own are left alone between two looks. Units: virtual milliseconds. */
const lookIntervalMs = 1_000;

/** All that there are. */
export const simAbilities: ReadonlySet<Ability> = new Set(abilities);

export class SimWorld implements World {
  readonly name = "sim";
  readonly abilities = simAbilities;
  readonly #options: StageOptions;
  readonly #stage: Stage;
  #databaseBackup: unknown;

  constructor(options: StageOptions) {
    this.#options = options;
    this.#stage = new Stage(options);
  }

  get history(): RunHistory {
    return this.#stage.history;
  }

  /** What chance does, and what it was told to do. */
  get accidents(): AccidentBook {
    return this.#stage.accidents;
  }

  /** Starts servers and devices; the scenario's steps come after. */
  async start(): Promise<void> {
    for (const server of this.#stage.servers) await server.start();
    for (const device of this.#stage.devices.values()) await device.start();
  }

  now(): number {
    return this.#options.kernel.now();
  }

  async device(name: string, action: DeviceAction): Promise<StepOutcome> {
    const { network, history } = this.#stage;
    const slot = this.#stage.device(name);
    const args = (action.args ?? {}) as Readonly<Record<string, unknown>>;
    switch (action.verb) {
      case "offline":
        network.apply({ verb: "partition", device: name, direction: "both", inFlight: "drop" });
        history.fault("offline", name, `${name} goes offline`);
        return ok;
      case "online":
        network.apply({ verb: "heal", device: name });
        return ok;
      case "crash":
        if (args.position === undefined) slot.crash("killed");
        else
          slot.commitTrap = {
            position: args.position as "before" | "after",
            countdown: Number(args.commit ?? 1),
          };
        return ok;
      case "restart":
        slot.crash("restarted");
        history.restart(name);
        return slot.start();
      case "skew":
        slot.skewMs = Number(args.byMs);
        history.fault("skew", name, `${name}'s clock is off by ${slot.skewMs} ms`);
        return ok;
      case "backup":
        slot.backup();
        return ok;
      case "restore":
        history.fault("restore", name, `${name} is put back to its backup`);
        return slot.restore();
      case "clone-from":
        history.fault("clone", name, `${name} becomes a copy of ${String(args.device)}`);
        return slot.cloneFrom(this.#stage.device(String(args.device)));
      case "reinstall":
        history.fault("reinstall", name, `${name} is installed anew`);
        return slot.reinstall();
      default:
        return slot.run(action.verb, (actor) => actor.act(action));
    }
  }

  async sync(devices: readonly string[]): Promise<StepOutcome> {
    let last: StepOutcome = ok;
    for (let round = 0; round < syncRounds; round++) {
      for (const name of devices) {
        const outcome = await this.#stage.device(name).run("sync", (actor) => actor.sync());
        if (round === syncRounds - 1 && outcome.outcome !== "ok") last = outcome;
      }
    }
    return last;
  }

  async server(action: ServerAction): Promise<StepOutcome> {
    const { servers, history, traps, database } = this.#stage;
    switch (action.verb) {
      case "compact":
        return this.#compact(action.process);
      case "crash":
        for (const slot of this.#stage.serversOf(action.process)) slot.crash("killed");
        return ok;
      case "stop":
        for (const slot of this.#stage.serversOf(action.process)) await slot.stop();
        return ok;
      case "restart":
        for (const slot of this.#stage.serversOf(action.process)) {
          slot.crash("killed");
          if (!(await this.#startServer(slot))) return blocked;
        }
        return ok;
      case "roll":
        for (const slot of servers) {
          await slot.stop();
          if (!slot.isUp && !(await this.#startServer(slot))) return blocked;
        }
        return ok;
      case "pause":
        for (const slot of this.#stage.serversOf(action.process)) {
          if (!slot.answers) continue;
          slot.process.pause();
          history.fault("process paused", slot.name, `${slot.name} stands still`);
        }
        return ok;
      case "resume":
        for (const slot of this.#stage.serversOf(action.process)) slot.process.resume();
        return ok;
      case "backup":
        this.#databaseBackup = database.backup();
        return ok;
      case "restore":
        return this.#restoreDatabase();
      case "crash-during":
      case "lose-answer-during":
      case "fail-during":
      case "hold-during":
        traps.arm(action);
        if (action.purpose !== "compact") return ok;
        return action.verb === "hold-during" ? this.#compactUntilHeld() : this.#compact();
      case "lose-connections":
        this.#stage.databaseFaults.loseConnections(this.#stage.serversOf(action.process));
        return ok;
      case "release":
        for (const server of servers) server.line.release(action);
        return ok;
      case "skew":
        for (const server of servers) server.skewMs = action.byMs;
        history.fault("skew", "server", `the server's clock is off by ${action.byMs} ms`);
        return ok;
    }
  }

  async network(action: NetworkAction): Promise<void> {
    this.#stage.network.apply(action);
  }

  async database(action: DatabaseAction): Promise<void> {
    this.#stage.databaseFaults.apply(action);
  }

  async request(request: RawRequest): Promise<StepOutcome> {
    const { tokens } = this.#stage;
    const identity = this.#stage.device(request.as).actor?.identity();
    const wire = rawToHttp(request, {
      server: serverUrl,
      token:
        request.token === undefined
          ? (identity?.token ?? "")
          : tokens.mint(this.#stage.userOf(request.as), request.token),
      deviceId: identity?.deviceId ?? "",
    });
    const server = this.#stage.serverOf(request.as);
    const asked = {
      actor: request.as,
      call: this.#stage.nextCall(),
      user: this.#stage.userOf(request.as),
      deviceId: identity?.deviceId ?? "",
      sent: request,
    };
    return recordByHand(this.#stage.history.recorder, asked, async () => {
      const answer = server.run("request", (running) => running.handle(wire));
      // Whoever asks by hand does not wait for ever either.
      if (!server.isPaused) return responseToOutcome(await answer);
      const late = this.#options.main.sleep(requestPatienceMs).then(() => undefined);
      return responseToOutcome(await Promise.race([answer, late]));
    });
  }

  async advance(byMs: number): Promise<void> {
    this.#stage.advance(byMs);
    this.#stage.history.fault("clock", "world", `time moves by ${byMs} ms`);
  }

  wait(forMs: number): Promise<void> {
    return this.#options.main.sleep(forMs);
  }

  async settle(withinMs: number): Promise<{ quiet: boolean; waiting: readonly string[] }> {
    const { history } = this.#stage;
    const until = this.now() + withinMs;
    this.#stage.chance.calm();
    this.#stage.network.calm();
    this.#stage.traps.disarm();
    this.#stage.databaseFaults.recover();
    await this.#stage.bringBack();
    history.record({ kind: "calm", at: 0, actor: "world" });
    for (;;) {
      await this.#letRun();
      await this.#stage.bringBack();
      const waiting = await this.#waiting();
      if (waiting.length > 0 && this.now() < until) continue;
      const quiet = waiting.length === 0;
      history.record({ kind: "settled", at: 0, actor: "world", quiet, waiting });
      await this.#recordFindings();
      return { quiet, waiting };
    }
  }

  async inspectDevice(name: string): Promise<DeviceReport> {
    const { actor } = this.#stage.device(name);
    if (actor === undefined)
      throw new Error(`${name} is down; expected a restart step before it is looked at`);
    const report = actor.inspect();
    const isCutOff = this.#stage.network.partitions.verdict(name, "to-server") !== "pass";
    return isCutOff ? { ...report, connected: false } : report;
  }

  async inspectServer(user: string): Promise<ServerReport> {
    return this.#stage.readAccount(user);
  }

  /** Faults that were arranged and never happened, in words. */
  unfiredFaults(): readonly string[] {
    const crashes = [...this.#stage.devices.values()].filter(({ commitTrap }) => commitTrap !== undefined);
    return [
      ...this.#stage.rules.neverFired(),
      ...this.#stage.traps.unsprung(),
      ...this.#stage.databaseFaults.unstruck(),
      ...crashes.map(({ name, commitTrap }) => `${name}: crash ${commitTrap!.position} a durable step`),
    ];
  }

  /** One turn for everybody: devices with timers of their own get time, the others are told to sync. */
  async #letRun(): Promise<void> {
    let pauseMs = 1;
    for (const device of this.#stage.devices.values()) {
      if (device.automatic) pauseMs = lookIntervalMs;
      else await device.run("sync", (actor) => actor.sync());
    }
    await this.#options.main.sleep(pauseMs);
  }

  /** Who waits for what. Asks the server only when nobody has anything left to send, and twice before it calls the run
   *  quiet: what was pushed while the heads were read shows only in a second look. */
  async #waiting(): Promise<readonly string[]> {
    const unsent = this.#unrest(new Map());
    if (unsent.length > 0) return unsent;
    const heads = await this.#readHeads();
    const silent = [...heads].filter(([, head]) => head === undefined);
    if (silent.length > 0) return silent.map(([user]) => `server: gives no head of ${user}`);
    const behind = this.#unrest(heads);
    if (behind.length > 0) return behind;
    const moved = [...(await this.#readHeads())].filter(([user, head]) => head !== heads.get(user));
    return moved.map(([user]) => `server: the head of ${user} still moves`);
  }

  #unrest(heads: ReadonlyMap<string, number | undefined>): readonly string[] {
    const waiting: string[] = [];
    for (const { name, actor } of this.#stage.devices.values()) {
      const head = heads.get(actor?.identity().user ?? "");
      const unrest = actor?.unrest(head === undefined ? undefined : { head });
      if (unrest !== undefined) waiting.push(`${name}: ${unrest}`);
    }
    return waiting;
  }

  async #readHeads(): Promise<ReadonlyMap<string, number | undefined>> {
    const heads = new Map<string, number | undefined>();
    for (const user of this.#stage.users()) heads.set(user, await this.#stage.readHead(user));
    return heads;
  }

  async #recordFindings(): Promise<void> {
    const { history, devices } = this.#stage;
    for (const user of this.#stage.users()) {
      const { finding } = await this.#stage.readAccount(user);
      history.record({ kind: "found", at: 0, actor: "server", finding });
    }
    for (const { name, actor } of devices.values()) {
      if (actor !== undefined)
        history.record({ kind: "found", at: 0, actor: name, finding: actor.finding() });
    }
  }

  /** Runs the job for everybody. The body speaks of the first device's user. */
  async #compact(process?: number): Promise<StepOutcome> {
    const server = this.#stage.serversOf(process).find((slot) => slot.answers);
    if (server === undefined) return blocked;
    let body: { readonly compacted_up_to: number; readonly deleted: number } | undefined;
    for (const user of this.#stage.users()) {
      const begunAt = this.now();
      let outcome;
      try {
        outcome = await server.run("compact", (running) => running.compact(user));
      } catch (error) {
        return { outcome: "unknown", type: error instanceof Error ? error.name : String(error) };
      }
      if (outcome === undefined) return { outcome: "unknown" };
      body ??= { compacted_up_to: outcome.compactedUpTo, deleted: outcome.deleted };
      this.#stage.history.record({ kind: "compacted", at: 0, actor: "server", user, begunAt, ...outcome });
    }
    return { outcome: "ok", body };
  }

  /** A process that finds no database does not come up. */
  async #startServer(slot: ServerSlot): Promise<boolean> {
    const { databaseFaults, history } = this.#stage;
    if (!databaseFaults.takesConnections) return false;
    history.restart(slot.name);
    await slot.start();
    return true;
  }

  /** Begins the job and comes back when it is held, or over. */
  async #compactUntilHeld(): Promise<StepOutcome> {
    const { main } = this.#options;
    let isOver = false;
    main.task("compact", async () => {
      await this.#compact();
      isOver = true;
    });
    while (!isOver && !this.#stage.servers.some((server) => server.line.isHolding)) await main.sleep(1);
    return ok;
  }

  async #restoreDatabase(): Promise<StepOutcome> {
    const { servers, history, database } = this.#stage;
    if (this.#databaseBackup === undefined)
      throw new Error("the server has no backup; expected a backup step before");
    for (const server of servers) server.crash("its database is restored");
    database.restore(this.#databaseBackup);
    history.fault("restore", "server", "the database is put back to its backup");
    for (const server of servers) await server.start();
    return ok;
  }
}

const ok: StepOutcome = { outcome: "ok" };
const blocked: StepOutcome = { outcome: "blocked" };
/** How long an exchange by hand waits for a process that stands still.  Units: virtual milliseconds. */
const requestPatienceMs = 10_000;
