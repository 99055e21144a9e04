// GET /sync/ws. A socket has read the log up to some id, and whatever is committed above it is read from the table and
// sent, in order, whoever wrote it: this process, or another one on the same file.
import { moveCursor } from "./acknowledge.mjs";
import { defect } from "./defects.mjs";
import { integerOf, readJson } from "./json.mjs";
import { headOf } from "./push.mjs";
import { Refusal } from "./refusal.mjs";
import { opText } from "./store.mjs";

/** How often the file is asked whether others have written.  Units: milliseconds. */
const lookEvery = 20;
const pingEvery = 30_000;
/** How long a pong may take.  Units: milliseconds. */
const pongWithin = 20_000;
/** What may wait for a reader.  Units: bytes. */
const backlogMax = 16 * 2 ** 20;
/** The longest timer there is.  Units: milliseconds. */
const timerMax = 2 ** 31 - 1;

export class Sockets {
  #context;
  #open = new Set();
  #version;
  #ahead = 0;
  #timers;

  constructor({ store, memory }) {
    this.#context = { store, memory };
    this.#version = store.version();
    this.#ahead = store.ahead();
    this.#timers = [setInterval(() => this.#look(), lookEvery), setInterval(() => this.ping(), pingEvery)];
  }

  /** Takes over a socket whose caller is known. */
  join(socket, caller) {
    const { store } = this.#context;
    const { last_id: head, compacted } = store.account(caller.owner);
    const member = { socket, caller, sent: head, compacted, isAlive: true };
    if (!defect("no-hello")) socket.send(`{"server":"neighbour","head":${head},"type":"hello"}`);
    this.#open.add(member);
    socket.on("message", (data, isBinary) => this.#hear(member, isBinary ? undefined : String(data)));
    socket.on("pong", () => {
      member.isAlive = true;
      if (!defect("pongs-are-no-contact")) store.touch(caller.owner, caller.device);
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#open.delete(member);
      clearTimeout(member.end);
    });
    if (defect("resync-at-connect") && store.acknowledged(caller.owner, caller.device) < compacted) {
      this.#sendAway(member, compacted);
    }
    if (!defect("sockets-outlive-their-token")) this.#endWith(member);
  }

  /** Something of this user has been committed, or compacted. */
  tell(owner) {
    for (const member of this.#open) if (member.caller.owner === owner) this.#deliver(member);
  }

  /** One frame to a user's sockets, whatever they have read. */
  sendTo(owner, row) {
    for (const member of this.#open) if (member.caller.owner === owner) this.#send(member, row);
  }

  /** Asks everybody for a sign of life; whoever has owed one for long is gone. Resolves when those who answer at once
   *  have. */
  async ping() {
    for (const member of this.#open) {
      const isAsked = !member.isAlive;
      if (isAsked && performance.now() - member.askedAt > pongWithin) member.socket.terminate();
      if (!isAsked) member.askedAt = performance.now();
      member.isAlive = false;
      if (member.socket.readyState === member.socket.OPEN) member.socket.ping();
    }
    const waiting = () => [...this.#open].some(({ isAlive }) => !isAlive);
    for (let round = 0; round < 20 && waiting(); round++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  end() {
    for (const timer of this.#timers) clearInterval(timer);
    for (const { socket } of this.#open) socket.close(1001, "the server goes down");
  }

  #look() {
    if (this.#open.size === 0) return;
    const { store } = this.#context;
    const ahead = store.ahead();
    if (ahead !== this.#ahead) void this.ping();
    this.#ahead = ahead;
    const version = store.version();
    if (version === this.#version || defect("others-go-unheard")) return;
    this.#version = version;
    for (const member of this.#open) this.#deliver(member);
  }

  #deliver(member) {
    const { store } = this.#context;
    if (member.socket.readyState !== member.socket.OPEN) return;
    const { owner, device } = member.caller;
    const rows = store.entriesAfter(owner, member.sent);
    const { compacted } = store.account(owner);
    if (defect("frames-newest-first")) rows.reverse();
    for (const row of rows) if (!defect("no-frames")) this.#send(member, row);
    if (defect("frames-to-everybody")) {
      for (const other of this.#open)
        if (other.caller.owner !== owner) for (const row of rows) this.#send(other, row);
    }
    if (compacted > member.compacted) {
      member.compacted = compacted;
      const isBehind = store.acknowledged(owner, device) < compacted;
      if (isBehind && !defect("watermark-untold")) this.#sendAway(member, compacted);
    }
    if (member.socket.bufferedAmount > backlogMax) member.socket.close(1013, "too slow");
  }

  #send(member, row) {
    const before = defect("previous-id-forgotten") ? 0 : row.id - 1;
    member.socket.send(`{"op":${opText(row)},"prev_id":${before},"type":"op"}`);
    member.sent = Math.max(member.sent, row.id);
  }

  #sendAway({ socket }, compacted) {
    if (!defect("closed-without-a-word")) {
      socket.send(`{"type":"resync_required","why":"compaction","compacted_up_to":${compacted}}`);
    }
    socket.close(4410, "read from 0");
  }

  #endWith(member) {
    const left = member.caller.expiresAtMs - Date.now();
    const wait = Math.min(Math.max(left, 0), timerMax);
    member.end = setTimeout(() => {
      if (left > timerMax) this.#endWith(member);
      else member.socket.close(4401, "the token has expired");
    }, wait);
  }

  #hear({ socket, caller }, text) {
    const { store } = this.#context;
    try {
      store.touch(caller.owner, caller.device);
      const root = text === undefined ? undefined : readJson(text);
      const id = root?.kind === "object" ? integerOf(root.members.get("ack")) : undefined;
      if (id === undefined || id < 0) {
        if (defect("bad-frames-end-the-socket")) return socket.close(1008, "what?");
        socket.send('{"reason":"only acks are heard here","type":"error"}');
      } else if (!defect("socket-acks-unheard")) {
        moveCursor(this.#context, caller, id);
      }
    } catch (error) {
      const reason = error instanceof Refusal ? error.body.type : "try again";
      socket.send(JSON.stringify({ type: "error", head: headOf(store, caller.owner), reason }));
    }
  }
}
