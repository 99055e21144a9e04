// Situations of a WaveFlow run, read from its history alone: which message met which server and which device, and what
// had just befallen the device. Abstract enough that there are hundreds of them and not millions, so that a search can
// say which it has seen and which it has never seen.
import { isJsonObject } from "../../protocol/json.ts";
import type { WaveflowEvent, WaveflowHistory } from "../../invariants/waveflow/events.ts";
import type { ImpossiblePairs, Situation, SituationSpace } from "../search-protocol.ts";

const messages = [
  "push stored",
  "push duplicate",
  "push regression",
  "push conflict",
  "push refused",
  "push unanswered",
  "pull page",
  "pull more",
  "pull resync",
  "pull ahead",
  "pull refused",
  "pull unanswered",
  "walk",
  "ack",
  "ack by socket",
  "ack refused",
  "ack unanswered",
  "socket open",
  "socket refused",
  "frame op",
  "frame gap",
  "frame resync",
  "frame other",
  "by hand",
  "compaction",
  "idle compaction",
  "edit",
] as const;

const servers = [
  "empty",
  "whole log",
  "compacted log",
  "whole log, others at it",
  "compacted log, others at it",
  "put back",
] as const;

const positions = ["new", "behind", "below the watermark", "up to date"] as const;
const queues = ["", ", edits pending", ", edits on the way"] as const;
const devices = positions.flatMap((position) => queues.map((queue) => `${position}${queue}`));

const faults = [
  "none",
  "request lost",
  "reply lost",
  "request repeated",
  "request late",
  "request slow",
  "reply late",
  "reply truncated",
  "gateway error",
  "gateway error after the effect",
  "captive portal",
  "answered by somebody else",
  "frame lost",
  "frame late",
  "frame repeated",
  "frame held",
  "socket cut",
  "socket half-open",
  "partition",
  "offline",
  "device crash",
  "server crash",
  "disk failure",
  "database answer lost",
  "database error",
  "held",
  "clone",
  "restore",
  "reinstall",
  "skew",
  "clock",
  "something else",
] as const;

export const waveflowSituationSpace: SituationSpace = {
  message: messages,
  server: servers,
  device: devices,
  fault: faults,
};

const knownFaults: ReadonlySet<string> = new Set(faults);

type Message = (typeof messages)[number];

/** What no run can meet, with the reason. */
export const waveflowImpossiblePairs: readonly ImpossiblePairs[] = [
  {
    values: { message: ["compaction"], server: ["empty"] },
    why: "an empty log has nothing that could be deleted",
  },
  {
    values: {
      message: ["pull more", "frame op", "frame gap", "push stored", "push duplicate"],
      server: ["empty"],
    },
    why: "an op that was read, told or stored is proof that the log is not empty",
  },
  {
    values: {
      device: devices.filter((device) => device.startsWith("below the watermark")),
      server: ["empty", "whole log", "whole log, others at it"],
    },
    why: "there is no watermark before something was compacted",
  },
  {
    values: { device: devices.filter((device) => device.startsWith("behind")), server: ["empty"] },
    why: "nobody is behind a log that is empty",
  },
];

/** What is known of one device at a point of the history. */
interface Known {
  cursor: number;
  pending: number;
  /** Under way. */
  pushes: number;
  fault: string;
}

/** What is known of one user's log. */
interface KnownLog {
  head: number;
  watermark: number;
  pushesUnderWay: number;
}

/** The situations of a history, in order. */
export function waveflowSituations(history: WaveflowHistory): readonly Situation[] {
  return new Watcher().watch(history.events);
}

class Watcher {
  readonly #situations: Situation[] = [];
  readonly #devices = new Map<string, Known>();
  readonly #logs = new Map<string, KnownLog>();
  readonly #calls = new Map<number, Extract<WaveflowEvent, { kind: "invoked" }>>();
  readonly #users = new Map<string, string>();
  #isPutBack = false;

  watch(events: readonly WaveflowEvent[]): readonly Situation[] {
    for (const event of events) this.#take(event);
    return this.#situations;
  }

  #take(event: WaveflowEvent): void {
    switch (event.kind) {
      case "joined":
        this.#users.set(event.actor, event.user);
        return;
      case "invoked":
        return this.#invoked(event);
      case "accepted":
      case "refused":
      case "unknown":
        return this.#answered(event);
      case "frame":
        return this.#frame(event);
      case "noted":
        return this.#noted(event);
      case "compacted":
        return this.#compacted(event);
      case "fault":
        return this.#fault(event);
      case "crash":
        return this.#befall(
          event.target,
          event.target.startsWith("server") ? "server crash" : "device crash",
        );
      case "restart":
      case "calm":
      case "settled":
      case "found":
        return;
    }
  }

  #invoked(event: Extract<WaveflowEvent, { kind: "invoked" }>): void {
    const { request } = event;
    this.#calls.set(event.call, event);
    const known = this.#device(event.actor);
    if (request.kind === "push") {
      known.pushes++;
      this.#log(request.user).pushesUnderWay++;
    }
  }

  #answered(event: Extract<WaveflowEvent, { kind: "accepted" | "refused" | "unknown" }>): void {
    const asked = this.#calls.get(event.call);
    if (asked === undefined) return;
    const { request } = asked;
    const known = this.#device(event.actor);
    const log = this.#log(request.user);
    this.#learn(event, log);
    this.#see(messageOf(request, event), event.actor, request.user);
    if (request.kind === "push") {
      known.pushes--;
      log.pushesUnderWay--;
    }
    if (event.kind !== "unknown") known.fault = "none";
  }

  #learn(event: Extract<WaveflowEvent, { kind: "accepted" | "refused" | "unknown" }>, log: KnownLog): void {
    if (event.kind === "accepted") {
      const { reply } = event;
      if (reply.kind === "push" || reply.kind === "pull") log.head = Math.max(log.head, reply.reply.head);
    } else if (event.kind === "refused" && event.type === "resync_required" && isJsonObject(event.body)) {
      const { compacted_up_to: watermark } = event.body;
      if (typeof watermark === "number") log.watermark = Math.max(log.watermark, watermark);
    }
  }

  #frame(event: Extract<WaveflowEvent, { kind: "frame" }>): void {
    const { frame } = event;
    const user = this.#users.get(event.actor) ?? "";
    const type = isJsonObject(frame) ? frame.type : undefined;
    if (type === "resync_required") return this.#see("frame resync", event.actor, user);
    if (type !== "op" || !isJsonObject(frame)) return this.#see("frame other", event.actor, user);
    const { prev_id: previous, op } = frame;
    const log = this.#log(user);
    if (isJsonObject(op) && typeof op.id === "number") log.head = Math.max(log.head, op.id);
    const isGap = typeof previous === "number" && previous > this.#device(event.actor).cursor;
    this.#see(isGap ? "frame gap" : "frame op", event.actor, user);
  }

  #noted(event: Extract<WaveflowEvent, { kind: "noted" }>): void {
    const known = this.#device(event.actor);
    const { note } = event;
    switch (note.kind) {
      case "edited":
        this.#see("edit", event.actor, this.#users.get(event.actor) ?? "");
        known.pending++;
        return;
      case "applied":
        if (note.via === "resync") this.#see("walk", event.actor, this.#users.get(event.actor) ?? "");
        known.cursor = note.cursor;
        return;
      case "dropped":
        known.pending = Math.max(0, known.pending - note.operationIds.length);
        return;
      case "dead-lettered":
        known.pending = Math.max(0, known.pending - 1);
        return;
      case "restamped":
      case "parked":
      case "resync-started":
      case "mode-asked":
      case "mode":
      case "token":
        return;
    }
  }

  #compacted(event: Extract<WaveflowEvent, { kind: "compacted" }>): void {
    const log = this.#log(event.user);
    const message = event.deleted > 0 ? "compaction" : "idle compaction";
    for (const [actor, user] of this.#users) if (user === event.user) this.#see(message, actor, user);
    log.watermark = Math.max(log.watermark, event.compactedUpTo);
  }

  #fault(event: Extract<WaveflowEvent, { kind: "fault" }>): void {
    if (event.fault === "restore" && !this.#users.has(event.target)) {
      this.#isPutBack = true;
      for (const log of this.#logs.values()) log.head = log.watermark = 0;
    } else if (event.fault === "reinstall") {
      this.#devices.delete(event.target);
    }
    this.#befall(event.target, event.fault);
  }

  /** What hits the server or everybody hits all devices. */
  #befall(target: string, kind: string): void {
    const fault = knownFaults.has(kind) ? kind : "something else";
    if (this.#users.has(target)) this.#device(target).fault = fault;
    else for (const known of this.#devices.values()) known.fault = fault;
  }

  #see(message: Message, actor: string, user: string): void {
    const known = this.#device(actor);
    const log = this.#log(user);
    this.#situations.push({
      message,
      server: this.#serverState(known, log),
      device: deviceState(known, log),
      fault: known.fault,
    });
  }

  #serverState(known: Known, log: KnownLog): (typeof servers)[number] {
    if (this.#isPutBack) return "put back";
    if (log.head === 0) return "empty";
    const areOthersAtIt = log.pushesUnderWay > known.pushes;
    if (log.watermark > 0) return areOthersAtIt ? "compacted log, others at it" : "compacted log";
    return areOthersAtIt ? "whole log, others at it" : "whole log";
  }

  #device(actor: string): Known {
    let known = this.#devices.get(actor);
    if (known === undefined) {
      known = { cursor: 0, pending: 0, pushes: 0, fault: "none" };
      this.#devices.set(actor, known);
    }
    return known;
  }

  #log(user: string): KnownLog {
    let log = this.#logs.get(user);
    if (log === undefined) {
      log = { head: 0, watermark: 0, pushesUnderWay: 0 };
      this.#logs.set(user, log);
    }
    return log;
  }
}

/** Texts are made once: a run has hundreds of situations. */
const stateTexts: readonly (readonly string[])[] = positions.map((position) =>
  queues.map((queue) => `${position}${queue}`),
);

function deviceState({ cursor, pending, pushes }: Known, { head, watermark }: KnownLog): string {
  const position = cursor === 0 ? 0 : cursor < watermark ? 2 : cursor < head ? 1 : 3;
  const queue = pending === 0 ? 0 : pushes === 0 ? 1 : 2;
  return stateTexts[position]![queue]!;
}

type Asked = Extract<WaveflowEvent, { kind: "invoked" }>["request"];
type Answer = Extract<WaveflowEvent, { kind: "accepted" | "refused" | "unknown" }>;

function messageOf(request: Asked, answer: Answer): Message {
  switch (request.kind) {
    case "push":
      return pushMessage(answer);
    case "pull":
      return pullMessage(answer);
    case "ack":
      if (request.via === "socket") return "ack by socket";
      return answer.kind === "accepted"
        ? "ack"
        : answer.kind === "refused"
          ? "ack refused"
          : "ack unanswered";
    case "socket":
      return answer.kind === "accepted" ? "socket open" : "socket refused";
    case "raw":
      return "by hand";
  }
}

function pushMessage(answer: Answer): Message {
  if (answer.kind === "unknown") return "push unanswered";
  if (answer.kind === "refused") {
    if (answer.type === "lamport_regression") return "push regression";
    return answer.type === "operation_conflict" ? "push conflict" : "push refused";
  }
  const { reply } = answer;
  if (reply.kind !== "push") return "push unanswered";
  return reply.reply.results.some(({ status }) => status === "duplicate") ? "push duplicate" : "push stored";
}

function pullMessage(answer: Answer): Message {
  if (answer.kind === "unknown") return "pull unanswered";
  if (answer.kind === "accepted") {
    return answer.reply.kind === "pull" && answer.reply.reply.has_more ? "pull more" : "pull page";
  }
  if (answer.type !== "resync_required") return "pull refused";
  return isJsonObject(answer.body) && answer.body.reason === "cursor_ahead" ? "pull ahead" : "pull resync";
}
