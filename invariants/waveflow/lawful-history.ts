// Histories of a lawful run, drawn from a list of choices: devices that keep the rules, on disks that survive crashes,
// against `lawful-server.ts`, with every trouble that the page allows. Laws that cry over one of these are wrong.
import { foldLog, type FoldedState, visibleState } from "../../protocol/waveflow/fold.ts";
import type { LogOp, OpContent, PullReply, PushOp, PushReply } from "../../protocol/waveflow/types.ts";
import type { HistoryEvent } from "../history.ts";
import type { WaveflowCall, WaveflowEvent, WaveflowHistory, WaveflowNote } from "./events.ts";
import { type Answer, LawfulServer, poison, type Stored } from "./lawful-server.ts";

/** Draws a whole number from 0 to below `count`; 0 is always the harmless choice. */
export type Pick = (count: number) => number;

/** How often what came up in a lawful history, so that a property can show that it met what it is about. */
export type Happenings = Map<string, number>;

export interface LawfulRun {
  readonly history: WaveflowHistory;
  readonly happened: Happenings;
}

/** Runs until `isOver`, then calms down and looks at everybody. */
export function runLawfully(pick: Pick, isOver: () => boolean): LawfulRun {
  const world = new LawfulWorld(pick);
  while (!isOver()) world.step();
  world.settle();
  const events = world.events;
  const history = {
    protocol: "waveflow/1",
    scenario: "lawful",
    seed: "0",
    world: "model",
    settings: {},
    events,
  };
  return { history, happened: world.happened };
}

/** What a device keeps through a crash. */
interface Disk {
  readonly deviceId: string;
  user: string;
  cursor: number;
  lamport: number;
  queue: PushOp[];
  accepted: { id: number; op: PushOp }[];
  applied: LogOp[];
  dead: string[];
  resyncDue: boolean;
}

interface Device {
  readonly name: string;
  life: number;
  disk: Disk;
  readonly shelf: Map<string, Disk>;
  isBusy: boolean;
  walk: { since: number; resync: string | undefined; ops: LogOp[] } | undefined;
  frames: unknown[] | undefined;
}

interface Message {
  readonly call: number;
  readonly device: Device;
  readonly life: number;
  readonly user: string;
  readonly request: WaveflowCall;
  answer: Answer<unknown> | undefined;
  isHeard: boolean;
}

type Bare<Event> = Event extends HistoryEvent ? Omit<Event, "at"> : never;

class LawfulWorld {
  readonly events: WaveflowEvent[] = [];
  readonly happened: Happenings = new Map();
  readonly #pick: Pick;
  readonly #server = new LawfulServer();
  readonly #devices: Device[] = [];
  #messages: Message[] = [];
  #backup: unknown = this.#server.backup();
  #now = 0;
  #calls = 0;
  #ids = 0;
  #isCalm = false;

  constructor(pick: Pick) {
    this.#pick = pick;
    for (const [name, user] of [
      ["laptop", "u1"],
      ["phone", "u1"],
      ["tablet", "u1"],
      ["stranger", "u2"],
    ] as const) {
      const disk = emptyDisk(this.#uuid(), user);
      this.#devices.push({
        name,
        life: 0,
        disk,
        shelf: new Map(),
        isBusy: false,
        walk: undefined,
        frames: undefined,
      });
      this.#join(this.#devices.at(-1)!);
    }
  }

  step(): void {
    const device = this.#devices[this.#pick(this.#devices.length)]!;
    const action = this.#pick(100);
    if (action < 22) this.#edit(device);
    else if (action < 66) this.#exchange(device);
    else if (action < 88) this.#progress();
    else if (action < 93) this.#deliverFrame(device);
    else this.#trouble(device);
  }

  /** No more faults: everybody talks to the server until nobody has anything to say, then is looked at. */
  settle(): void {
    while (this.#messages.length > 0) this.#progress();
    this.#isCalm = true;
    this.#record({ kind: "calm", actor: "world" });
    for (let round = 0; round < roundsMax && this.#waiting().length > 0; round++) {
      for (const device of this.#devices) this.#sync(device);
    }
    const waiting = this.#waiting();
    this.#record({ kind: "settled", actor: "world", quiet: waiting.length === 0, waiting });
    for (const user of ["u1", "u2"]) {
      this.#record({
        kind: "found",
        actor: "server",
        finding: { kind: "log", user, ...this.#server.log(user) },
      });
    }
    for (const device of this.#devices) this.#look(device);
  }

  #waiting(): readonly string[] {
    return this.#devices.flatMap(({ name, disk }) => {
      const { head } = this.#server.log(disk.user);
      const isDone = disk.queue.length === 0 && disk.cursor === head && !disk.resyncDue;
      return isDone ? [] : [`${name}: cursor ${disk.cursor}, head ${head}, ${disk.queue.length} pending`];
    });
  }

  #sync(device: Device): void {
    for (let turn = 0; turn < turnsMax; turn++) {
      this.#exchange(device, turn % 3);
      while (this.#messages.length > 0) this.#progress();
    }
  }

  #edit(device: Device): void {
    const { disk } = device;
    const entity = String(1 + this.#pick(3));
    const isDelete = this.#pick(8) === 7;
    const isPoison = this.#pick(30) === 29;
    const content: OpContent = isDelete
      ? { entity_type: "song", entity_id: entity, op: "delete", field: null, value: null }
      : {
          entity_type: "song",
          entity_id: entity,
          op: "upsert",
          field: ["title", "rating"][this.#pick(2)]!,
          value: isPoison ? poison : this.#pick(100),
        };
    const op: PushOp = { operation_id: this.#uuid(), ...content, lamport_ts: disk.lamport + 1 };
    this.#durably(device, () => {
      disk.lamport++;
      disk.queue.push(op);
      return [{ kind: "edited", op }];
    });
  }

  /** Begins one exchange, one at a time for each device. */
  #exchange(device: Device, what = this.#pick(4)): void {
    if (device.isBusy) return;
    const { disk } = device;
    const from = { user: disk.user, device: disk.deviceId };
    if (what === 0 && disk.queue.length > 0) {
      const ops = disk.queue.slice(0, 1 + this.#pick(4));
      this.#send(device, { ...from, kind: "push", ops });
    } else if (what === 1) this.#pull(device);
    else if (what === 2 && disk.cursor > 0) {
      this.#send(device, { ...from, kind: "ack", lastSeenId: disk.cursor, via: "http" });
    } else if (what === 3) this.#send(device, { ...from, kind: "socket" });
  }

  #pull(device: Device): void {
    const { disk } = device;
    if (disk.resyncDue && device.walk === undefined) {
      device.walk = { since: 0, resync: undefined, ops: [] };
      this.#note(device, { kind: "resync-started" });
    }
    const { since, resync } = device.walk ?? { since: disk.cursor, resync: undefined };
    this.#send(device, { user: disk.user, device: disk.deviceId, kind: "pull", since, resync });
  }

  #send(device: Device, request: WaveflowCall): void {
    device.isBusy = true;
    const call = ++this.#calls;
    this.#record({ kind: "invoked", actor: device.name, call, request });
    const { life } = device;
    const user = device.disk.user;
    this.#messages.push({ call, device, life, user, request, answer: undefined, isHeard: true });
  }

  /** Moves one message on by one leg. */
  #progress(): void {
    if (this.#messages.length === 0) return;
    const place = this.#pick(this.#messages.length);
    const message = this.#messages[place]!;
    const luck = this.#isCalm ? 0 : this.#pick(20);
    if (message.answer === undefined) {
      if (luck === 19) this.#giveUp(message, place, "request lost");
      else if (luck === 18 && message.isHeard) this.#giveUp(message, -1, "request late");
      else {
        message.answer = this.#serve(message);
        if (luck === 17) this.#repeat(message);
        if (!message.isHeard) this.#messages.splice(place, 1);
      }
    } else if (luck >= 18) this.#giveUp(message, place, "reply lost");
    else {
      this.#messages.splice(place, 1);
      this.#hear(message);
    }
  }

  /** The device stops waiting; a message that stays takes effect later, and nobody hears the answer. */
  #giveUp(message: Message, place: number, fault: string): void {
    this.#fault(fault, message.device.name);
    if (place >= 0) this.#messages.splice(place, 1);
    if (message.isHeard && message.device.life === message.life) {
      message.device.isBusy = false;
      message.device.walk = undefined;
      this.#record({ kind: "unknown", actor: message.device.name, call: message.call, reason: fault });
    }
    message.isHeard = false;
  }

  #repeat(message: Message): void {
    this.#fault("request repeated", message.device.name);
    this.#messages.push({ ...message, answer: undefined, isHeard: false });
  }

  #serve({ request, user }: Message): Answer<unknown> {
    const { device } = request;
    switch (request.kind) {
      case "push": {
        const answer = this.#server.push(user, device, request.ops);
        for (const stored of answer.stored ?? []) this.#broadcast(user, device, stored);
        return answer;
      }
      case "pull":
        return this.#server.pull(user, request);
      case "ack":
        return this.#server.ack(user, device, request.lastSeenId);
      default:
        return { reply: undefined };
    }
  }

  #broadcast(user: string, from: string, { op, prevId }: Stored): void {
    for (const { frames, disk } of this.#devices) {
      if (disk.user === user && disk.deviceId !== from) frames?.push({ type: "op", prev_id: prevId, op });
    }
  }

  #hear(message: Message): void {
    const { device, call, request, answer, life } = message;
    if (!message.isHeard || device.life !== life) return;
    device.isBusy = false;
    const actor = device.name;
    if (!("reply" in answer!)) {
      const { status, body } = answer as Exclude<Answer<unknown>, { reply: unknown }>;
      this.#record({ kind: "refused", actor, call, status, type: body.type, body });
      this.#refused(device, request, body);
      return;
    }
    const { reply } = answer;
    switch (request.kind) {
      case "push":
        this.#record({ kind: "accepted", actor, call, reply: { kind: "push", reply: reply as PushReply } });
        this.#pushed(device, reply as PushReply);
        return;
      case "pull":
        this.#record({ kind: "accepted", actor, call, reply: { kind: "pull", reply: reply as PullReply } });
        this.#pulled(device, reply as PullReply);
        return;
      case "ack":
        this.#record({ kind: "accepted", actor, call, reply: { kind: "ack" } });
        return;
      default:
        device.frames = [{ type: "hello", head: this.#server.log(message.user).head }];
        this.#record({ kind: "accepted", actor, call, reply: { kind: "socket" } });
        return;
    }
  }

  #refused(device: Device, request: WaveflowCall, body: Readonly<Record<string, unknown>>): void {
    const { disk } = device;
    this.#count(String(body.type));
    if (body.type === "resync_required" || body.type === "ack_beyond_head") {
      device.walk = undefined;
      disk.resyncDue = true;
    } else if (body.type === "lamport_regression") {
      this.#durably(device, () => {
        let stamp = Math.max(disk.lamport, body.stored_max as number);
        disk.queue = disk.queue.map((op) => ({ ...op, lamport_ts: ++stamp }));
        disk.lamport = stamp;
        return [{ kind: "restamped", ops: [...disk.queue] }];
      });
    } else if (request.kind === "push") {
      const refused = request.ops[body.index as number]!.operation_id;
      this.#durably(device, () => {
        disk.queue = disk.queue.filter(({ operation_id }) => operation_id !== refused);
        disk.dead.push(refused);
        return [{ kind: "dead-lettered", operationId: refused, reason: String(body.type) }];
      });
    }
  }

  #pushed(device: Device, { results }: PushReply): void {
    const { disk } = device;
    const ids = new Map(results.map(({ operation_id, id }) => [operation_id, id]));
    this.#durably(device, () => {
      const left = disk.queue.filter(({ operation_id }) => ids.has(operation_id));
      disk.queue = disk.queue.filter(({ operation_id }) => !ids.has(operation_id));
      for (const op of left) {
        const id = ids.get(op.operation_id)!;
        if (id > disk.cursor) disk.accepted.push({ id, op });
      }
      if (left.length === 0) return [];
      return [{ kind: "dropped", operationIds: left.map(({ operation_id }) => operation_id), why: "pushed" }];
    });
  }

  #pulled(device: Device, { ops, head, has_more, resync }: PullReply): void {
    const { disk, walk } = device;
    if (walk === undefined) {
      const cursor = has_more ? ops.at(-1)!.id : head;
      this.#apply(device, { ops, cursor, isHead: !has_more, via: "pull" });
      return;
    }
    walk.ops.push(...ops);
    if (has_more) {
      walk.since = ops.at(-1)!.id;
      walk.resync = resync ?? walk.resync;
      return;
    }
    device.walk = undefined;
    this.#count("resync");
    disk.resyncDue = false;
    this.#apply(device, { ops: walk.ops, cursor: head, isHead: true, via: "resync" });
  }

  #apply(
    device: Device,
    step: {
      readonly ops: readonly LogOp[];
      readonly cursor: number;
      readonly isHead: boolean;
      readonly via: "pull" | "socket" | "resync";
    },
  ): void {
    const { disk } = device;
    const { cursor, via, isHead } = step;
    const isResync = via === "resync";
    if (!isResync && cursor <= disk.cursor) return;
    const ops = isResync ? step.ops : step.ops.filter(({ id }) => id > disk.cursor);
    this.#durably(device, () => {
      const notes: WaveflowNote[] = [];
      for (const { device_id, lamport_ts } of ops) {
        const isOwn = device_id === disk.deviceId;
        disk.lamport = isOwn ? Math.max(disk.lamport, lamport_ts) : Math.max(disk.lamport, lamport_ts) + 1;
      }
      disk.applied = isResync ? [...ops] : [...disk.applied, ...ops];
      disk.cursor = cursor;
      const seen = new Set(ops.map(({ operation_id }) => operation_id));
      const left = disk.queue.filter(({ operation_id }) => seen.has(operation_id));
      disk.queue = disk.queue.filter(({ operation_id }) => !seen.has(operation_id));
      if (left.length > 0) {
        notes.push({
          kind: "dropped",
          operationIds: left.map(({ operation_id }) => operation_id),
          why: "seen",
        });
      }
      const above = disk.accepted.filter(({ id }) => id > cursor);
      if (isHead && above.length > 0) {
        this.#count("put back");
        disk.queue = [...above.map(({ op }) => op), ...disk.queue];
        disk.queue.sort((one, other) => this.#madeAt(one) - this.#madeAt(other));
      }
      disk.accepted = isHead ? [] : above;
      notes.push({ kind: "applied", ops, cursor, via });
      return notes;
    });
  }

  /** Operation ids count up, so their order is the order of the edits. */
  #madeAt({ operation_id }: PushOp): number {
    return Number.parseInt(operation_id.slice(0, 8), 16);
  }

  #deliverFrame(device: Device): void {
    const { frames, disk } = device;
    if (frames === undefined || frames.length === 0) return;
    const luck = this.#pick(12);
    if (luck === 11) {
      this.#fault("frame lost", device.name);
      frames.shift();
      return;
    }
    const place = luck === 10 ? this.#pick(frames.length) : 0;
    if (place > 0) this.#fault("frame late", device.name);
    const [frame] = luck === 9 ? frames : frames.splice(place, 1);
    if (luck === 9) this.#fault("frame repeated", device.name);
    this.#record({ kind: "frame", actor: device.name, frame });
    const { type, op, prev_id: previous } = frame as { type: string; op: LogOp; prev_id: number };
    if (type !== "op" || device.isBusy || previous > disk.cursor || op.id <= disk.cursor) return;
    this.#count("applied from a frame");
    this.#apply(device, { ops: [op], cursor: op.id, isHead: false, via: "socket" });
  }

  #trouble(device: Device): void {
    const kind = this.#pick(16);
    if (kind < 6) this.#compact(device.disk.user);
    else if (kind < 8) this.#crash(device, "killed");
    else if (kind < 10) this.#backup = this.#server.backup();
    else if (kind === 10) this.#restoreServer();
    else if (kind === 11) this.#switchAccount(device);
    else if (kind === 12) this.#copyDisk(device, "restore", structuredClone(device.disk));
    else if (kind === 13 && device.disk.user === "u1") {
      const from = this.#devices[this.#pick(3)]!;
      if (from !== device && from.disk.user === "u1")
        this.#copyDisk(device, "clone", structuredClone(from.disk));
    } else if (kind === 14) {
      this.#crash(device, "its disk is replaced");
      device.disk = emptyDisk(this.#uuid(), device.disk.user);
      device.shelf.clear();
      this.#join(device);
    } else this.#look(device);
  }

  #compact(user: string): void {
    const begunAt = this.#now;
    const done = this.#server.compact(user);
    if (done.deleted > 0) this.#count("compaction");
    if (this.#pick(2) === 0) this.#record({ kind: "compacted", actor: "server", user, begunAt, ...done });
  }

  #restoreServer(): void {
    this.#count("restore");
    this.#record({ kind: "crash", actor: "world", target: "server", text: "its database is restored" });
    for (const message of this.#messages.filter(({ answer }) => answer !== undefined)) {
      this.#giveUp(message, this.#messages.indexOf(message), "reply lost");
    }
    for (const device of this.#devices) device.frames = undefined;
    this.#server.restore(this.#backup);
    this.#fault("restore", "server");
  }

  #switchAccount(device: Device): void {
    if (device.isBusy) return;
    const user = device.disk.user === "u1" ? "u2" : "u1";
    const deviceId = device.disk.deviceId;
    device.shelf.set(device.disk.user, device.disk);
    device.disk = device.shelf.get(user) ?? emptyDisk(deviceId, user);
    device.frames = undefined;
    device.walk = undefined;
    this.#count("account switch");
    this.#join(device);
  }

  #copyDisk(device: Device, fault: "restore" | "clone", disk: Disk): void {
    this.#crash(device, "its disk is replaced");
    device.disk = disk;
    if (fault === "restore" && this.#pick(2) === 1 && disk.queue.length > 0) disk.queue.pop();
    this.#fault(fault, device.name);
    this.#join(device);
  }

  /** Writes to the disk; a crash may come before, or after and before anybody noted it. */
  #durably(device: Device, write: () => readonly WaveflowNote[]): void {
    const luck = this.#isCalm ? 0 : this.#pick(60);
    if (luck === 59) return this.#crash(device, "before a durable step");
    const notes = write();
    if (luck === 58) return this.#crash(device, "after a durable step");
    for (const note of notes) this.#note(device, note);
  }

  #crash(device: Device, text: string): void {
    this.#count("crash");
    device.life++;
    device.isBusy = false;
    device.walk = undefined;
    device.frames = undefined;
    this.#record({ kind: "crash", actor: "world", target: device.name, text });
    this.#record({ kind: "restart", actor: "world", target: device.name });
    if (!text.startsWith("its disk")) this.#join(device);
  }

  #look({ name, disk }: Device): void {
    const confirmed = foldLog(disk.applied);
    const visible = visibleState(overlay(disk));
    this.#record({
      kind: "found",
      actor: name,
      finding: {
        kind: "device",
        user: disk.user,
        deviceId: disk.deviceId,
        connected: true,
        visible,
        confirmed: visibleState(confirmed),
        cursor: disk.cursor,
        acknowledged: disk.cursor,
        lamport: disk.lamport,
        pending: [...disk.queue],
        deadLetters: [...disk.dead],
        parked: [],
      },
    });
  }

  #join({ name, disk }: Device): void {
    this.#record({ kind: "joined", actor: name, user: disk.user, deviceId: disk.deviceId });
  }

  #note(device: Device, note: WaveflowNote): void {
    this.#record({ kind: "noted", actor: device.name, note });
  }

  #fault(fault: string, target: string): void {
    this.#count(fault);
    this.#record({ kind: "fault", actor: "world", fault, target, text: `${fault}: ${target}` });
  }

  #count(what: string): void {
    this.happened.set(what, (this.happened.get(what) ?? 0) + 1);
  }

  #record(event: Bare<WaveflowEvent>): void {
    this.#now += 1;
    this.events.push({ at: this.#now, ...event } as WaveflowEvent);
  }

  #uuid(): string {
    this.#ids++;
    return `${this.#ids.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;
  }
}

const roundsMax = 20;
const turnsMax = 24;

const emptyDisk = (deviceId: string, user: string): Disk => ({
  deviceId,
  user,
  cursor: 0,
  lamport: 0,
  queue: [],
  accepted: [],
  applied: [],
  dead: [],
  resyncDue: false,
});

/** The server's state, what it took and has not sent back, and what waits. */
function overlay({ applied, accepted, queue }: Disk): FoldedState {
  const above = 2 ** 40;
  return foldLog([
    ...applied,
    ...accepted.map(({ id, op }) => ({ ...op, id })),
    ...queue.map((op, index) => ({ ...op, id: above + index })),
  ]);
}
