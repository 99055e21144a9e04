// The sockets. One LISTEN connection per process says which user has news; the news itself is read from the table, so
// a frame is always committed, and a lost notification only makes the frame late.
import pg from "pg";
import { WebSocketServer } from "ws";
import { readAck } from "./input.mjs";
import { CHANNEL, toWire } from "./store.mjs";

const PING_MS = 30_000;
const MAX_BUFFERED = 4 * 1024 * 1024;
const PAGE = 200;
const LONGEST_TIMER = 2 ** 31 - 1;

export function openLive({ databaseUrl, store, acks }) {
  const wss = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024, perMessageDeflate: false });
  const byOwner = new Map(); // owner -> Set of connections
  let stopping = false;
  let listener;

  async function listen() {
    if (stopping) return;
    const client = new pg.Client({ connectionString: databaseUrl, keepAlive: true });
    let lost = false;
    const again = () => {
      if (lost) return;
      lost = true;
      client.end().catch(() => {});
      setTimeout(() => listen(), 500).unref();
    };
    client.on("error", again);
    client.on("end", again);
    client.on("notification", ({ payload }) => wake(payload));
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      listener = client;
      for (const owner of byOwner.keys()) wake(owner); // what was notified while nobody listened
    } catch {
      again();
    }
  }

  function wake(owner) {
    for (const connection of byOwner.get(owner) ?? []) pump(connection);
  }

  const send = (connection, frame) => connection.ws.send(JSON.stringify(frame));

  /** Sends what the connection has not had yet; one at a time for each connection, so frames keep their order. */
  async function pump(connection) {
    connection.news = true;
    if (connection.pumping || connection.sent === null) return;
    connection.pumping = true;
    try {
      while (connection.news && connection.ws.readyState === connection.ws.OPEN) {
        connection.news = false;
        await sendNews(connection);
      }
    } catch {
      setTimeout(() => pump(connection), 500).unref();
    } finally {
      connection.pumping = false;
    }
  }

  async function sendNews(connection) {
    const { owner, device, ws } = connection;
    const state = await store.headOf(owner);
    if (state.mark > connection.mark) {
      if (state.mark > (await acks.seenBy(owner, device))) return sendAway(connection, state.mark);
      connection.mark = state.mark;
    }
    if (state.head < connection.sent) return sendAway(connection, state.mark); // the database went back in time
    const rows = await store.notesAfter(owner, connection.sent, PAGE);
    for (const row of rows) {
      if (ws.readyState !== ws.OPEN) return undefined;
      if (ws.bufferedAmount > MAX_BUFFERED) return closeHard(ws, 1013, "too slow");
      send(connection, { type: "op", prev_id: row.prev_id, op: toWire(row) });
      connection.sent = row.id;
    }
    if (rows.length === PAGE) connection.news = true;
    return undefined;
  }

  function sendAway(connection, mark) {
    send(connection, { type: "resync_required", compacted_up_to: mark });
    closeHard(connection.ws, 4410, "resync required");
  }

  function closeHard(ws, code, reason) {
    ws.close(code, reason);
    setTimeout(() => ws.terminate(), 3000).unref();
  }

  async function receive(connection, data, isBinary) {
    const { owner, device } = connection;
    if (Date.now() >= connection.expiresAt) return; // the timer that closes it may be late
    try {
      if (isBinary) throw new Error("binary frame");
      const lastSeen = readAck(String(data), "ack");
      await store.touch(owner, device);
      await acks.acknowledge(owner, device, lastSeen);
    } catch (error) {
      if (connection.ws.readyState === connection.ws.OPEN) {
        const reason = error.body?.errors?.[0]?.message ?? error.body?.type ?? "frame not usable";
        send(connection, { type: "error", reason });
      }
    }
  }

  function closeAtExpiry(connection) {
    const left = connection.expiresAt - Date.now();
    if (left <= 0) return connection.ws.close(4401, "token expired");
    connection.expiry = setTimeout(() => closeAtExpiry(connection), Math.min(left, LONGEST_TIMER));
    return undefined;
  }

  async function accept(ws, { owner, device, expiresAt }) {
    const connection = {
      ws,
      owner,
      device,
      expiresAt,
      sent: null,
      mark: 0,
      isAlive: true,
      work: Promise.resolve(),
    };
    if (!byOwner.has(owner)) byOwner.set(owner, new Set());
    byOwner.get(owner).add(connection);
    ws.on("error", () => {});
    ws.on("pong", () => {
      connection.isAlive = true;
      store.touch(owner, device).catch(() => {});
    });
    ws.on("message", (data, isBinary) => {
      connection.work = connection.work.then(() => receive(connection, data, isBinary));
    });
    ws.on("close", () => {
      clearTimeout(connection.expiry);
      byOwner.get(owner)?.delete(connection);
      if (byOwner.get(owner)?.size === 0) byOwner.delete(owner);
      connection.work.then(() => acks.flushDevice(owner, device)).catch(() => {});
    });
    closeAtExpiry(connection);
    try {
      const state = await store.headOf(owner);
      if (ws.readyState !== ws.OPEN) return;
      send(connection, { type: "hello", head: state.head });
      Object.assign(connection, { sent: state.head, mark: state.mark });
      pump(connection);
    } catch {
      closeHard(ws, 1011, "no database");
    }
  }

  const connections = () => [...byOwner.values()].flatMap((set) => [...set]);

  function pingAll() {
    for (const connection of connections()) {
      if (!connection.isAlive) {
        connection.ws.terminate();
        continue;
      }
      connection.isAlive = false;
      connection.ws.ping();
    }
  }

  const pings = setInterval(pingAll, PING_MS);
  return {
    start: listen,
    upgrade: (req, socket, head, who) => wss.handleUpgrade(req, socket, head, (ws) => accept(ws, who)),
    async stop() {
      stopping = true;
      clearInterval(pings);
      const open = connections();
      for (const { ws } of open) closeHard(ws, 1001, "server stops");
      await Promise.all(open.map((connection) => connection.work));
      await listener?.end().catch(() => {});
    },
  };
}
