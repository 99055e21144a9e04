// A WaveFlow device: edits without a network, and comes together with its peers whenever there is one.
// The public face. What is durable stands in device-store.ts and account-state.ts, what goes over the wire in drain.ts,
// pull.ts, walk.ts, acknowledge.ts and subscriber.ts, and when it does by itself in automatic.ts.
import type { JsonValue } from "../../protocol/json.ts";
import { entityKey, visibleState, type VisibleState } from "../../protocol/waveflow/fold.ts";
import {
  closeCodes,
  type DeviceId,
  type LamportTs,
  type OpContent,
  type PushOp,
  type ServerId,
  type UserId,
} from "../../protocol/waveflow/types.ts";
import type { AccountState, DeadLetter, ParkedOp } from "./account-state.ts";
import { acknowledge } from "./acknowledge.ts";
import { Automatic } from "./automatic.ts";
import { checkBinding, checkToken, type Binding } from "./binding.ts";
import { defaultDeviceConfig, type DeviceConfig } from "./config.ts";
import type { DeviceContext } from "./context.ts";
import { DeviceStore } from "./device-store.ts";
import { writeDirectly } from "./direct-write.ts";
import { drain } from "./drain.ts";
import { queueEdit, whyInvalid } from "./edits.ts";
import type { DeviceEvents } from "./events.ts";
import { Gate } from "./gate.ts";
import { enterQueueMode, enterServerMode } from "./mode-change.ts";
import { parseMode, type Mode } from "./modes.ts";
import {
  isRefusal,
  refusalOf,
  type AckOutcome,
  type ConnectOutcome,
  type DrainOutcome,
  type EditOutcome,
  type PassOutcome,
  type PullOutcome,
  type ReadOutcome,
  type SyncOutcome,
} from "./outcomes.ts";
import { overlay } from "./overlay.ts";
import { DiskFailed, type Clock, type Disk, type Ids, type Transport } from "./ports.ts";
import { pull } from "./pull.ts";
import { Passes } from "./serial.ts";
import { describeDevice, type DeviceStatus } from "./status.ts";
import { Subscriber } from "./subscriber.ts";

export interface DevicePorts {
  readonly disk: Disk;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly events?: DeviceEvents;
}

/** An entity by its two names. */
export interface EntityName {
  readonly entityType: string;
  readonly entityId: string;
}

export class Device {
  readonly #config: DeviceConfig;
  readonly #ids: Ids;
  readonly #store: DeviceStore;
  readonly #gate: Gate;
  readonly #context: DeviceContext;
  readonly #passes = new Passes();
  readonly #subscriber: Subscriber;
  readonly #automatic: Automatic;
  /** An exchange went wrong since the last ACK: the server may have lost it with its memory. */
  #isAckDoubtful = false;

  constructor(ports: DevicePorts, config: Partial<DeviceConfig> = {}) {
    const { transport, clock, ids, events = {} } = ports;
    this.#config = { ...defaultDeviceConfig, ...config };
    this.#ids = ids;
    this.#store = new DeviceStore(ports);
    this.#gate = new Gate(this.#store);
    this.#context = {
      store: this.#store,
      gate: this.#gate,
      transport,
      clock,
      events,
      config: this.#config,
      watch: (work) => this.#watch(work),
    };
    this.#subscriber = new Subscriber(this.#context, {
      pullWanted: () => this.#react(() => this.#followUp()),
      advanced: () => void this.#watch(this.#automatic.wake(() => this.#acknowledgeIfDue())),
      closed: (code) => this.#socketClosed(code),
    });
    this.#automatic = new Automatic({
      clock,
      config: this.#config,
      work: {
        drain: () => this.drain(),
        pull: () => this.pull(),
        acknowledgeIfDue: () => this.#acknowledgeIfDue(),
        connect: () => this.connect(),
        isLive: () => this.#subscriber.isLive,
      },
    });
  }

  /** Loads the disk and goes on where it was left.
   *  Errors: `DiskFailed`. */
  async start(): Promise<void> {
    const { deviceId, mode, automatic } = this.#config;
    await this.#store.open({ deviceId, mode });
    this.#gate.change();
    if (automatic) this.#automatic.start();
  }

  /** Ends after the durable steps under way. Passes that wait for an answer stop when it comes and touch nothing. */
  async stop(): Promise<void> {
    this.#automatic.stop();
    this.#subscriber.close();
    this.#gate.change();
    await this.#store.close();
  }

  /** Binds to a server and an account.
   *  Errors: `BindingRefused`, `DiskFailed`; then the binding is as before.  Source: WF-DEV-14, WF-DEV-15. */
  async bind(binding: Binding): Promise<void> {
    const checked = checkBinding(binding);
    await this.#store.bind(checked);
    this.#changed();
  }

  /** Errors: `BindingRefused`, `DiskFailed`. */
  async setToken(token: string): Promise<void> {
    const checked = checkToken(token);
    await this.#setStoredToken(checked);
  }

  /** Deletes the token; URL, queue and cursor stay.  Source: WF-DEV-15. */
  async signOut(): Promise<void> {
    await this.#setStoredToken("");
  }

  /** Changes the mode; an unknown one counts as `local`. Entering `server` empties the queue first.
   *  Errors: `ModeRefused` when it does not get empty, `DiskFailed`; then the mode is as before.
   *  Source: WF-DEV-13. */
  async setMode(text: string): Promise<void> {
    const mode = parseMode(text);
    if (mode === this.mode) return;
    if (mode === "server") await enterServerMode(this.#context, () => this.drain());
    else await enterQueueMode(this.#context, mode);
    this.#changed();
  }

  /** Writes one field of one entity. In mode `server` it is stored there when this returns, else it is durable here.
   *  Source: WF-DEV-2. */
  edit(edit: EntityName & { field: string; value: JsonValue }): Promise<EditOutcome> {
    const { entityType, entityId, field, value } = edit;
    return this.#make({ entity_type: entityType, entity_id: entityId, op: "upsert", field, value });
  }

  /** Deletes an entity. */
  remove(entity: EntityName): Promise<EditOutcome> {
    const { entityType, entityId } = entity;
    return this.#make({
      entity_type: entityType,
      entity_id: entityId,
      op: "delete",
      field: null,
      value: null,
    });
  }

  /** Sends what is pending. */
  drain(): Promise<DrainOutcome> {
    return this.#passes.run("drain", async () => this.#heard(await drain(this.#context)));
  }

  /** Pulls to the end; walks from 0 where that is due. */
  pull(): Promise<PullOutcome> {
    return this.#passes.run("pull", async () => {
      const wasLive = this.#subscriber.isLive;
      return this.#pullHolding((pulled) => wasLive && pulled.applied > 0);
    });
  }

  /** Tells the server what is durably applied. */
  acknowledge(): Promise<AckOutcome> {
    return this.#passes.run("acknowledge", async () => {
      this.#isAckDoubtful = false;
      return this.#heard(await acknowledge(this.#context, this.#subscriber));
    });
  }

  /** Drain, pull to the end, acknowledge. A part that fails does not keep the next from being tried. */
  async sync(): Promise<SyncOutcome> {
    const drained = await this.drain();
    const pulled = await this.pull();
    const acknowledged = await this.acknowledge();
    return { drain: drained, pull: pulled, acknowledge: acknowledged };
  }

  /** Opens the live socket, then catches up.  Source: WF-DEV-10. */
  async connect(): Promise<ConnectOutcome> {
    this.#subscriber.hold();
    try {
      const opened = this.#heard(await this.#subscriber.open());
      if (opened.outcome !== "complete") return { ...opened, live: false };
      const pulled = await this.#followUp();
      return { ...opened, live: this.#subscriber.isLive, pull: pulled };
    } finally {
      this.#subscriber.release({ broughtOps: false });
    }
  }

  disconnect(): void {
    this.#subscriber.close();
  }

  /** What the user sees.  Source: WF-DEV-7. */
  visible(): VisibleState {
    const { entities, accepted, queue } = this.#account;
    return visibleState(overlay({ entities, accepted: accepted.edits(), pending: queue.rows() }));
  }

  /** The server's state as far as the cursor, without own edits that are not in it. */
  confirmed(): VisibleState {
    return visibleState(this.#account.entities);
  }

  /** What the user sees of one entity; in mode `server` after asking the server.  Source: WF-DEV-13. */
  async read(entity: EntityName): Promise<ReadOutcome> {
    if (this.mode === "server") {
      const pulled = await this.pull();
      if (pulled.outcome !== "complete") return refusalOf(pulled);
    }
    const fields = this.visible()[entityKey(entity.entityType, entity.entityId)];
    return fields === undefined ? {} : { fields };
  }

  get deviceId(): DeviceId {
    return this.#store.deviceId;
  }

  get userId(): UserId {
    return this.#account.settings.user;
  }

  get mode(): Mode {
    return this.#store.mode;
  }

  get cursor(): ServerId {
    return this.#account.settings.cursor;
  }

  /** The highest cursor that the server was told: in an answered POST, or over the present socket. */
  get acknowledged(): ServerId {
    return Math.max(this.#account.settings.acknowledged, this.#subscriber.acknowledged);
  }

  get lamport(): LamportTs {
    return this.#account.settings.lamport;
  }

  pending(): readonly PushOp[] {
    return Array.from(this.#account.queue.rows(), ({ op }) => op);
  }

  countPending(): number {
    return this.#account.queue.countPending();
  }

  deadLetters(): readonly DeadLetter[] {
    return this.#account.deadLetters();
  }

  parkedOps(): readonly ParkedOp[] {
    return this.#account.parkedOps();
  }

  status(): DeviceStatus {
    return describeDevice(this.#store, {
      acknowledged: this.acknowledged,
      isLive: this.#subscriber.isLive,
      halted: this.#gate.halted,
      diskFault: this.#automatic.diskFault,
    });
  }

  get #account(): AccountState {
    return this.#store.account;
  }

  async #make(content: OpContent): Promise<EditOutcome> {
    const why = whyInvalid(content);
    if (why !== undefined) return { refused: "invalid", why };
    const queued = this.mode === "server" ? undefined : await queueEdit(this.#context, content);
    if (queued === undefined) {
      return this.#passes.runAlone(() => writeDirectly(this.#context, this.#ids, content));
    }
    if (!isRefusal(queued)) void this.#watch(this.#automatic.wake(() => this.drain()));
    return queued;
  }

  async #setStoredToken(token: string): Promise<void> {
    const account = this.#account;
    await this.#store.step(account, (step) => account.set(step, { token }));
    this.#changed();
  }

  /** Whoever waits for a new token may try again; a socket belongs to the token and the account it was opened with. */
  #changed(): void {
    this.#gate.change();
    this.#subscriber.close();
    this.#automatic.changed();
  }

  /** A pull that the socket wants, and that therefore says nothing against it. */
  #followUp(): Promise<PullOutcome> {
    return this.#passes.run("follow up", () => this.#pullHolding(() => false));
  }

  async #pullHolding(speaksAgainstSocket: (pulled: PullOutcome) => boolean): Promise<PullOutcome> {
    this.#subscriber.hold();
    let broughtOps = false;
    try {
      const pulled = this.#heard(await pull(this.#context));
      broughtOps = speaksAgainstSocket(pulled);
      return pulled;
    } finally {
      this.#subscriber.release({ broughtOps });
    }
  }

  async #acknowledgeIfDue(): Promise<PassOutcome | undefined> {
    const isDue = this.#isAckDoubtful || this.cursor > this.acknowledged;
    return isDue ? this.acknowledge() : undefined;
  }

  #socketClosed(code: number): void {
    this.#isAckDoubtful = true;
    this.#automatic.socketClosed();
    if (code === closeCodes.resyncRequired) this.#react(() => this.#followUp());
  }

  /** Follows the socket: by itself where the device is automatic and not backing off, else because it was asked to
   *  connect. */
  #react(pass: () => Promise<PassOutcome>): void {
    void this.#watch(this.#config.automatic ? this.#automatic.wake(pass) : pass());
  }

  #heard<Outcome extends PassOutcome>(outcome: Outcome): Outcome {
    if (outcome.outcome === "unanswered" || (outcome.status ?? 0) >= 500) this.#isAckDoubtful = true;
    return outcome;
  }

  async #watch(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!(error instanceof DiskFailed)) throw error;
      this.#automatic.diskFailed(error);
    }
  }
}
