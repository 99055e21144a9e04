// A small WaveFlow device, written from the protocol's page (section 10) and nothing else. It asks in one line of its own:
// push, pull and acknowledge follow one another and never overlap. No socket.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { isId, isKnown, mustWalk, parse, pointedAt, readPage, takenOf } from "./answers.mjs";
import { has } from "./defects.mjs";
import { fold, keyOf, shown } from "./fold.mjs";
import { Store } from "./store.mjs";

const batchMax = 40;
const pageSize = 50;
const stampMax = Number.MAX_SAFE_INTEGER;
const roundsMax = 400;

export class Refused extends Error {}

const emptyAccount = () => ({
  cursor: 0,
  stamp: 0,
  queue: [],
  taken: [],
  dead: [],
  parked: [],
  entities: {},
  owesPull: false,
});

export class Device {
  #store;
  #timers;
  #line = Promise.resolve();
  #acknowledged = 0;
  #refusedToken;
  #isStopped = false;
  #minted = 0;
  #wake;

  constructor({ storage, deviceId, mode = "hybrid", server, user, token, timers = {}, automatic }) {
    this.#store = new Store(storage, {
      deviceId,
      mode: mode === "hybrid" ? mode : "local",
      server,
      user,
      token,
      accounts: {},
    });
    this.#timers = timers;
    if (has("clock-in-memory")) this.#change((mine) => (mine.stamp = 0));
    if (has("forgets-queue")) this.#change((mine) => (mine.queue = []));
    if (automatic) this.#liveOn(timers.backoffFirstMs ?? 1_000);
  }

  get #mine() {
    return this.#store.value.accounts[this.#key()] ?? emptyAccount();
  }

  /** Queue, cursor and clock belong to one server and user. */
  #key(of = this.#store.value) {
    return has("one-for-all") ? "all" : JSON.stringify([of.server, of.user]);
  }

  #change(change) {
    this.#store.commit(
      (all) => {
        const key = this.#key(all);
        all.accounts[key] ??= emptyAccount();
        change(all.accounts[key], all);
      },
      {
        leftOut: (all) =>
          has("forgets-queue") && Object.values(all.accounts).forEach((one) => (one.queue = [])),
      },
    );
  }

  // What its person does.

  edit(type, entity, field, value) {
    this.#make({ entity_type: type, entity_id: entity, op: "upsert", field, value });
  }

  remove(type, entity) {
    this.#make({ entity_type: type, entity_id: entity, op: "delete", field: null, value: null });
  }

  #make(content) {
    if (this.#mine.stamp >= stampMax) throw new Refused("the clock has no stamp left");
    const operation_id = this.#mint();
    this.#change((mine, all) => {
      mine.stamp += 1;
      const op = { ...content, operation_id, lamport_ts: mine.stamp };
      mine.queue.push({ op, isUnshared: all.mode === "local" });
    });
    this.#wake?.();
  }

  #mint() {
    if (!has("reuses-ids")) return randomUUID();
    return `00000000-0000-4000-8000-${this.#store.value.deviceId.slice(0, 4)}${String(++this.#minted).padStart(8, "0")}`;
  }

  setMode(mode) {
    const next = mode === "hybrid" ? "hybrid" : "local";
    const before = this.#store.value.mode;
    if (next === before) return;
    this.#change((mine, all) => {
      all.mode = next;
      if (next !== "hybrid") return;
      // Others' news first, then what was kept back.
      mine.owesPull = true;
      for (const row of mine.queue) row.isUnshared = false;
    });
    this.#isStopped = false;
    this.#wake?.();
  }

  setToken(token) {
    const trimmed = token === null ? null : token.trim();
    if (trimmed !== null && !/^[^\s.]+\.[^\s.]+\.[^\s.]+$/u.test(trimmed))
      throw new Refused("a token has three parts");
    this.#change((mine, all) => {
      all.token = trimmed;
      if (trimmed === null && has("sign-out-forgets")) mine.queue = [];
    });
    this.#refusedToken = undefined;
    this.#isStopped = false;
    this.#wake?.();
  }

  setAccount({ server, user, token }) {
    const trimmed = server.trim().replace(/\/+$/u, "");
    if (trimmed !== "" && !/^https?:\/\/[^\s/?#@]+(?:\/[^\s?#]*)?$/u.test(trimmed))
      throw new Refused("a server is an http or https address");
    this.#store.commit((all) => {
      all.server = trimmed;
      if (trimmed !== "") Object.assign(all, { user, token });
    });
    this.#acknowledged = 0;
    this.#refusedToken = undefined;
    this.#isStopped = false;
    this.#wake?.();
  }

  state() {
    const { deviceId, mode } = this.#store.value;
    const { cursor, queue, dead, parked, stamp } = this.#mine;
    const unshared = queue.filter(({ isUnshared }) => isUnshared).length;
    return {
      entities: this.#visible(),
      pending: queue.length - unshared,
      unshared,
      cursor,
      deadLetters: dead.length,
      parked: parked.length,
      lamport: stamp,
      deviceId,
      mode,
      stopped: this.#isStopped,
    };
  }

  #visible() {
    const { entities, taken, queue } = this.#mine;
    const all = structuredClone(entities);
    for (const { op, id } of taken) fold(all, op, id, { has });
    if (has("remote-hides")) {
      for (const { op } of queue) if (all[keyOf(op)]?.fields[op.field] === undefined) fold(all, op, stampMax);
    } else for (const [place, { op }] of queue.entries()) fold(all, op, stampMax - queue.length + place);
    return shown(all);
  }

  // What it asks its server: one thing after the other.

  push() {
    return this.#inLine(() => this.#push());
  }

  pull() {
    return this.#inLine(() => this.#pull());
  }

  acknowledge() {
    return this.#inLine(() => this.#acknowledge());
  }

  /** A part that fails does not keep the next from being tried. */
  async sync() {
    const parts = [await this.push(), await this.pull(), await this.acknowledge()];
    return parts.every((part) => part === "done");
  }

  #inLine(work) {
    const mine = this.#line.then(work);
    this.#line = mine.catch(() => undefined);
    return mine;
  }

  #mustBeAllowed() {
    const { server, token, mode } = this.#store.value;
    if (server === "") throw new Refused("no server");
    if (token === null) throw new Refused("signed out");
    if (mode === "local" && !has("local-leaks")) throw new Refused("mode local");
    if (this.#isStopped) throw new Refused("stopped by the server");
    if (token === this.#refusedToken && !has("asks-after-401")) throw new Refused("the token was refused");
  }

  async #push() {
    this.#mustBeAllowed();
    const key = this.#key();
    let size = batchMax;
    if (this.#mine.owesPull && (await this.#pull()) !== "done") return "failed";
    for (let round = 0; round < roundsMax; round++) {
      this.#mustBeAllowed();
      if (this.#key() !== key) return "interrupted";
      const ops = this.#mine.queue.filter(({ isUnshared }) => has("local-leaks") || !isUnshared);
      const batch = ops.slice(0, size).map(({ op }) => op);
      if (batch.length === 0) return "done";
      const answer = await this.#ask("POST", "/sync/ops", { ops: batch });
      if (this.#key() !== key) return "interrupted";
      if (answer === undefined) {
        if (has("new-id-on-retry"))
          this.#change((mine) => mine.queue.forEach(({ op }) => (op.operation_id = randomUUID())));
        return "failed";
      }
      const verdict = this.#judge(answer, batch);
      if (verdict.isTaken) this.#take(verdict.ids, answer.body);
      else if (verdict.storedMax !== undefined && !has("no-restamp")) this.#restamp(verdict.storedMax);
      else if (verdict.dead !== undefined) this.#bury(verdict.dead);
      else if (verdict.isTooMuch) size = Math.max(1, Math.floor(batch.length / 2));
      else return "failed";
    }
    return "failed";
  }

  #judge({ status, body }, batch) {
    if (status === 200) return takenOf(body, batch);
    const type = typeof body?.type === "string" ? body.type : undefined;
    if (status === 409 && type === "lamport_regression" && isId(body.stored_max))
      return { storedMax: body.stored_max };
    const isForGood =
      status === 413 ||
      (status === 422 && type === "invalid_op") ||
      (status === 400 && (type === "invalid_request" || has("any-400"))) ||
      (status === 409 && type === "operation_conflict");
    if (!isForGood || has("poison-blocks")) return {};
    if (batch.length === 1) return { dead: batch[0] };
    const named = status === 413 ? undefined : pointedAt(body, batch);
    return named === undefined ? { isTooMuch: true } : { dead: named };
  }

  #take(ids, body) {
    this.#change((mine) => {
      for (const { op } of mine.queue) {
        const id = ids.get(op.operation_id.toLowerCase());
        if (id !== undefined && id > mine.cursor) mine.taken.push({ op, id });
      }
      mine.queue = mine.queue.filter(({ op }) => !ids.has(op.operation_id.toLowerCase()));
      mine.taken.sort((left, right) => left.id - right.id);
      if (has("cursor-from-push")) mine.cursor = Math.max(mine.cursor, body?.head ?? 0);
    });
  }

  #restamp(storedMax) {
    this.#change((mine) => {
      mine.stamp = Math.max(mine.stamp, storedMax);
      for (const { op } of mine.queue) op.lamport_ts = ++mine.stamp;
    });
  }

  #bury(op) {
    this.#change((mine) => {
      mine.queue = mine.queue.filter((row) => row.op.operation_id !== op.operation_id);
      mine.dead.push(op);
    });
  }

  async #pull() {
    this.#mustBeAllowed();
    const key = this.#key();
    for (let page = 0; page < roundsMax; page++) {
      this.#mustBeAllowed();
      const since = this.#mine.cursor;
      const answer = await this.#ask("GET", `/sync/ops?since=${since}&limit=${pageSize}`);
      if (this.#key() !== key) return "interrupted";
      if (mustWalk(answer, since)) return has("ignores-410") ? "done" : this.#walk(key);
      const reply = readPage(answer, since);
      if (reply === undefined) return "failed";
      if (has("parks-nothing") && reply.ops.some((op) => !isKnown(op))) return "failed";
      if (has("cursor-first")) await this.#skipAhead(reply);
      this.#change((mine) => this.#apply(mine, reply));
      if (!reply.has_more) return "done";
    }
    return "failed";
  }

  /** The mistake: the head is kept before what leads there has come. */
  async #skipAhead(reply) {
    const before = this.#mine.cursor;
    this.#change((mine) => (mine.cursor = reply.head));
    await this.#ask("GET", `/sync/ops?since=${reply.head}&limit=1`);
    this.#store.value.accounts[this.#key()].cursor = before;
  }

  #apply(mine, { ops, head, has_more: hasMore }) {
    for (const op of ops) {
      this.#receive(mine, op);
      const isOwn = String(op.device_id).toLowerCase() === this.#store.value.deviceId.toLowerCase();
      if (!isOwn && isId(op.lamport_ts) && !has("deaf-clock"))
        mine.stamp = Math.min(Math.max(mine.stamp, op.lamport_ts) + 1, stampMax);
    }
    mine.cursor = hasMore ? ops.at(-1).id : Math.max(head, mine.cursor);
    mine.taken = mine.taken.filter(({ id }) => id > mine.cursor);
    if (!hasMore) mine.owesPull = false;
  }

  /** What is seen needs no more sending; what cannot be understood is set aside. */
  #receive(mine, op) {
    const id = String(op.operation_id).toLowerCase();
    mine.queue = mine.queue.filter((row) => row.op.operation_id.toLowerCase() !== id);
    mine.taken = mine.taken.filter((row) => row.op.operation_id.toLowerCase() !== id);
    if (!isKnown(op)) mine.parked = [...mine.parked.filter((one) => one.id !== op.id), op];
    else if (!has("mine-by-device") || op.device_id !== this.#store.value.deviceId)
      fold(mine.entities, op, op.id, { has });
  }

  /** Everything anew, in memory, and then in one step. Queue, clock and device id stay as they are. */
  async #walk(key) {
    for (let walk = 1; walk <= 5; walk++) {
      const ops = [];
      let since = 0;
      let resync;
      for (let page = 0; page < roundsMax; page++) {
        this.#mustBeAllowed();
        const token = resync === undefined ? "" : `&resync=${encodeURIComponent(resync)}`;
        const answer = await this.#ask("GET", `/sync/ops?since=${since}&limit=${pageSize}${token}`);
        if (this.#key() !== key) return "interrupted";
        if (answer?.status === 410) break;
        const reply = readPage(answer, since);
        if (reply === undefined) return "failed";
        ops.push(...reply.ops);
        if (!reply.has_more) {
          this.#replace(ops, reply.head);
          return "done";
        }
        since = reply.ops.at(-1).id;
        resync = reply.resync ?? resync;
      }
      await new Promise((resolve) => setTimeout(resolve, 50 * walk));
    }
    return "failed";
  }

  #replace(ops, head) {
    this.#acknowledged = 0;
    this.#change((mine) => {
      mine.entities = {};
      mine.parked = [];
      if (has("resync-wipes")) mine.queue = [];
      for (const op of ops) this.#receive(mine, op);
      mine.cursor = head;
      // Taken above this head, and not in the log: the server has lost it with a backup, so it waits again.
      const lost = mine.taken.filter(({ id }) => id > head).map(({ op }) => ({ op, isUnshared: false }));
      mine.taken = [];
      if (lost.length > 0) {
        mine.queue = [...lost, ...mine.queue];
        for (const { op } of mine.queue) op.lamport_ts = ++mine.stamp;
      }
      mine.owesPull = false;
    });
  }

  async #acknowledge() {
    this.#mustBeAllowed();
    const key = this.#key();
    const { cursor } = this.#mine;
    const claimed = has("acks-ahead") && this.#head > cursor ? this.#head : cursor;
    if (claimed === 0 || claimed === this.#acknowledged) return "done";
    const answer = await this.#ask("POST", "/sync/ack", { last_seen_id: claimed });
    if (answer?.status !== 204 || this.#key() !== key) return "failed";
    this.#acknowledged = claimed;
    return "done";
  }

  #head = 0;

  /** One exchange; undefined without an answer. */
  async #ask(method, path, body) {
    const { server, token, deviceId } = this.#store.value;
    const headers = { authorization: `Bearer ${token}`, "x-device-id": deviceId };
    if (body !== undefined) headers["content-type"] = "application/json";
    let answer;
    try {
      const reply = await fetch(server + path, {
        method,
        headers,
        redirect: "manual",
        signal: AbortSignal.timeout(this.#timers.requestTimeoutMs ?? 10_000),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      answer = { status: reply.status, body: parse(await reply.text()) };
    } catch {
      return undefined;
    }
    if (isId(answer.body?.head)) this.#head = Math.max(this.#head, answer.body.head);
    // A page of a portal says 401 as well, and has no `type` to say.
    const isServers = typeof answer.body?.type === "string";
    if (answer.status === 401 && isServers) this.#refusedToken = token;
    if (answer.status === 403 && isServers) this.#isStopped = true;
    return answer;
  }

  /** Its own loop: at once when something was written, else at intervals, later and later while it fails. */
  async #liveOn(firstMs) {
    const { syncIntervalMs = 30_000, backoffMaxMs = 60_000 } = this.#timers;
    let pauseMs = firstMs;
    for (;;) {
      const isFine = await this.sync().catch(() => false);
      pauseMs = isFine ? firstMs : Math.min(pauseMs * 2, backoffMaxMs);
      const pause = new AbortController();
      if (isFine) this.#wake = () => pause.abort();
      await sleep(isFine ? syncIntervalMs : pauseMs, undefined, { signal: pause.signal }).catch(() => {});
      this.#wake = undefined;
    }
  }
}
