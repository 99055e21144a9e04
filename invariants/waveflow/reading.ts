// One reading of a history, shared by all laws: calls with their outcomes, the users' logs as far as anybody saw them,
// every installation's own events in order, and what was found. Made once per history, in one pass and a walk over the
// pages; the laws are short loops over it.
//
// What the reading knows about time: a call takes effect at some moment after its request, and before its answer where
// that answer is a success. A call without an answer, or one that the network repeats, may take effect at any later
// moment. A call with a restore of the server between request and answer belongs to no era.
import { isJsonObject } from "../../protocol/json.ts";
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import type { DeviceId, LogOp, PullReply, PushReply, ServerId } from "../../protocol/waveflow/types.ts";
import type { CallId, EventIndex } from "../history.ts";
import type {
  WaveflowCall,
  WaveflowEvent,
  WaveflowFinding,
  WaveflowHistory,
  WaveflowReply,
} from "./events.ts";
import { listReads, type Read } from "./reads.ts";
import { type EraLog, type Operation, type Stored, UserLog } from "./user-log.ts";

/** No era: a restore of the server lies between request and answer. */
export const noEra = -1;

/** A call from its request to its answer. */
export interface Call<Request = WaveflowCall, Reply = WaveflowReply> {
  readonly number: CallId;
  readonly request: Request;
  readonly actor: string;
  readonly user: UserLog;
  /** Lower case. */
  readonly device: DeviceId;
  readonly askedAt: EventIndex;
  /** `Infinity` where no event tells of its end. */
  answeredAt: EventIndex;
  outcome: "accepted" | "refused" | "unknown" | "open";
  era: number;
  reply: Reply | undefined;
  /** Of a refusal; a 5xx is no refusal, because it proves nothing. */
  status: number;
  type: string;
  body: unknown;
}

export type PushCall = Call<Extract<WaveflowCall, { kind: "push" }>, PushReply>;
export type PullCall = Call<Extract<WaveflowCall, { kind: "pull" }>, PullReply>;
export type AckCall = Call<Extract<WaveflowCall, { kind: "ack" }>, WaveflowReply>;

/** One disk of a device under one account, from its first event to its last. */
export interface Installation {
  readonly actor: string;
  readonly user: UserLog;
  /** Lower case. */
  readonly device: DeviceId;
  readonly server: string;
  readonly era: number;
  /** Began empty: no disk that was copied, put back, or left under this account before. */
  readonly isFresh: boolean;
  /** Everything that it did and was told, and its crashes. */
  readonly events: EventIndex[];
}

/** A device's account of itself. */
export interface DeviceFinding {
  readonly at: EventIndex;
  readonly era: number;
  readonly installation: Installation;
  readonly finding: Extract<WaveflowFinding, { kind: "device" }>;
  readonly settledAt: EventIndex;
  /** Everybody is at rest since `settledAt`. */
  readonly isAtRest: boolean;
}

/** A user's log as a fresh reader got it. `calmAt`: what was accepted before it was there when the log was read. */
export interface LogFinding {
  readonly at: EventIndex;
  readonly era: number;
  readonly user: UserLog;
  readonly finding: Extract<WaveflowFinding, { kind: "log" }>;
  readonly calmAt: EventIndex;
  readonly settledAt: EventIndex;
  readonly isAtRest: boolean;
}

/** Somebody said how far compaction has gone. `askedAt`: it is not older than that; `knownAt`: it was so by then. */
export interface WatermarkReport {
  readonly user: UserLog;
  readonly era: number;
  readonly compactedUpTo: ServerId;
  readonly askedAt: EventIndex;
  readonly knownAt: EventIndex;
}

export interface FrameReading {
  readonly at: EventIndex;
  readonly era: number;
  readonly installation: Installation;
  /** The socket that it came through: the latest that its device had asked for. */
  readonly socketAskedAt: EventIndex;
  readonly type: string;
  readonly frame: { readonly [member: string]: unknown };
}

export interface Reading {
  readonly history: WaveflowHistory;
  readonly users: ReadonlyMap<string, UserLog>;
  readonly calls: ReadonlyMap<CallId, Call>;
  readonly pushes: readonly PushCall[];
  readonly pulls: readonly PullCall[];
  readonly acks: readonly AckCall[];
  /** The pushes and pulls that were answered with success within one era, in the order of their answers. */
  readonly answers: readonly (PushCall | PullCall)[];
  readonly frames: readonly FrameReading[];
  readonly installations: readonly Installation[];
  readonly deviceFindings: readonly DeviceFinding[];
  readonly logs: readonly LogFinding[];
  readonly watermarks: readonly WatermarkReport[];
  /** Pages and accounts of the log, with what they leave out. */
  readonly reads: readonly Read[];
  /** When the server was put back to a backup. */
  readonly restores: readonly EventIndex[];
  /** Hand-written exchanges that may have stored or acknowledged something. */
  readonly hasRawWrites: boolean;
  /** The scenario's name of a device id. */
  deviceName(device: DeviceId | undefined): string;
}

const readings = new WeakMap<WaveflowHistory, Reading>();

/** The reading of a history; made at the first call. */
export function readHistory(history: WaveflowHistory): Reading {
  let reading = readings.get(history);
  if (reading === undefined) {
    reading = new Reader(history).read();
    readings.set(history, reading);
  }
  return reading;
}

class Reader {
  readonly #history: WaveflowHistory;
  readonly #users = new Map<string, UserLog>();
  readonly #calls = new Map<CallId, Call>();
  readonly #pushes: PushCall[] = [];
  readonly #pulls: PullCall[] = [];
  readonly #acks: AckCall[] = [];
  readonly #answers: (PushCall | PullCall)[] = [];
  readonly #frames: FrameReading[] = [];
  readonly #installations: Installation[] = [];
  readonly #present = new Map<string, Installation>();
  readonly #socketAskedAt = new Map<string, EventIndex>();
  readonly #copiedDisks = new Set<string>();
  readonly #deviceFindings: DeviceFinding[] = [];
  readonly #logs: LogFinding[] = [];
  readonly #watermarks: WatermarkReport[] = [];
  readonly #restores: EventIndex[] = [];
  readonly #names = new Map<DeviceId, string>();
  #hasRawWrites = false;
  #era = 0;
  #calmAt: EventIndex = -1;
  #settledAt: EventIndex = -1;
  #isAtRest = false;

  constructor(history: WaveflowHistory) {
    this.#history = history;
  }

  read(): Reading {
    const { events } = this.#history;
    for (let at = 0; at < events.length; at++) this.#take(events[at]!, at);
    return {
      history: this.#history,
      users: this.#users,
      calls: this.#calls,
      pushes: this.#pushes,
      pulls: this.#pulls,
      acks: this.#acks,
      answers: this.#answers,
      frames: this.#frames,
      installations: this.#installations,
      deviceFindings: this.#deviceFindings,
      logs: this.#logs,
      watermarks: this.#watermarks,
      reads: listReads(this.#pulls, this.#logs),
      restores: this.#restores,
      hasRawWrites: this.#hasRawWrites,
      deviceName: (device) => (device === undefined ? "a device" : (this.#names.get(device) ?? device)),
    };
  }

  #take(event: WaveflowEvent, at: EventIndex): void {
    if (event.kind === "found") return this.#found(event, at);
    if (event.kind === "settled") {
      this.#settledAt = at;
      this.#isAtRest = event.quiet;
      return;
    }
    this.#isAtRest = false;
    switch (event.kind) {
      case "joined":
        return this.#joined(event, at);
      case "invoked":
        return this.#invoked(event, at);
      case "accepted":
        return this.#accepted(event, at);
      case "refused":
        return this.#refused(event, at);
      case "unknown":
        return void this.#ended(event.call, "unknown", at);
      case "frame":
        return this.#frame(event, at);
      case "noted":
        return this.#noted(event, at);
      case "compacted":
        this.#watermarks.push({
          user: this.#user(event.user),
          era: this.#era,
          compactedUpTo: event.compactedUpTo,
          askedAt: -1,
          knownAt: at,
        });
        return;
      case "fault":
        return this.#fault(event, at);
      case "crash":
      case "restart":
        this.#present.get(event.target)?.events.push(at);
        return;
      case "calm":
        this.#calmAt = at;
        return;
    }
  }

  #user(name: string): UserLog {
    let user = this.#users.get(name);
    if (user === undefined) {
      user = new UserLog(name);
      this.#users.set(name, user);
    }
    return user;
  }

  #joined(event: Extract<WaveflowEvent, { kind: "joined" }>, at: EventIndex): void {
    const { actor } = event;
    const device = uuidKey(event.deviceId);
    const present = this.#present.get(actor);
    const isCopied = this.#copiedDisks.delete(actor);
    const server = event.server ?? "";
    const isSame =
      present?.user.name === event.user &&
      present.device === device &&
      present.server === server &&
      !isCopied;
    if (isSame) present.events.push(at);
    else this.#install({ actor, user: this.#user(event.user), device, server, at, isCopied });
  }

  #install(made: {
    actor: string;
    user: UserLog;
    device: DeviceId;
    server: string;
    at: EventIndex;
    isCopied: boolean;
  }): Installation {
    const { actor, user, device, server, at } = made;
    const wasHere = this.#installations.some(
      (one) => one.device === device && one.user === user && one.server === server,
    );
    const isFresh = !made.isCopied && !wasHere;
    const installation = { actor, user, device, server, era: this.#era, isFresh, events: at < 0 ? [] : [at] };
    this.#installations.push(installation);
    this.#present.set(actor, installation);
    if (!this.#names.has(device)) this.#names.set(device, actor);
    return installation;
  }

  /** The actor's installation; one of which nobody told that it joined is made up from its first call. */
  #installationOf(actor: string, request?: WaveflowCall): Installation | undefined {
    const present = this.#present.get(actor);
    if (present !== undefined || request === undefined) return present;
    const device = uuidKey(request.device);
    return this.#install({
      actor,
      user: this.#user(request.user),
      device,
      server: "",
      at: -1,
      isCopied: true,
    });
  }

  #invoked(event: Extract<WaveflowEvent, { kind: "invoked" }>, at: EventIndex): void {
    const { actor, request, call: number } = event;
    const user = this.#user(request.user);
    const call: Call = {
      number,
      request,
      actor,
      user,
      device: uuidKey(request.device),
      askedAt: at,
      answeredAt: Infinity,
      outcome: "open",
      era: this.#era,
      reply: undefined,
      status: 0,
      type: "",
      body: undefined,
    };
    this.#calls.set(number, call);
    this.#installationOf(actor, request)?.events.push(at);
    switch (request.kind) {
      case "push": {
        const push = call as unknown as PushCall;
        this.#pushes.push(push);
        for (let index = 0; index < request.ops.length; index++) {
          user.operation(request.ops[index]!.operation_id).placements.push({ call: push, index });
        }
        return;
      }
      case "pull":
        this.#pulls.push(call as unknown as PullCall);
        return;
      case "ack":
        this.#acks.push(call as unknown as AckCall);
        return;
      case "socket":
        this.#socketAskedAt.set(actor, at);
        return;
      case "raw":
        if (request.method !== "GET") this.#hasRawWrites = true;
        return;
    }
  }

  #ended(number: CallId, outcome: Call["outcome"], at: EventIndex): Call | undefined {
    const call = this.#calls.get(number);
    if (call === undefined || call.outcome !== "open") return undefined;
    call.outcome = outcome;
    call.answeredAt = at;
    if (call.era !== this.#era) call.era = noEra;
    this.#present.get(call.actor)?.events.push(at);
    return call;
  }

  #accepted(event: Extract<WaveflowEvent, { kind: "accepted" }>, at: EventIndex): void {
    const { reply } = event;
    const call = this.#ended(event.call, "accepted", at) as Call<WaveflowCall, unknown> | undefined;
    if (call === undefined) return;
    if (reply.kind === "push" && call.request.kind === "push") {
      call.reply = reply.reply;
      this.#pushAccepted(call as PushCall, at);
    } else if (reply.kind === "pull" && call.request.kind === "pull") {
      call.reply = reply.reply;
      this.#pullAccepted(call as PullCall, at);
    } else call.reply = reply;
  }

  #pushAccepted(call: PushCall, at: EventIndex): void {
    const { user, actor, era } = call;
    const log = era === noEra ? undefined : user.era(era);
    if (log !== undefined) this.#answers.push(call);
    const { ops } = call.request;
    const { results } = call.reply!;
    for (let index = 0; index < results.length; index++) {
      const result = results[index]!;
      const operation = user.operation(result.operation_id);
      if (!operation.toldTo.has(actor)) operation.toldTo.set(actor, at);
      const op = ops[index];
      if (log === undefined || op === undefined || uuidKey(op.operation_id) !== operation.operationId)
        continue;
      const isNew = result.status === "stored";
      const stored = log.note({
        operation,
        id: result.id,
        lamport: result.lamport_ts,
        device: isNew ? call.device : undefined,
        content: op,
        at,
      });
      if (stored.acceptedAt === Infinity) stored.acceptedAt = at;
      if (!isNew) continue;
      if (stored.storedAt === Infinity) stored.storedAt = at;
      else log.noteStoredTwice(stored, at);
    }
  }

  #pullAccepted(call: PullCall, at: EventIndex): void {
    const { user, actor, era, askedAt } = call;
    const log = era === noEra ? undefined : user.era(era);
    if (log !== undefined) this.#answers.push(call);
    for (const op of call.reply!.ops) {
      const operation = user.operation(op.operation_id);
      if (!operation.toldTo.has(actor)) operation.toldTo.set(actor, at);
      if (log === undefined) continue;
      const stored = this.#see(log, operation, op, at);
      if (stored.readAt === Infinity) stored.readAt = at;
      if (askedAt > stored.lastPullAskedAt) stored.lastPullAskedAt = askedAt;
      stored.lastPulledAt = at;
    }
  }

  #see(log: EraLog, operation: Operation, op: LogOp, at: EventIndex): Stored {
    const known = operation.stored[log.era];
    const device = known?.device ?? uuidKey(op.device_id);
    const stored = log.note({ operation, id: op.id, lamport: op.lamport_ts, device, content: op, at });
    if (known !== undefined) log.noteContent(stored, op, at);
    return stored;
  }

  #refused(event: Extract<WaveflowEvent, { kind: "refused" }>, at: EventIndex): void {
    const { status, type, body } = event;
    const call = this.#ended(event.call, status >= 500 ? "unknown" : "refused", at);
    if (call === undefined) return;
    call.status = status;
    call.type = type;
    call.body = body;
    if (type !== "resync_required" || call.era === noEra) return;
    const compactedUpTo = numberIn(body, "compacted_up_to");
    if (compactedUpTo === undefined) return;
    const { user, era, askedAt } = call;
    this.#watermarks.push({ user, era, compactedUpTo, askedAt, knownAt: at });
  }

  #frame(event: Extract<WaveflowEvent, { kind: "frame" }>, at: EventIndex): void {
    const { actor, frame } = event;
    const installation = this.#present.get(actor);
    if (installation === undefined || !isJsonObject(frame)) return;
    installation.events.push(at);
    const socketAskedAt = this.#socketAskedAt.get(actor) ?? -1;
    const isOfThisEra = socketAskedAt > (this.#restores.at(-1) ?? -2);
    const era = isOfThisEra ? this.#era : noEra;
    const type = String(frame.type);
    this.#frames.push({ at, era, installation, socketAskedAt, type, frame });
    if (type !== "op" || !isJsonObject(frame.op) || typeof frame.op.operation_id !== "string") return;
    const op = frame.op as unknown as LogOp;
    const operation = installation.user.operation(op.operation_id);
    if (!operation.toldTo.has(actor)) operation.toldTo.set(actor, at);
    if (era === noEra) return;
    const stored = this.#see(installation.user.era(era), operation, op, at);
    if (stored.framedAt === Infinity) stored.framedAt = at;
  }

  #noted(event: Extract<WaveflowEvent, { kind: "noted" }>, at: EventIndex): void {
    const { actor, note } = event;
    const installation = this.#present.get(actor);
    if (installation === undefined) return;
    installation.events.push(at);
    if (note.kind !== "edited") return;
    const operation = installation.user.operation(note.op.operation_id);
    if (operation.editedBy !== undefined) return;
    operation.editedBy = actor;
    operation.editedAt = at;
    operation.edit = note.op;
  }

  #fault(event: Extract<WaveflowEvent, { kind: "fault" }>, at: EventIndex): void {
    const { fault, target } = event;
    const installation = this.#present.get(target);
    if (installation === undefined) {
      if (fault !== "restore") return;
      this.#era++;
      this.#restores.push(at);
      return;
    }
    installation.events.push(at);
    if (fault === "restore" || fault === "clone") this.#copiedDisks.add(target);
  }

  #found(event: Extract<WaveflowEvent, { kind: "found" }>, at: EventIndex): void {
    const { finding } = event;
    const era = this.#era;
    const isAtRest = this.#isAtRest;
    const settledAt = this.#settledAt;
    if (finding.kind === "device") {
      const installation = this.#present.get(event.actor);
      if (installation === undefined) return;
      installation.events.push(at);
      this.#deviceFindings.push({ at, era, installation, finding, settledAt, isAtRest });
      return;
    }
    const user = this.#user(finding.user);
    const log = user.era(era);
    for (const op of finding.ops) {
      const stored = this.#see(log, user.operation(op.operation_id), op, at);
      if (stored.readAt === Infinity) stored.readAt = at;
      stored.lastLoggedAt = at;
    }
    this.#logs.push({ at, era, user, finding, calmAt: this.#calmAt, settledAt, isAtRest });
  }
}

/** A whole number that a body has under this name. */
export function numberIn(body: unknown, member: string): number | undefined {
  if (!isJsonObject(body)) return undefined;
  const value = body[member];
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}
