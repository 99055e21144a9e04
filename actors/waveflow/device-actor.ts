// A WaveFlow device as a world handles it: the verbs of the scenarios over the reference client, its history, and its
// account of itself. `scenarios/waveflow/README.md` says what each verb means.
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import type { WaveflowFinding, WaveflowNote } from "../../invariants/waveflow/events.ts";
import { BindingRefused } from "../../reference-client/waveflow/binding.ts";
import type { DeviceConfig } from "../../reference-client/waveflow/config.ts";
import { Device } from "../../reference-client/waveflow/device.ts";
import type { DeviceEvents } from "../../reference-client/waveflow/events.ts";
import type { DeviceStatus } from "../../reference-client/waveflow/status.ts";
import { ModeRefused } from "../../reference-client/waveflow/modes.ts";
import {
  type EditOutcome,
  type Ending,
  isRefusal,
  type PassOutcome,
} from "../../reference-client/waveflow/outcomes.ts";
import {
  type Clock,
  type Disk,
  DiskFailed,
  type Ids,
  type Transport,
} from "../../reference-client/waveflow/ports.ts";
import type { DeviceAction, DeviceSpec } from "../../scenarios/format/types.ts";
import type { DeviceReport, StepOutcome } from "../../scenarios/format/world.ts";
import type { Accounts, DeviceActor, Recorder, ServerAccount } from "../actor.ts";
import { tokenSpecOf } from "../token-spec.ts";
import { type RecordingTransport, recordingTransport } from "./recording-transport.ts";
import { StepTally } from "./step-tally.ts";

export interface WaveflowActorOptions {
  readonly spec: DeviceSpec;
  readonly disk: Disk;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly recorder: Recorder;
  readonly accounts: Accounts;
  readonly config: Partial<DeviceConfig>;
  /** The next number of a call; numbers are the run's. */
  readonly nextCall: () => number;
  /** The device is right, so that a malformed request of it is a bug of Seatrial. Default: it may be a broken one. */
  readonly isOurs?: boolean;
}

/** Arguments of a verb, as the vocabulary of the scenarios makes them. */
type Args = Readonly<Record<string, unknown>>;

export class WaveflowActor implements DeviceActor {
  readonly #options: WaveflowActorOptions;
  readonly #tally = new StepTally();
  readonly #transport: RecordingTransport;
  readonly #device: Device;
  /** The token that this device was last given; the device itself does not show it. */
  #token = "";

  constructor(options: WaveflowActorOptions) {
    this.#options = options;
    const { spec, disk, transport, clock, ids, recorder, config, nextCall } = options;
    this.#transport = recordingTransport(transport, {
      actor: spec.name,
      recorder,
      user: () => this.#device.userId,
      nextCall,
      tally: this.#tally,
      isOurs: options.isOurs ?? false,
    });
    this.#device = new Device(
      { disk, transport: this.#transport, clock, ids, events: this.#events() },
      { ...config, automatic: spec.automatic, mode: spec.mode },
    );
  }

  async start(): Promise<void> {
    await this.#device.start();
    const user = this.#device.userId === "" ? this.#options.spec.user : this.#device.userId;
    if (this.#device.userId === "") await this.#bind(user);
    else this.#token = this.#options.accounts.mintToken(user);
    this.#joined();
    this.#note({ kind: "mode", mode: this.#device.mode });
  }

  stop(): Promise<void> {
    return this.#device.stop();
  }

  async act(action: DeviceAction): Promise<StepOutcome> {
    return this.#step(() => this.#act(action.verb, (action.args ?? {}) as Args));
  }

  sync(): Promise<StepOutcome> {
    return this.#step(() => this.#sync());
  }

  inspect(): DeviceReport {
    const status = this.#device.status();
    const { server } = this.#options.accounts;
    return {
      connected: this.#isConnected(status),
      user: status.userId,
      state: this.#device.visible(),
      status: {
        deviceId: status.deviceId,
        mode: status.mode,
        cursor: status.cursor,
        acknowledged: status.acknowledged,
        lamport: status.lamport,
        pending: status.pending - status.unshared,
        unshared: status.unshared,
        deadLetters: status.deadLetters,
        parked: status.parked,
        hasToken: status.isSignedIn,
        server: status.server === server ? "default" : status.server,
        socket: status.isLive ? "open" : "closed",
        stopped: status.halted !== undefined,
      },
    };
  }

  identity(): { readonly token: string; readonly deviceId: string; readonly user: string } {
    const device = this.#device;
    return {
      token: device.status().isSignedIn ? this.#token : "",
      deviceId: device.deviceId,
      user: device.userId,
    };
  }

  finding(): WaveflowFinding {
    const device = this.#device;
    return {
      kind: "device",
      user: device.userId,
      deviceId: device.deviceId,
      connected: this.#isConnected(device.status()),
      visible: device.visible(),
      confirmed: device.confirmed(),
      cursor: device.cursor,
      acknowledged: device.acknowledged,
      lamport: device.lamport,
      pending: device.pending(),
      deadLetters: device.deadLetters().map(({ op }) => op.operation_id),
      parked: device.parkedOps().map(({ op }) => String(op.operation_id ?? "")),
    };
  }

  unrest(server?: Pick<ServerAccount, "head">): string | undefined {
    const status = this.#device.status();
    if (!this.#isConnected(status)) return undefined;
    const { pending, accepted, cursor, acknowledged, resyncDue } = status;
    if (pending > 0) return `${pending} ${pending === 1 ? "edit is" : "edits are"} not pushed`;
    if (resyncDue) return "it has to read everything again";
    if (server === undefined) return undefined;
    const { head } = server;
    if (cursor !== head) return `its cursor is ${cursor}, the head is ${head}`;
    if (accepted > 0)
      return `${accepted} ${accepted === 1 ? "edit that was accepted has" : "edits that were accepted have"} not come back`;
    if (acknowledged !== head) return `it has acknowledged ${acknowledged}, the head is ${head}`;
    return undefined;
  }

  #isConnected({ server, isSignedIn, mode, halted }: DeviceStatus): boolean {
    return server === this.#options.accounts.server && isSignedIn && mode !== "local" && halted === undefined;
  }

  /** A step of the scenario: its outcome, with what was counted on the way. */
  async #step(work: () => Promise<string>): Promise<StepOutcome> {
    this.#tally.reset();
    try {
      return this.#tally.outcome(await work());
    } catch (error) {
      if (error instanceof BindingRefused || error instanceof ModeRefused)
        return this.#tally.outcome("blocked");
      // The step did not happen, and the device knows: an app would say that the disk is full.
      if (error instanceof DiskFailed) return { ...this.#tally.outcome("blocked"), type: "disk_failed" };
      throw error;
    }
  }

  async #sync(): Promise<string> {
    const { drain, pull, acknowledge } = await this.#device.sync();
    const endings = [drain, pull, acknowledge].map((part) => this.#ending(part));
    return endings.find((ending) => ending !== "ok") ?? "ok";
  }

  async #act(verb: string, args: Args): Promise<string> {
    const device = this.#device;
    const entity = { entityType: String(args.entityType), entityId: String(args.entityId) };
    switch (verb) {
      case "edit":
        return this.#edit(entity, args.edits as readonly { readonly field: string; readonly value: never }[]);
      case "delete":
        return this.#edited(await device.remove(entity));
      case "read":
        return this.#read(entity);
      case "push":
        return this.#passed(await device.drain());
      case "pull":
        return this.#passed(await device.pull());
      case "resync":
        return this.#passed(await device.resync());
      case "ack":
        return this.#acknowledge(args);
      case "sync":
        return this.#sync();
      case "connect":
        return this.#ending(await device.connect());
      case "disconnect":
        device.disconnect();
        return "ok";
      case "mode":
        this.#note({ kind: "mode-asked", mode: String(args.mode) });
        await device.setMode(String(args.mode));
        this.#note({ kind: "mode", mode: device.mode });
        return "ok";
      case "sign-out":
        await device.signOut();
        this.#note({ kind: "token" });
        return "ok";
      case "sign-in":
        return this.#setToken(this.#options.accounts.mintToken(device.userId));
      case "switch-account":
        await this.#bind(String(args.user));
        this.#joined();
        return "ok";
      case "bind":
        await this.#bindTo(String(args.url));
        return "ok";
      case "token":
        return this.#changeToken(args);
      default:
        throw new Error(`a WaveFlow device has no verb "${verb}"`);
    }
  }

  async #edit(
    entity: { readonly entityType: string; readonly entityId: string },
    edits: readonly { readonly field: string; readonly value: never }[],
  ): Promise<string> {
    for (const { field, value } of edits) {
      const ended = this.#edited(await this.#device.edit({ ...entity, field, value }));
      if (ended !== "ok") return ended;
    }
    return "ok";
  }

  #edited(outcome: EditOutcome): string {
    if (!isRefusal(outcome)) return "ok";
    const { refused } = outcome;
    this.#tally.said(outcome);
    return refused === "invalid" || refused === "clock_exhausted"
      ? "blocked"
      : this.#ending({ outcome: refused });
  }

  async #read(entity: { readonly entityType: string; readonly entityId: string }): Promise<string> {
    const outcome = await this.#device.read(entity);
    if ("refused" in outcome) return this.#edited(outcome);
    this.#tally.read(outcome.fields ?? {});
    this.#lookedAt();
    return "ok";
  }

  async #acknowledge(args: Args): Promise<string> {
    const device = this.#device;
    if (args.id === undefined && args.via === undefined) return this.#passed(await device.acknowledge());
    const lastSeenId = Number(args.id ?? device.cursor);
    if (args.via === "socket") return this.#transport.acknowledgeByHand(lastSeenId) ? "ok" : "blocked";
    try {
      const reply = await this.#transport.exchangeByHand({
        method: "POST",
        server: this.#options.accounts.server,
        path: "/sync/ack",
        headers: { Authorization: `Bearer ${this.#token}`, "X-Device-Id": device.deviceId },
        body: { last_seen_id: lastSeenId },
      });
      return reply.status < 400 ? "ok" : this.#tally.failure();
    } catch {
      return this.#tally.failure();
    }
  }

  async #changeToken(args: Args): Promise<string> {
    if (args.kind === "text") return this.#setToken(String(args.text));
    if (args.kind === "none") {
      await this.#device.signOut();
      this.#note({ kind: "token" });
      return "ok";
    }
    const { accounts } = this.#options;
    const spec = tokenSpecOf(args);
    return this.#setToken(
      args.kind === "malformed" ? "not.a.token" : accounts.mintToken(this.#device.userId, spec),
    );
  }

  async #setToken(token: string): Promise<string> {
    await this.#device.setToken(token);
    this.#note({ kind: "token" });
    this.#token = token.trim();
    return "ok";
  }

  async #bind(user: string): Promise<void> {
    const { accounts } = this.#options;
    const token = accounts.mintToken(user);
    await this.#device.bind({ server: accounts.server, token, user });
    this.#token = token;
  }

  async #bindTo(url: string): Promise<void> {
    const user = this.#device.userId === "" ? this.#options.spec.user : this.#device.userId;
    if (url === "default") await this.#bind(user);
    else await this.#device.bind({ server: url, token: this.#token, user });
    this.#joined();
  }

  /** One pass of the device, with what it says of its answers. */
  #passed(outcome: PassOutcome): string {
    this.#tally.said(outcome);
    return this.#ending(outcome);
  }

  #ending({ outcome }: Pick<PassOutcome, "outcome"> | { readonly outcome: Ending }): string {
    switch (outcome) {
      case "complete":
        return "ok";
      case "not_allowed":
        return "blocked";
      case "interrupted":
      case "unanswered":
        return "unknown";
      case "failed":
        return this.#tally.failure();
    }
  }

  #joined(): void {
    const { recorder, spec } = this.#options;
    const { userId: user, deviceId } = this.#device;
    const { server } = this.#device.status();
    recorder.record({ kind: "joined", actor: spec.name, user, deviceId: uuidKey(deviceId), server });
    this.#lookedAt();
  }

  /** Its user looks at it: what it says of itself then is held against it. */
  #lookedAt(): void {
    const { recorder, spec } = this.#options;
    recorder.record({ kind: "found", actor: spec.name, finding: this.finding() });
  }

  #note(note: WaveflowNote): void {
    this.#options.recorder.record({ kind: "noted", actor: this.#options.spec.name, note });
  }

  #events(): DeviceEvents {
    const tally = this.#tally;
    const note = (what: WaveflowNote): void => this.#note(what);
    return {
      edited: (op) => note({ kind: "edited", op }),
      applied: ({ ops, cursor, via }) => {
        tally.count("applied", ops.length);
        note({ kind: "applied", ops, cursor, via });
      },
      dropped: (rows) => {
        tally.count("dropped", rows.length);
        for (const why of ["pushed", "seen"] as const) {
          const operationIds = rows.filter((row) => row.why === why).map((row) => row.operationId);
          if (operationIds.length > 0) note({ kind: "dropped", operationIds, why });
        }
      },
      deadLettered: (op, reason) => {
        tally.count("deadLettered");
        note({ kind: "dead-lettered", operationId: op.operation_id, reason });
      },
      parked: (op, reason) => {
        tally.count("parked");
        note({ kind: "parked", operationId: String(op.operation_id ?? ""), id: op.id, reason });
      },
      restamped: (ops) => {
        tally.count("restamped", ops.length);
        note({ kind: "restamped", ops });
      },
      resyncStarted: () => note({ kind: "resync-started" }),
      resynced: () => tally.count("resyncs"),
    };
  }
}
