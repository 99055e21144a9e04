// Histories of a lawful run, drawn from a list of choices: devices that keep the rules (lawful-device.ts) against a
// server that does (lawful-server.ts), with every trouble that the page allows between them. Laws that cry over one of
// these are wrong.
import type { PullReply, PushReply } from "../../protocol/waveflow/types.ts";
import type { WaveflowCall, WaveflowHistory } from "./events.ts";
import { LawfulDevice } from "./lawful-device.ts";
import { emptyDisk } from "./lawful-disk.ts";
import { type Happenings, LawfulNotebook, type Pick } from "./lawful-notebook.ts";
import { type Answer, LawfulServer, type Stored } from "./lawful-server.ts";

export interface LawfulRun {
  readonly history: WaveflowHistory;
  readonly happened: Happenings;
}

/** Runs until `isOver`, then calms down and looks at everybody. */
export function runLawfully(pick: Pick, isOver: () => boolean): LawfulRun {
  const notebook = new LawfulNotebook(pick);
  const world = new LawfulWorld(notebook);
  while (!isOver()) world.step();
  world.settle();
  const { events, happened } = notebook;
  const run = { protocol: "waveflow/1", scenario: "lawful", seed: "0", world: "model", settings: {} };
  return { history: { ...run, events }, happened };
}

/** A request or its answer, on its way. */
interface Message {
  readonly call: number;
  readonly device: LawfulDevice;
  readonly life: number;
  readonly user: string;
  readonly request: WaveflowCall;
  answer: Answer<unknown> | undefined;
  /** Somebody still waits for the answer. */
  isHeard: boolean;
}

class LawfulWorld {
  readonly #notebook: LawfulNotebook;
  readonly #server = new LawfulServer();
  readonly #devices: readonly LawfulDevice[];
  #messages: Message[] = [];
  #backup: unknown = this.#server.backup();

  constructor(notebook: LawfulNotebook) {
    this.#notebook = notebook;
    this.#devices = ["laptop", "phone", "tablet", "stranger"].map(
      (name) => new LawfulDevice(name, name === "stranger" ? "u2" : "u1", notebook),
    );
  }

  step(): void {
    const notebook = this.#notebook;
    const device = this.#devices[notebook.pick(this.#devices.length)]!;
    const action = notebook.pick(100);
    if (action < 22) device.edit();
    else if (action < 66) this.#exchange(device, notebook.pick(4));
    else if (action < 88) this.#progress();
    else if (action < 93) this.#deliverFrame(device);
    else this.#trouble(device);
  }

  /** No more faults: everybody talks to the server until nobody has anything to say, then is looked at. */
  settle(): void {
    const notebook = this.#notebook;
    while (this.#messages.length > 0) this.#progress();
    notebook.isCalm = true;
    notebook.record({ kind: "calm", actor: "world" });
    for (let round = 0; round < roundsMax && this.#waiting().length > 0; round++) {
      for (const device of this.#devices) this.#sync(device);
    }
    const waiting = this.#waiting();
    notebook.record({ kind: "settled", actor: "world", quiet: waiting.length === 0, waiting });
    for (const user of ["u1", "u2"]) {
      const finding = { kind: "log", user, ...this.#server.log(user) } as const;
      notebook.record({ kind: "found", actor: "server", finding });
    }
    for (const device of this.#devices) device.look();
  }

  #waiting(): readonly string[] {
    return this.#devices.flatMap(({ name, disk }) => {
      const { head } = this.#server.log(disk.user);
      const isDone = disk.queue.length === 0 && disk.cursor === head && !disk.resyncDue;
      return isDone ? [] : [`${name}: cursor ${disk.cursor}, head ${head}, ${disk.queue.length} pending`];
    });
  }

  #sync(device: LawfulDevice): void {
    for (let turn = 0; turn < turnsMax; turn++) {
      this.#exchange(device, turn % 3);
      while (this.#messages.length > 0) this.#progress();
    }
  }

  #exchange(device: LawfulDevice, what: number): void {
    const request = device.isBusy ? undefined : device.nextRequest(what);
    if (request === undefined) return;
    device.isBusy = true;
    const call = this.#notebook.nextCall();
    this.#notebook.record({ kind: "invoked", actor: device.name, call, request });
    const { life, disk } = device;
    this.#messages.push({ call, device, life, user: disk.user, request, answer: undefined, isHeard: true });
  }

  /** Moves one message on by one leg. */
  #progress(): void {
    const notebook = this.#notebook;
    if (this.#messages.length === 0) return;
    const message = this.#messages[notebook.pick(this.#messages.length)]!;
    const luck = notebook.pickLuck(20);
    if (message.answer !== undefined) {
      this.#remove(message);
      if (luck >= 18) this.#giveUp(message, "reply lost");
      else this.#hear(message);
    } else if (luck === 19) {
      this.#remove(message);
      this.#giveUp(message, "request lost");
    } else if (luck === 18 && message.isHeard) this.#giveUp(message, "request late");
    else {
      message.answer = this.#serve(message);
      if (luck === 17) this.#repeat(message);
      if (!message.isHeard) this.#remove(message);
    }
  }

  #remove(message: Message): void {
    this.#messages = this.#messages.filter((other) => other !== message);
  }

  /** The device stops waiting. A request that is still on its way takes effect later, and nobody hears the answer. */
  #giveUp(message: Message, fault: string): void {
    const { device, call, life } = message;
    this.#notebook.fault(fault, device.name);
    if (message.isHeard && device.life === life) {
      device.giveUp();
      this.#notebook.record({ kind: "unknown", actor: device.name, call, reason: fault });
    }
    message.isHeard = false;
  }

  #repeat(message: Message): void {
    this.#notebook.fault("request repeated", message.device.name);
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

  #hear({ device, call, request, answer, life, isHeard, user }: Message): void {
    if (!isHeard || device.life !== life) return;
    const notebook = this.#notebook;
    device.isBusy = false;
    const actor = device.name;
    if ("status" in answer!) {
      const { status, body } = answer;
      notebook.record({ kind: "refused", actor, call, status, type: body.type, body });
      device.refused(request, body);
    } else if (request.kind === "push") {
      const reply = answer!.reply as PushReply;
      notebook.record({ kind: "accepted", actor, call, reply: { kind: "push", reply } });
      device.pushed(reply);
    } else if (request.kind === "pull") {
      const reply = answer!.reply as PullReply;
      notebook.record({ kind: "accepted", actor, call, reply: { kind: "pull", reply } });
      device.pulled(reply);
    } else if (request.kind === "ack") {
      notebook.record({ kind: "accepted", actor, call, reply: { kind: "ack" } });
    } else {
      device.frames = [{ type: "hello", head: this.#server.log(user).head }];
      notebook.record({ kind: "accepted", actor, call, reply: { kind: "socket" } });
    }
  }

  #deliverFrame(device: LawfulDevice): void {
    const { frames, name } = device;
    const notebook = this.#notebook;
    if (frames === undefined || frames.length === 0) return;
    const luck = notebook.pick(12);
    if (luck === 11) {
      notebook.fault("frame lost", name);
      frames.shift();
      return;
    }
    const place = luck === 10 ? notebook.pick(frames.length) : 0;
    if (place > 0) notebook.fault("frame late", name);
    if (luck === 9) notebook.fault("frame repeated", name);
    const [frame] = luck === 9 ? frames : frames.splice(place, 1);
    notebook.record({ kind: "frame", actor: name, frame });
    device.framed(frame);
  }

  #trouble(device: LawfulDevice): void {
    const notebook = this.#notebook;
    const kind = notebook.pick(16);
    if (kind < 6) this.#compact(device.disk.user);
    else if (kind < 8) {
      device.crash("killed");
      device.join();
    } else if (kind < 10) this.#backup = this.#server.backup();
    else if (kind === 10) this.#restoreServer();
    else if (kind === 11 && !device.isBusy) device.switchAccount();
    else if (kind === 12) this.#restoreDevice(device);
    else if (kind === 13) {
      const other = this.#devices[notebook.pick(this.#devices.length)]!;
      if (other.disk.user === device.disk.user) device.replaceDisk(structuredClone(other.disk), "clone");
    } else if (kind === 14) device.replaceDisk(emptyDisk(notebook.uuid(), device.disk.user), "reinstall");
    else device.look();
  }

  #compact(user: string): void {
    const notebook = this.#notebook;
    const begunAt = notebook.now;
    const done = this.#server.compact(user);
    if (done.deleted > 0) notebook.count("compaction");
    if (notebook.pick(2) === 0)
      notebook.record({ kind: "compacted", actor: "server", user, begunAt, ...done });
  }

  /** Answers that are on their way die with the process that sent them. */
  #restoreServer(): void {
    const notebook = this.#notebook;
    notebook.record({ kind: "crash", actor: "world", target: "server", text: "its database is restored" });
    for (const message of this.#messages.filter(({ answer }) => answer !== undefined)) {
      this.#remove(message);
      this.#giveUp(message, "reply lost");
    }
    for (const device of this.#devices) device.frames = undefined;
    this.#server.restore(this.#backup);
    notebook.count("server restore");
    notebook.fault("restore", "server");
  }

  /** The backup is as old as its last edit. */
  #restoreDevice(device: LawfulDevice): void {
    const disk = structuredClone(device.disk);
    if (this.#notebook.pick(2) === 1) disk.queue.pop();
    this.#notebook.count("device restore");
    device.replaceDisk(disk, "restore");
  }
}

const roundsMax = 20;
const turnsMax = 24;
