// Makes the reading of a history (reading.ts): one pass over the events, event kind by event kind.
import { isJsonObject } from "../../protocol/json.ts";
import type { LogOp, ServerId } from "../../protocol/waveflow/types.ts";
import type { CallId, EventIndex } from "../history.ts";
import { numberIn, operationsNamedIn } from "./body.ts";
import { readByHand, readReplyByHand } from "./by-hand.ts";
import type { WaveflowCall, WaveflowEvent, WaveflowHistory } from "./events.ts";
import { Installations } from "./installations.ts";
import type {
  AckCall,
  Call,
  DeviceFinding,
  FrameReading,
  Installation,
  LogFinding,
  Moment,
  PullCall,
  PushCall,
  Reading,
  WatermarkReport,
} from "./reading.ts";
import { listReads } from "./reads.ts";
import { type EraLog, noEra, type Operation, type Stored, UserLog } from "./user-log.ts";

type EventOf<Kind extends WaveflowEvent["kind"]> = Extract<WaveflowEvent, { kind: Kind }>;

export class Reader {
  readonly #history: WaveflowHistory;
  readonly #users = new Map<string, UserLog>();
  readonly #calls: (Call | undefined)[] = [];
  readonly #pushes: PushCall[] = [];
  readonly #pulls: PullCall[] = [];
  readonly #acks: AckCall[] = [];
  readonly #answers: (PushCall | PullCall)[] = [];
  readonly #frames: FrameReading[] = [];
  readonly #installations = new Installations();
  readonly #socketAskedAt = new Map<string, EventIndex>();
  readonly #deviceFindings: DeviceFinding[] = [];
  readonly #logs: LogFinding[] = [];
  readonly #watermarks: WatermarkReport[] = [];
  readonly #upheavals: EventIndex[] = [];
  readonly #calms: EventIndex[] = [];
  readonly #restores: EventIndex[] = [];
  #hasRawWrites = false;
  #era = 0;
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
      installations: this.#installations.all,
      deviceFindings: this.#deviceFindings,
      logs: this.#logs,
      watermarks: this.#watermarks,
      reads: listReads(this.#pulls, this.#logs),
      upheavals: this.#upheavals,
      calms: this.#calms,
      found: {},
      restores: this.#restores,
      hasRawWrites: this.#hasRawWrites,
      deviceName: (device) => (device === undefined ? "a device" : this.#installations.nameOf(device)),
    };
  }

  #take(event: WaveflowEvent, at: EventIndex): void {
    const { kind } = event;
    if (kind === "found") return this.#found(event, at);
    this.#isAtRest = false;
    switch (kind) {
      case "joined":
        return this.#joined(event, at);
      case "invoked":
        return this.#invoked(event, at);
      case "accepted":
        return this.#accepted(event, at);
      case "refused":
        return this.#refused(event, at);
      case "unknown":
        return this.#unanswered(event, at);
      case "frame":
        return this.#frame(event, at);
      case "noted":
        return this.#noted(event, at);
      case "compacted": {
        this.#upheavals.push(at);
        const { user, compactedUpTo } = event;
        return this.#watermark({
          user: this.#user(user),
          era: this.#era,
          compactedUpTo,
          askedAt: -1,
          knownAt: at,
        });
      }
      case "fault":
        this.#upheavals.push(at);
        return this.#fault(event, at);
      case "crash":
        this.#upheavals.push(at);
        return this.#moment(this.#installations.present(event.target), kind, at);
      case "restart":
        return this.#moment(this.#installations.present(event.target), kind, at);
      case "calm":
        this.#calms.push(at);
        return;
      case "settled":
        this.#upheavals.push(at);
        this.#settledAt = at;
        this.#isAtRest = event.quiet;
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

  #joined(event: EventOf<"joined">, at: EventIndex): void {
    const { actor, deviceId, server = "" } = event;
    const { installation, isNew } = this.#installations.join({
      actor,
      user: this.#user(event.user),
      device: deviceId,
      server,
      era: this.#era,
    });
    if (!isNew) this.#moment(installation, "joined", at);
  }

  /** Of everything but notes. */
  #moment(installation: Installation | undefined, kind: Moment["kind"], at: EventIndex, call?: Call): void {
    if (installation === undefined) return;
    const { given, moments } = installation;
    moments.push({ kind, at, given, note: undefined, call, operation: undefined });
  }

  #invoked(event: EventOf<"invoked">, at: EventIndex): void {
    const { actor, call: number } = event;
    const request = this.#understand(event.request);
    const user = this.#user(request.user);
    const installation = this.#installations.ofCall({ actor, user, request, era: this.#era });
    const call: Call = {
      number,
      request,
      actor,
      installation,
      user,
      device: this.#installations.deviceKey(request.device),
      askedAt: at,
      answeredAt: Infinity,
      outcome: "open",
      era: this.#era,
      reply: undefined,
      status: 0,
      type: "",
      body: undefined,
      operations: request.kind === "push" ? request.ops.map((op) => user.operation(op.operation_id)) : [],
    };
    this.#calls[number] = call;
    switch (request.kind) {
      case "push":
        return this.#pushAsked(call, at);
      case "pull":
        this.#pulls.push(call as unknown as PullCall);
        return;
      case "ack":
        this.#acks.push(call as unknown as AckCall);
        if (request.isByHand !== true) this.#moment(installation, "ack", at, call);
        return;
      case "socket":
        this.#socketAskedAt.set(actor, at);
        return;
      case "raw":
        return;
    }
  }

  /** What an exchange by hand means is read as what it is; one that its form condemns writes nothing. */
  #understand(request: WaveflowCall): WaveflowCall {
    if (request.kind !== "raw") return request;
    const { means, demands, isOutside } = readByHand(request);
    const isClear = means !== undefined || demands !== undefined || isOutside === true;
    if (!isClear && request.method !== "GET") this.#hasRawWrites = true;
    return means ?? request;
  }

  #pushAsked(call: Call, at: EventIndex): void {
    const { operations, installation, request } = call;
    const push = call as unknown as PushCall;
    this.#pushes.push(push);
    for (let index = 0; index < operations.length; index++)
      operations[index]!.placements.push({ call: push, index });
    if (request.isByHand !== true) this.#moment(installation, "push", at, call);
  }

  #ended(number: CallId, outcome: Call["outcome"], at: EventIndex): Call | undefined {
    const call = this.#calls[number];
    if (call === undefined || call.outcome !== "open") return undefined;
    call.outcome = outcome;
    call.answeredAt = at;
    if (call.era !== this.#era) call.era = noEra;
    return call;
  }

  #accepted(event: EventOf<"accepted">, at: EventIndex): void {
    const call = this.#ended(event.call, "accepted", at) as Call<WaveflowCall, unknown> | undefined;
    if (call === undefined) return;
    const reply = event.reply.kind === "raw" ? readReplyByHand(call.request, event.reply) : event.reply;
    if (reply === undefined) {
      // A success that is no answer to what was asked proves nothing.
      call.outcome = "unknown";
      return;
    }
    if (reply.kind === "push" && call.request.kind === "push") {
      call.reply = reply.reply;
      this.#pushAccepted(call as PushCall, at);
    } else if (reply.kind === "pull" && call.request.kind === "pull") {
      call.reply = reply.reply;
      this.#pullAccepted(call as PullCall, at);
    } else call.reply = reply;
  }

  #pushAccepted(call: PushCall, at: EventIndex): void {
    const { user, era, operations, request, installation, device } = call;
    const { results, head } = call.reply!;
    const log = era === noEra ? undefined : user.era(era);
    if (log !== undefined) {
      this.#answers.push(call);
      log.heads.add(head, at);
    }
    for (let index = 0; index < results.length; index++) {
      const { operation_id, id, lamport_ts: lamport, status } = results[index]!;
      const operation = user.operation(operation_id);
      if (request.isByHand !== true) operation.toldAt[installation.actorNumber] ??= at;
      if (log === undefined || operations[index] !== operation) continue;
      const isNew = status === "stored";
      const content = request.ops[index]!;
      const stored = log.note({ operation, id, lamport, device: isNew ? device : undefined, content, at });
      if (stored.acceptedAt === Infinity) stored.acceptedAt = at;
      if (!isNew) continue;
      if (stored.storedAt === Infinity) stored.storedAt = at;
      else log.noteStoredTwice(stored, at);
    }
  }

  #pullAccepted(call: PullCall, at: EventIndex): void {
    const { user, era, askedAt, installation } = call;
    const { ops, head } = call.reply!;
    const log = era === noEra ? undefined : user.era(era);
    if (log !== undefined) {
      this.#answers.push(call);
      log.heads.add(head, at);
    }
    const isByHand = call.request.isByHand === true;
    if (!isByHand) {
      give(installation, Math.max(head, ops.at(-1)?.id ?? 0));
      this.#moment(installation, "page", at, call as unknown as Call);
    }
    for (const op of ops) {
      const operation = user.operation(op.operation_id);
      if (!isByHand) operation.toldAt[installation.actorNumber] ??= at;
      if (log === undefined) continue;
      const stored = this.#see(log, operation, op, at);
      if (stored.readAt === Infinity) stored.readAt = at;
      if (askedAt > stored.lastPullAskedAt) stored.lastPullAskedAt = askedAt;
      stored.lastPulledAt = at;
    }
  }

  #see(log: EraLog, operation: Operation, op: LogOp, at: EventIndex): Stored {
    const known = operation.stored[log.era];
    const device = known?.device ?? this.#installations.deviceKey(op.device_id);
    const stored = log.note({ operation, id: op.id, lamport: op.lamport_ts, device, content: op, at });
    if (known !== undefined) log.noteContent(stored, op, at);
    return stored;
  }

  #refused(event: EventOf<"refused">, at: EventIndex): void {
    const { status, type, body } = event;
    const call = this.#ended(event.call, status >= 500 ? "unknown" : "refused", at);
    if (call === undefined) return;
    call.status = status;
    call.type = type;
    call.body = body;
    if (type === "lamport_regression" && call.request.isByHand !== true)
      this.#moment(call.installation, "regression", at, call);
    if (type !== "resync_required" || call.era === noEra) return;
    const compactedUpTo = numberIn(body, "compacted_up_to");
    if (compactedUpTo === undefined) return;
    const { user, era, askedAt } = call;
    this.#watermark({ user, era, compactedUpTo, askedAt, knownAt: at });
  }

  #unanswered({ call: number, status = 0, isImpostor, claim }: EventOf<"unknown">, at: EventIndex): void {
    const call = this.#ended(number, "unknown", at);
    if (call === undefined) return;
    call.status = status;
    // Whatever somebody else has told it, the device may have believed.
    if (isImpostor === true && call.request.kind === "pull") call.installation.given = Infinity;
    if (isImpostor !== true || call.request.kind !== "push") return;
    for (const id of operationsNamedIn(claim))
      call.user.operation(id).toldAt[call.installation.actorNumber] ??= at;
  }

  #watermark(report: WatermarkReport): void {
    this.#watermarks.push(report);
    report.user.era(report.era).watermarks.add(report.compactedUpTo, report.knownAt);
  }

  #frame(event: EventOf<"frame">, at: EventIndex): void {
    const { actor, frame } = event;
    const installation = this.#installations.present(actor);
    if (installation === undefined || !isJsonObject(frame)) return;
    const socketAskedAt = this.#socketAskedAt.get(actor) ?? -1;
    const isOfThisEra = socketAskedAt > (this.#restores.at(-1) ?? -2);
    const era = isOfThisEra ? this.#era : noEra;
    const { type } = frame;
    this.#frames.push({ at, era, installation, socketAskedAt, type, frame });
    if (type !== "op" || !isJsonObject(frame.op) || typeof frame.op.operation_id !== "string") return;
    const op = frame.op as unknown as LogOp;
    const operation = installation.user.operation(op.operation_id);
    operation.toldAt[installation.actorNumber] ??= at;
    give(installation, op.id);
    if (era === noEra) return;
    const stored = this.#see(installation.user.era(era), operation, op, at);
    if (stored.framedAt === Infinity) stored.framedAt = at;
  }

  #noted(event: EventOf<"noted">, at: EventIndex): void {
    const { actor, note } = event;
    const installation = this.#installations.present(actor);
    if (installation === undefined) return;
    const { given, moments, user } = installation;
    const operation = note.kind === "edited" ? user.operation(note.op.operation_id) : undefined;
    moments.push({ kind: note.kind, at, given, note, call: undefined, operation });
    if (note.kind !== "edited" || operation === undefined) return;
    if (operation.editedBy !== undefined) return;
    operation.editedBy = actor;
    operation.editedAt = at;
    operation.edit = note.op;
  }

  #fault(event: EventOf<"fault">, at: EventIndex): void {
    const { fault, target } = event;
    if (this.#installations.present(target) !== undefined) {
      if (fault === "restore" || fault === "clone") this.#installations.noteCopiedDisk(target);
    } else if (fault === "restore") {
      this.#era++;
      this.#restores.push(at);
    }
  }

  #found(event: EventOf<"found">, at: EventIndex): void {
    const { finding } = event;
    const era = this.#era;
    const isAtRest = this.#isAtRest;
    const settledAt = this.#settledAt;
    if (finding.kind === "device") {
      const installation = this.#installations.present(event.actor);
      if (installation === undefined) return;
      this.#deviceFindings.push({ at, era, installation, finding, settledAt, isAtRest });
      return;
    }
    const user = this.#user(finding.user);
    const log = user.era(era);
    log.lastLogAt = at;
    for (const op of finding.ops) {
      const stored = this.#see(log, user.operation(op.operation_id), op, at);
      if (stored.readAt === Infinity) stored.readAt = at;
      stored.lastLoggedAt = at;
    }
    this.#logs.push({ at, era, user, finding, calmAt: this.#calms.at(-1) ?? -1, settledAt, isAtRest });
  }
}

function give(installation: Installation, id: ServerId): void {
  if (typeof id === "number" && id > installation.given) installation.given = id;
}
