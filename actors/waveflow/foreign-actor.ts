// A WaveFlow device that somebody else wrote, as a world handles it. Gives it its ports, records what it asks and is
// told, reads what it did from its own account, and carries out those verbs of the scenarios that a foreign device can
// have; the others are blocked, as they are for a device that is signed out.
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import { entityKey } from "../../protocol/waveflow/fold.ts";
import type { LogOp } from "../../protocol/waveflow/types.ts";
import { isJsonObject, type JsonValue } from "../../protocol/json.ts";
import type { WaveflowCall, WaveflowFinding, WaveflowReply } from "../../invariants/waveflow/events.ts";
import { defaultDeviceConfig } from "../../reference-client/waveflow/config.ts";
import {
  type Clock,
  DiskFailed,
  type Ids,
  NoAnswer,
  type Transport,
} from "../../reference-client/waveflow/ports.ts";
import type { DeviceAction, DeviceSpec } from "../../scenarios/format/types.ts";
import type { DeviceReport, StepOutcome } from "../../scenarios/format/world.ts";
import type { Accounts, DeviceActor, RecordedEvent, Recorder, ServerAccount } from "../actor.ts";
import { tokenSpecOf } from "../token-spec.ts";
import { AccountWatch } from "./account-watch.ts";
import type { CreateForeignDevice, ForeignDevice, ForeignSession, TableDisk } from "./foreign-device.ts";
import { recordingTransport } from "./recording-transport.ts";
import { StepTally } from "./step-tally.ts";

export interface ForeignActorOptions {
  readonly spec: DeviceSpec;
  readonly disk: TableDisk;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly recorder: Recorder;
  readonly accounts: Accounts;
  readonly config: Readonly<Record<string, number>>;
  /** The next number of a call; numbers are the run's. */
  readonly nextCall: () => number;
  readonly create: CreateForeignDevice;
}

type Args = Readonly<Record<string, unknown>>;

export class ForeignActor implements DeviceActor {
  readonly #options: ForeignActorOptions;
  readonly #tally = new StepTally();
  readonly #watch: AccountWatch;
  readonly #device: ForeignDevice;
  /** Where the pulls under way begin. */
  readonly #pulls = new Map<number, number>();
  #session: ForeignSession | undefined;
  #syncing: Promise<string> | undefined;

  constructor(options: ForeignActorOptions) {
    this.#options = options;
    const { spec, accounts, recorder, clock, ids, create } = options;
    this.#session = this.#signedIn();
    this.#watch = new AccountWatch({
      note: (note) => recorder.record({ kind: "noted", actor: spec.name, note }),
      tally: this.#tally,
      account: () => this.#device.account(),
    });
    const { server } = accounts;
    this.#device = create({
      disk: this.#disk(),
      transport: this.#transport(),
      clock,
      ids,
      session: () => (this.#session === undefined ? undefined : { ...this.#session, server }),
    });
  }

  async start(): Promise<void> {
    const { recorder, spec, accounts } = this.#options;
    await this.#device.start();
    this.#watch.begin();
    const deviceId = uuidKey(this.#device.account().deviceId);
    recorder.record({ kind: "joined", actor: spec.name, user: spec.user, deviceId, server: accounts.server });
    this.#lookedAt();
    if (!spec.automatic) return;
    if (this.#device.runOnItsOwn === undefined) this.#syncLater();
    else this.#device.runOnItsOwn();
  }

  async stop(): Promise<void> {
    await this.#syncing;
  }

  async act({ verb, args }: DeviceAction): Promise<StepOutcome> {
    this.#tally.reset();
    const ended = await this.#guard(() => this.#act(verb, (args ?? {}) as Args));
    return this.#tally.outcome(ended);
  }

  async sync(): Promise<StepOutcome> {
    this.#tally.reset();
    return this.#tally.outcome(await this.#sync());
  }

  inspect(): DeviceReport {
    const { spec } = this.#options;
    const { deviceId, visible, cursor, acknowledged, lamport, pending, ...lists } = this.#device.account();
    const isSignedIn = this.#session !== undefined;
    const { deadLetters = [], parked = [] } = lists;
    return {
      connected: isSignedIn,
      user: spec.user,
      state: visible,
      status: {
        deviceId,
        mode: "hybrid",
        cursor,
        acknowledged,
        lamport,
        pending: pending.length,
        unshared: 0,
        deadLetters: deadLetters.length,
        parked: parked.length,
        hasToken: isSignedIn,
        server: "default",
        socket: "closed",
        stopped: false,
      },
    };
  }

  identity(): { readonly token: string; readonly deviceId: string; readonly user: string } {
    const { deviceId } = this.#device.account();
    return { token: this.#session?.token ?? "", deviceId, user: this.#options.spec.user };
  }

  finding(): WaveflowFinding {
    this.#watch.look();
    const account = copyOf(this.#device.account());
    const { deviceId, visible, confirmed, cursor, acknowledged, lamport, pending } = account;
    return {
      kind: "device",
      user: this.#options.spec.user,
      deviceId,
      connected: this.#session !== undefined,
      visible,
      confirmed,
      cursor,
      acknowledged,
      lamport,
      pending,
      deadLetters: account.deadLetters ?? [],
      parked: (account.parked ?? []).map(({ operationId }) => operationId),
    };
  }

  unrest(server?: Pick<ServerAccount, "head">): string | undefined {
    if (this.#session === undefined) return undefined;
    const { pending, cursor, acknowledged } = this.#device.account();
    if (pending.length > 0)
      return `${pending.length} ${pending.length === 1 ? "edit is" : "edits are"} not pushed`;
    if (server === undefined) return undefined;
    if (cursor !== server.head) return `its cursor is ${cursor}, the head is ${server.head}`;
    if (acknowledged !== server.head)
      return `it has acknowledged ${acknowledged}, the head is ${server.head}`;
    return undefined;
  }

  async #act(verb: string, args: Args): Promise<string> {
    const device = this.#device;
    const entity = { entityType: String(args.entityType), entityId: String(args.entityId) };
    switch (verb) {
      case "edit":
        for (const { field, value } of args.edits as readonly { field: string; value: JsonValue }[]) {
          await device.edit({ ...entity, field, value });
          this.#watch.look();
        }
        return "ok";
      case "delete":
        await device.remove(entity);
        return "ok";
      case "read":
        this.#tally.read(device.account().visible[entityKey(entity.entityType, entity.entityId)] ?? {});
        this.#lookedAt();
        return "ok";
      case "push":
      case "sync":
        // A device has one way to talk to its server. A step that only pulls or acknowledges must not push, so it is
        // blocked.
        return this.#sync();
      case "sign-out":
        return this.#setSession(undefined);
      case "sign-in":
        return this.#setSession(this.#signedIn());
      case "token":
        return this.#changeToken(args);
      case "mode":
        return args.mode === "hybrid" ? "ok" : "blocked";
      default:
        return "blocked";
    }
  }

  /** Its user looks at it: what it says of itself then is held against it. */
  #lookedAt(): void {
    const { recorder, spec } = this.#options;
    recorder.record({ kind: "found", actor: spec.name, finding: this.finding() });
  }

  #changeToken(args: Args): string {
    const { accounts, spec } = this.#options;
    const { kind, text } = args;
    if (kind === "none") return this.#setSession(undefined);
    const minted = (): string => accounts.mintToken(spec.user, tokenSpecOf(args));
    const token = kind === "text" ? String(text) : kind === "malformed" ? "not.a.token" : minted();
    return this.#setSession({ server: accounts.server, user: spec.user, token });
  }

  #setSession(session: ForeignSession | undefined): string {
    const { recorder, spec } = this.#options;
    this.#session = session;
    recorder.record({ kind: "noted", actor: spec.name, note: { kind: "token" } });
    return "ok";
  }

  #signedIn(): ForeignSession {
    const { accounts, spec } = this.#options;
    return { server: accounts.server, user: spec.user, token: accounts.mintToken(spec.user) };
  }

  /** One at a time: who asks while one is under way waits for that one. */
  #sync(): Promise<string> {
    if (this.#session === undefined) return Promise.resolve("blocked");
    this.#syncing ??= this.#guard(async () => {
      await this.#device.sync();
      return "ok";
    }).finally(() => {
      this.#syncing = undefined;
    });
    return this.#syncing;
  }

  /** What a device lets through of what the world did to it ends a step and not the run. */
  async #guard(work: () => Promise<string>): Promise<string> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof NoAnswer) return "unknown";
      if (error instanceof DiskFailed) return "blocked";
      throw error;
    } finally {
      this.#watch.look();
    }
  }

  #syncLater(): void {
    const { clock, config } = this.#options;
    const intervalMs = config["drainIntervalMs"] ?? defaultDeviceConfig.drainIntervalMs;
    clock.after(intervalMs, async () => {
      await this.#sync();
      this.#syncLater();
    });
  }

  /** Rows are copied on the way in and out, as a real disk would. */
  #disk(): TableDisk {
    const { disk } = this.#options;
    const watch = (): AccountWatch => this.#watch;
    return {
      load: async () => copyOf(await disk.load()),
      commit: async (writes) => {
        watch().look();
        await disk.commit(copyOf(writes));
        watch().committed();
      },
    };
  }

  /** Messages are copied as well: in the simulation, server and device share their memory. */
  #transport(): Transport {
    const { transport, spec, recorder, nextCall } = this.#options;
    const watch = (): AccountWatch => this.#watch;
    const recording = recordingTransport(transport, {
      actor: spec.name,
      recorder: { record: (event) => this.#record(event, recorder) },
      user: () => spec.user,
      nextCall,
      tally: this.#tally,
    });
    return {
      exchange: async (request) => {
        watch().look();
        return copyOf(await recording.exchange(copyOf(request)));
      },
      openSocket: async (request, handlers) => {
        watch().look();
        const socket = await recording.openSocket(copyOf(request), {
          onFrame: (frame) => handlers.onFrame(copyOf(frame)),
          onClose: (code) => handlers.onClose(code),
        });
        return {
          send: (frame) => {
            watch().look();
            socket.send(copyOf(frame));
          },
          close: () => socket.close(),
        };
      },
    };
  }

  /** Lets the watch hear what the history hears. */
  #record(event: RecordedEvent, recorder: Recorder): void {
    const { kind, call } = event as RecordedEvent & { readonly call: number };
    if (kind === "invoked") {
      const request = event.request as WaveflowCall;
      if (request.kind === "pull") this.#pulls.set(call, request.since);
    }
    recorder.record(event);
    if (kind === "accepted") {
      const reply = event.reply as WaveflowReply;
      if (reply.kind === "pull") this.#watch.pulled(this.#pulls.get(call) ?? 0, reply.reply);
      if (reply.kind === "push") this.#watch.pushed(reply.reply);
    } else if (kind === "frame" && isJsonObject(event.frame) && isJsonObject(event.frame.op)) {
      this.#watch.given(event.frame.op as unknown as LogOp);
    }
    if (kind !== "invoked") this.#pulls.delete(call);
  }
}

/** A copy that shares nothing. */
const copyOf = <Value>(value: Value): Value => structuredClone(value);
