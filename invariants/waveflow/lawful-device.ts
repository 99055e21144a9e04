// A device that keeps WaveFlow's rules, as small as they allow. What it keeps through a crash stands on its disk; a crash may
// come before a durable step, or after it and before anybody noted it.
import { foldLog, visibleState } from "../../protocol/waveflow/fold.ts";
import type { LogOp, OpContent, PullReply, PushOp, PushReply } from "../../protocol/waveflow/types.ts";
import type { WaveflowCall, WaveflowNote } from "./events.ts";
import { type Disk, emptyDisk, overlay } from "./lawful-disk.ts";
import { type LawfulNotebook, placeOf } from "./lawful-notebook.ts";
import { poison } from "./lawful-server.ts";

export class LawfulDevice {
  readonly name: string;
  disk: Disk;
  /** Counts crashes: what belongs to an earlier life has no effect. */
  life = 0;
  /** One exchange at a time. */
  isBusy = false;
  /** Frames on their way; `undefined` without a socket. */
  frames: unknown[] | undefined;
  readonly #notebook: LawfulNotebook;
  readonly #shelf = new Map<string, Disk>();
  #walk: { since: number; resync: string | undefined; readonly ops: LogOp[] } | undefined;

  constructor(name: string, user: string, notebook: LawfulNotebook) {
    this.name = name;
    this.#notebook = notebook;
    this.disk = emptyDisk(notebook.uuid(), user);
    this.join();
  }

  join(): void {
    const { user, deviceId } = this.disk;
    this.#notebook.record({ kind: "joined", actor: this.name, user, deviceId });
  }

  edit(): void {
    const { disk } = this;
    const op: PushOp = {
      operation_id: this.#notebook.uuid(),
      ...this.#drawContent(),
      lamport_ts: disk.lamport + 1,
    };
    this.#durably(() => {
      disk.lamport++;
      disk.queue.push(op);
      return [{ kind: "edited", op }];
    });
  }

  /** What the device asks next, if it has a reason to. */
  nextRequest(what: number): WaveflowCall | undefined {
    const { disk } = this;
    const from = { user: disk.user, device: disk.deviceId };
    switch (what) {
      case 0:
        if (disk.queue.length === 0) return undefined;
        return { ...from, kind: "push", ops: disk.queue.slice(0, 1 + this.#notebook.pick(4)) };
      case 1: {
        if (disk.resyncDue && this.#walk === undefined) {
          this.#walk = { since: 0, resync: undefined, ops: [] };
          this.#note({ kind: "resync-started" });
        }
        const { since, resync } = this.#walk ?? { since: disk.cursor, resync: undefined };
        return { ...from, kind: "pull", since, resync };
      }
      case 2:
        if (disk.cursor === 0) return undefined;
        return { ...from, kind: "ack", lastSeenId: disk.cursor, via: "http" };
      default:
        return { ...from, kind: "socket" };
    }
  }

  /** No answer came. */
  giveUp(): void {
    this.isBusy = false;
    this.#walk = undefined;
  }

  refused(request: WaveflowCall, body: Readonly<Record<string, unknown>>): void {
    const { disk } = this;
    this.#notebook.count(String(body.type));
    if (body.type === "resync_required" || body.type === "ack_beyond_head") {
      this.#walk = undefined;
      disk.resyncDue = true;
    } else if (body.type === "lamport_regression") {
      this.#durably(() => {
        let stamp = Math.max(disk.lamport, body.stored_max as number);
        disk.queue = disk.queue.map((op) => ({ ...op, lamport_ts: ++stamp }));
        disk.lamport = stamp;
        return [{ kind: "restamped", ops: [...disk.queue] }];
      });
    } else if (request.kind === "push") {
      const refused = request.ops[body.index as number]!.operation_id;
      this.#durably(() => {
        disk.queue = disk.queue.filter(({ operation_id }) => operation_id !== refused);
        disk.dead.push(refused);
        return [{ kind: "dead-lettered", operationId: refused, reason: String(body.type) }];
      });
    }
  }

  pushed({ results }: PushReply): void {
    const { disk } = this;
    const ids = new Map(results.map(({ operation_id, id }) => [operation_id, id]));
    this.#durably(() => {
      const left = this.#takeOut((operationId) => ids.has(operationId));
      for (const op of left) {
        const id = ids.get(op.operation_id)!;
        if (id > disk.cursor) disk.accepted.push({ id, op });
      }
      return noteDropped(left, "pushed");
    });
  }

  pulled({ ops, head, has_more: hasMore, resync }: PullReply): void {
    const walk = this.#walk;
    if (walk === undefined) {
      const cursor = hasMore ? ops.at(-1)!.id : head;
      this.#apply({ ops, cursor, isHead: !hasMore, via: "pull" });
      return;
    }
    walk.ops.push(...ops);
    if (hasMore) {
      walk.since = ops.at(-1)!.id;
      walk.resync = resync ?? walk.resync;
      return;
    }
    this.#walk = undefined;
    this.#notebook.count("resync");
    this.disk.resyncDue = false;
    this.#apply({ ops: walk.ops, cursor: head, isHead: true, via: "resync" });
  }

  /** A frame that shows a gap, or comes while something else is under way, is left to the next pull. */
  framed(frame: unknown): void {
    const { disk } = this;
    const { type, op, prev_id: previous } = frame as { type: string; op: LogOp; prev_id: number };
    if (type !== "op" || this.isBusy || previous > disk.cursor || op.id <= disk.cursor) return;
    this.#notebook.count("applied from a frame");
    this.#apply({ ops: [op], cursor: op.id, isHead: false, via: "socket" });
  }

  crash(text: string): void {
    const notebook = this.#notebook;
    notebook.count("crash");
    this.life++;
    this.giveUp();
    this.frames = undefined;
    notebook.record({ kind: "crash", actor: "world", target: this.name, text });
    notebook.record({ kind: "restart", actor: "world", target: this.name });
  }

  switchAccount(): void {
    const { disk } = this;
    const user = disk.user === "u1" ? "u2" : "u1";
    this.#shelf.set(disk.user, disk);
    this.disk = this.#shelf.get(user) ?? emptyDisk(disk.deviceId, user);
    this.giveUp();
    this.frames = undefined;
    this.#notebook.count("account switch");
    this.join();
  }

  /** Goes on with another disk: one from a backup, a copy of somebody's, or an empty one. */
  replaceDisk(disk: Disk, fault: "restore" | "clone" | "reinstall"): void {
    this.crash("its disk is replaced");
    this.disk = disk;
    if (fault === "reinstall") this.#shelf.clear();
    this.#notebook.fault(fault, this.name);
    this.join();
  }

  look(): void {
    const { disk, name } = this;
    this.#notebook.record({
      kind: "found",
      actor: name,
      finding: {
        kind: "device",
        user: disk.user,
        deviceId: disk.deviceId,
        connected: true,
        visible: visibleState(overlay(disk)),
        confirmed: visibleState(foldLog(disk.applied)),
        cursor: disk.cursor,
        acknowledged: disk.cursor,
        lamport: disk.lamport,
        pending: [...disk.queue],
        deadLetters: [...disk.dead],
        parked: [],
      },
    });
  }

  #drawContent(): OpContent {
    const notebook = this.#notebook;
    const entity = { entity_type: "song", entity_id: String(1 + notebook.pick(3)) };
    if (notebook.pick(8) === 7) return { ...entity, op: "delete", field: null, value: null };
    const value = notebook.pick(30) === 29 ? poison : notebook.pick(100);
    return { ...entity, op: "upsert", field: ["title", "rating"][notebook.pick(2)]!, value };
  }

  #apply(step: {
    readonly ops: readonly LogOp[];
    readonly cursor: number;
    readonly isHead: boolean;
    readonly via: "pull" | "socket" | "resync";
  }): void {
    const { disk } = this;
    const { cursor, via, isHead } = step;
    const isResync = via === "resync";
    if (!isResync && cursor <= disk.cursor) return;
    const ops = isResync ? step.ops : step.ops.filter(({ id }) => id > disk.cursor);
    this.#durably(() => {
      for (const { device_id, lamport_ts } of ops) {
        const isOwn = device_id === disk.deviceId;
        disk.lamport = Math.max(disk.lamport, lamport_ts) + (isOwn ? 0 : 1);
      }
      disk.applied = isResync ? [...ops] : [...disk.applied, ...ops];
      disk.cursor = cursor;
      const seen = new Set(ops.map(({ operation_id }) => operation_id));
      const left = this.#takeOut((operationId) => seen.has(operationId));
      this.#settleAccepted(cursor, isHead);
      return [...noteDropped(left, "seen"), { kind: "applied", ops, cursor, via }];
    });
  }

  /** What the server took and no longer has at its head is pending again. */
  #settleAccepted(cursor: number, isHead: boolean): void {
    const { disk } = this;
    const above = disk.accepted.filter(({ id }) => id > cursor);
    disk.accepted = isHead ? [] : above;
    if (!isHead || above.length === 0) return;
    this.#notebook.count("put back");
    disk.queue = [...above.map(({ op }) => op), ...disk.queue];
    disk.queue.sort((one, other) => placeOf(one.operation_id) - placeOf(other.operation_id));
  }

  #takeOut(isOut: (operationId: string) => boolean): readonly PushOp[] {
    const { disk } = this;
    const left = disk.queue.filter(({ operation_id }) => isOut(operation_id));
    disk.queue = disk.queue.filter(({ operation_id }) => !isOut(operation_id));
    return left;
  }

  #durably(write: () => readonly WaveflowNote[]): void {
    const luck = this.#notebook.pickLuck(60);
    const notes = luck === 59 ? [] : write();
    if (luck >= 58) {
      this.crash(luck === 59 ? "before a durable step" : "after a durable step");
      this.join();
      return;
    }
    for (const note of notes) this.#note(note);
  }

  #note(note: WaveflowNote): void {
    this.#notebook.record({ kind: "noted", actor: this.name, note });
  }
}

function noteDropped(left: readonly PushOp[], why: "pushed" | "seen"): readonly WaveflowNote[] {
  if (left.length === 0) return [];
  return [{ kind: "dropped", operationIds: left.map(({ operation_id }) => operation_id), why }];
}
