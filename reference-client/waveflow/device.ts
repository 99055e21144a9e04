// A WaveFlow device: edits without a network, and comes together with its peers whenever there is one.
// The public face. What is durable stands in device-store.ts and account-state.ts, what goes over the wire in drain.ts,
// pull.ts, walk.ts, acknowledge.ts and subscriber.ts, one at a time through server-link.ts, and when it does so by
// itself in automatic.ts.
import type { JsonValue } from "../../protocol/json.ts";
import { entityKey, visibleState, type VisibleState } from "../../protocol/waveflow/fold.ts";
import {
  type DeviceId,
  type LamportTs,
  type OpContent,
  type PushOp,
  type ServerId,
  type UserId,
} from "../../protocol/waveflow/types.ts";
import type { AccountState, DeadLetter, ParkedOp } from "./account-state.ts";
import { checkBinding, checkToken, type Binding } from "./binding.ts";
import { defaultDeviceConfig, type DeviceConfig } from "./config.ts";
import type { DeviceContext } from "./context.ts";
import { DeviceStore } from "./device-store.ts";
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
  type PullOutcome,
  type ReadOutcome,
  type SyncOutcome,
} from "./outcomes.ts";
import { overlay } from "./overlay.ts";
import type { Clock, Disk, Ids, Transport } from "./ports.ts";
import { ServerLink } from "./server-link.ts";
import { describeDevice, type DeviceStatus } from "./status.ts";

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
  readonly #link: ServerLink;

  constructor(ports: DevicePorts, config: Partial<DeviceConfig> = {}) {
    const { transport, clock, ids, events = {} } = ports;
    this.#config = { ...defaultDeviceConfig, ...config };
    this.#ids = ids;
    this.#store = new DeviceStore(ports);
    this.#gate = new Gate(this.#store);
    this.#context = { store: this.#store, gate: this.#gate, transport, clock, events, config: this.#config };
    this.#link = new ServerLink(this.#context);
  }

  /** Loads the disk and goes on where it was left.
   *  Errors: `DiskFailed`. */
  async start(): Promise<void> {
    const { deviceId, mode } = this.#config;
    await this.#store.open({ deviceId, mode });
    this.#link.start();
  }

  /** Ends after the durable steps under way. Passes that wait for an answer stop when it comes and touch nothing. */
  async stop(): Promise<void> {
    this.#link.stop();
    await this.#store.close();
  }

  /** Binds to a server and an account.
   *  Errors: `BindingRefused`, `DiskFailed`; then the binding is as before.  Source: WF-DEV-14, WF-DEV-15. */
  async bind(binding: Binding): Promise<void> {
    const checked = checkBinding(binding);
    await this.#store.bind(checked);
    this.#link.changed();
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
    this.#link.changed();
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

  /** Sends what is pending.  Source: WF-DEV-5. */
  drain(): Promise<DrainOutcome> {
    return this.#link.drain();
  }

  /** Pulls to the end; walks from 0 where that is due.  Source: WF-DEV-9, WF-DEV-11. */
  pull(): Promise<PullOutcome> {
    return this.#link.pull();
  }

  /** Reads everything anew, as after a 410. */
  resync(): Promise<PullOutcome> {
    return this.#link.resync();
  }

  /** Tells the server what is durably applied.  Source: WF-ACK-1. */
  acknowledge(): Promise<AckOutcome> {
    return this.#link.acknowledge();
  }

  /** Drain, pull to the end, acknowledge. A part that fails does not keep the next from being tried. */
  async sync(): Promise<SyncOutcome> {
    const drained = await this.drain();
    const pulled = await this.pull();
    const acknowledged = await this.acknowledge();
    return { drain: drained, pull: pulled, acknowledge: acknowledged };
  }

  /** Opens the live socket in place of any other, then catches up.  Source: WF-DEV-10. */
  connect(): Promise<ConnectOutcome> {
    return this.#link.connect();
  }

  disconnect(): void {
    this.#link.disconnect();
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
    return this.#link.acknowledged;
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
      isLive: this.#link.isLive,
      halted: this.#gate.halted,
      diskFault: this.#link.diskFault,
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
      return this.#link.write(this.#ids, content);
    }
    if (!isRefusal(queued)) this.#link.edited();
    return queued;
  }

  async #setStoredToken(token: string): Promise<void> {
    const account = this.#account;
    await this.#store.step(account, (step) => account.set(step, { token }));
    this.#link.changed();
  }
}
