// A complete WaveFlow device in one file, written against Seatrial's ports and nothing else: it pushes, pulls and
// acknowledges when it is told to, without a socket. Not the device to ship (it keeps everything in memory and writes
// whole tables), but one that loses nothing.
//
// How it stays right: each `async` method changes memory only after the disk has it, in one step (`#commit`), and every
// answer is read as if anybody could have given it.
import {
  foldLog,
  type ForeignAccount,
  type ForeignDevice,
  type ForeignDevicePorts,
  type ForeignEdit,
  type ForeignEntity,
  type ForeignSession,
  type IncomingReply,
  type LogOp,
  NoAnswer,
  type PullReply,
  type PushOp,
  type PushReply,
  type TableWrite,
  visibleState,
} from "../../index.ts";

/** Which of the pushed operations an answer proves to be with the server, and under which id. */
export type Proof = (reply: IncomingReply, pushed: readonly PushOp[]) => ReadonlyMap<string, number>;

/** Those that it names.  Source: WF-DEV-4. */
export const namedInReply: Proof = (reply, pushed) => {
  const body = jsonOf(reply) as Partial<PushReply> | undefined;
  const results = reply.status === 200 && Array.isArray(body?.results) ? body.results : [];
  const ids = new Map(results.map(({ operation_id, id }) => [operation_id, id]));
  return new Map(pushed.flatMap(({ operation_id: one }) => (ids.has(one) ? [[one, ids.get(one)!]] : [])));
};

/** An edit that the server has taken under this id and that no page has brought back yet. */
interface Taken {
  readonly id: number;
  readonly op: PushOp;
}

/** All that the device keeps. Never changed, only replaced. */
interface Kept {
  readonly deviceId: string;
  readonly cursor: number;
  readonly lamport: number;
  readonly pending: readonly PushOp[];
  readonly taken: readonly Taken[];
  readonly deadLetters: readonly string[];
  /** The log as far as it was read; what compaction removes from it at the server does no harm here. */
  readonly log: readonly LogOp[];
}

const batchSize = 50;
const pageSize = 100;
const turnsMax = 200;

export class TinyDevice implements ForeignDevice {
  readonly #ports: ForeignDevicePorts;
  readonly #proof: Proof;
  #acknowledged = 0;
  #refusedToken: string | undefined;
  #kept: Kept = { deviceId: "", cursor: 0, lamport: 0, pending: [], taken: [], deadLetters: [], log: [] };
  /** Commits wait for each other: an edit may come in the middle of a sync. */
  #lastCommit: Promise<void> = Promise.resolve();

  constructor(ports: ForeignDevicePorts, proof: Proof = namedInReply) {
    this.#ports = ports;
    this.#proof = proof;
  }

  async start(): Promise<void> {
    const tables = await this.#ports.disk.load();
    const kept = tables.get("kept")?.get("kept") as Kept | undefined;
    if (kept !== undefined) this.#kept = kept;
    else await this.#commit(() => ({ deviceId: this.#ports.ids.uuid() }));
  }

  edit({ entityType, entityId, field, value }: ForeignEdit): Promise<void> {
    return this.#make({ entity_type: entityType, entity_id: entityId, op: "upsert", field, value });
  }

  remove({ entityType, entityId }: ForeignEntity): Promise<void> {
    return this.#make({
      entity_type: entityType,
      entity_id: entityId,
      op: "delete",
      field: null,
      value: null,
    });
  }

  async sync(): Promise<void> {
    if ((await this.#pull()) && (await this.#push()) && (await this.#pull())) await this.#acknowledge();
  }

  account(): ForeignAccount {
    const { log, pending, taken, ...rest } = this.#kept;
    const top = Number.MAX_SAFE_INTEGER - pending.length;
    const onTop = pending.map((op, place) => ({ ...op, id: top + place }));
    const overlay = [...log, ...taken.map(({ id, op }) => ({ ...op, id })), ...onTop];
    return {
      ...rest,
      pending,
      acknowledged: this.#acknowledged,
      confirmed: visibleState(foldLog(log)),
      visible: visibleState(foldLog(overlay)),
    };
  }

  #make(content: Omit<PushOp, "operation_id" | "lamport_ts">): Promise<void> {
    const operation_id = this.#ports.ids.uuid();
    return this.#commit(({ lamport, pending }) => {
      const op = { ...content, operation_id, lamport_ts: lamport + 1 };
      return { lamport: lamport + 1, pending: [...pending, op] };
    });
  }

  /** Sends what waits; true when nothing is left. */
  async #push(): Promise<boolean> {
    let size = batchSize;
    for (let turn = 0; turn < turnsMax && this.#kept.pending.length > 0; turn++) {
      const ops = this.#kept.pending.slice(0, size);
      const reply = await this.#ask("POST", "/sync/ops", { ops });
      if (reply === undefined) return false;
      const body = jsonOf(reply) as { type?: string; index?: number; stored_max?: number } | undefined;
      if (body?.type === "lamport_regression") await this.#restamp(body.stored_max ?? 0);
      else if (body?.type !== undefined && [400, 409, 413, 422].includes(reply.status)) {
        const refused = ops.length === 1 ? ops[0] : reply.status === 413 ? undefined : ops[body.index ?? -1];
        if (refused === undefined) size = Math.max(1, Math.floor(size / 2));
        else await this.#bury(refused);
      } else {
        const ids = this.#proof(reply, ops);
        if (ids.size === 0) return false;
        await this.#take(ids);
      }
    }
    return this.#kept.pending.length === 0;
  }

  #take(ids: ReadonlyMap<string, number>): Promise<void> {
    return this.#commit(({ pending, taken, cursor }) => {
      const news = pending.flatMap((op) =>
        ids.has(op.operation_id) ? [{ id: ids.get(op.operation_id)!, op }] : [],
      );
      return {
        pending: pending.filter(({ operation_id }) => !ids.has(operation_id)),
        taken: [...taken, ...news.filter(({ id }) => id > cursor)],
      };
    });
  }

  /** All rows at once, in one step: one alone would leave the next to the same refusal.  Source: WF-DEV-6. */
  #restamp(storedMax: number): Promise<void> {
    return this.#commit(({ lamport, pending }) => {
      const from = Math.max(lamport, storedMax) + 1;
      const stamped = pending.map((op, place) => ({ ...op, lamport_ts: from + place }));
      return { pending: stamped, lamport: from + pending.length - 1 };
    });
  }

  #bury({ operation_id: refused }: PushOp): Promise<void> {
    return this.#commit(({ pending, deadLetters }) => ({
      pending: pending.filter(({ operation_id }) => operation_id !== refused),
      deadLetters: [...deadLetters, refused],
    }));
  }

  /** Reads to the end, page by page; a 410 means from 0 and all at once.  Source: WF-DEV-9, WF-DEV-11. */
  async #pull(): Promise<boolean> {
    let walk: readonly LogOp[] | undefined;
    let since = this.#kept.cursor;
    let token = "";
    for (let turn = 0; turn < turnsMax; turn++) {
      const reply = await this.#ask("GET", `/sync/ops?since=${since}&limit=${pageSize}${token}`);
      if (reply === undefined) return false;
      if (reply.status === 410 && (jsonOf(reply) as { type?: string })?.type === "resync_required") {
        [walk, since, token] = [[], 0, ""];
        continue;
      }
      const page = jsonOf(reply) as Partial<PullReply> | undefined;
      if (reply.status !== 200 || !Array.isArray(page?.ops) || typeof page.head !== "number") return false;
      since = page.has_more === true ? (page.ops.at(-1)?.id ?? since) : page.head;
      if (page.resync !== undefined) token = `&resync=${encodeURIComponent(page.resync)}`;
      if (walk !== undefined) walk = [...walk, ...page.ops];
      if (walk === undefined) await this.#apply(page.ops, since, page.has_more === true);
      else if (page.has_more !== true) await this.#replace(walk, since);
      if (page.has_more !== true) return true;
    }
    return false;
  }

  #apply(ops: readonly LogOp[], cursor: number, isMiddle: boolean): Promise<void> {
    return this.#commit((kept) => ({
      ...seen(ops, { cursor, isMiddle }, kept),
      log: [...kept.log, ...ops.filter(({ id }) => id > kept.cursor)],
      cursor: Math.max(kept.cursor, cursor),
    }));
  }

  #replace(log: readonly LogOp[], cursor: number): Promise<void> {
    this.#acknowledged = 0;
    return this.#commit((kept) => ({ ...seen(log, { cursor, isMiddle: false }, kept), log, cursor }));
  }

  async #acknowledge(): Promise<void> {
    const { cursor } = this.#kept;
    if (cursor === 0 || cursor === this.#acknowledged) return;
    const reply = await this.#ask("POST", "/sync/ack", { last_seen_id: cursor });
    if (reply?.status === 204) this.#acknowledged = cursor;
  }

  /** One exchange; `undefined` without an answer or while signed out. */
  async #ask(method: "GET" | "POST", path: string, body?: unknown): Promise<IncomingReply | undefined> {
    const session: ForeignSession | undefined = this.#ports.session();
    if (session === undefined || session.token === this.#refusedToken) return undefined;
    const headers = { Authorization: `Bearer ${session.token}`, "X-Device-Id": this.#kept.deviceId };
    try {
      const reply = await this.#ports.transport.exchange({
        method,
        server: session.server,
        path,
        headers,
        body,
      });
      // Nothing more until there is another token; a proxy that says 401 has no `type` to say.  Source: WF-DEV-5.
      const isRefused = reply.status === 401 || reply.status === 403;
      if (isRefused && (jsonOf(reply) as { type?: string } | undefined)?.type !== undefined)
        this.#refusedToken = session.token;
      return reply;
    } catch (error) {
      if (error instanceof NoAnswer) return undefined;
      throw error;
    }
  }

  /** Disk first, then memory, one after another. */
  #commit(change: (kept: Kept) => Partial<Kept>): Promise<void> {
    const commit = async (): Promise<void> => {
      const kept = { ...this.#kept, ...change(this.#kept) };
      const write: TableWrite = { kind: "put", table: "kept", key: "kept", value: { ...kept } as never };
      await this.#ports.disk.commit([write]);
      this.#kept = kept;
    };
    const committed = this.#lastCommit.then(commit);
    this.#lastCommit = committed.catch(() => undefined);
    return committed;
  }
}

/** What the log shows needs no proof any more. At its end, what was taken under a higher id was lost with a backup of
 *  the server, and waits again. */
function seen(
  ops: readonly LogOp[],
  { cursor, isMiddle }: { readonly cursor: number; readonly isMiddle: boolean },
  { deviceId, lamport, pending, taken }: Kept,
): Partial<Kept> {
  const shown = new Set(ops.map(({ operation_id }) => operation_id));
  const open = taken.filter(({ id }) => id > cursor);
  const lost = isMiddle ? [] : open.map(({ op }) => op);
  return {
    lamport: ops.reduce((clock, op) => clockAfter(clock, op, deviceId), lamport),
    pending: [...lost, ...pending].filter(({ operation_id }) => !shown.has(operation_id)),
    taken: isMiddle ? open : [],
  };
}

/** Source: WF-DEV-1. */
const clockAfter = (clock: number, { device_id, lamport_ts }: LogOp, own: string): number =>
  Math.max(clock, lamport_ts) + (device_id.toLowerCase() === own ? 0 : 1);

const jsonOf = ({ body }: IncomingReply): unknown => ("json" in body ? body.json : undefined);
