// A WaveFlow sync server as a stranger would write it: from the protocol page alone, in plain JavaScript, with his own
// tables and his own statements. It shares nothing with the project that tests it.
//
//   PORT, HOST               where it listens (default 8080 on 127.0.0.1)
//   DATABASE_URL             PostgreSQL; the tables are made at the start
//   JWT_SECRET               secret of the HS256 tokens
//   SEATRIAL_CONTROL_TOKEN   bearer token of POST /control/compact and POST /control/clock; without it both are 404
//   STALE_AFTER_DAYS         how long a silent device holds compaction up (default 90)
//   DEFECT                   comma-separated; without it the server is meant to be right:
//     no-lock                ids come from the sequence with no lock around the push, so commits overtake each other
//     receipts-die           compaction deletes the receipts of the ops that it deletes
//     two-transactions       compaction deletes in one transaction and raises the watermark in the next
//     ack-in-memory-first    the first ACK of a device waits in memory like the later ones
//     answer-before-commit   the answer to a push leaves before COMMIT is sent
//
// It says nothing when it is ready; GET /healthz answers.
import { createServer } from "node:http";
import { timingSafeEqual } from "node:crypto";
import { openAcks } from "./acks.mjs";
import {
  Refusal,
  identify,
  invalid,
  MAX_BYTES,
  ownerOf,
  queryNumber,
  readAck,
  readControl,
  readPush,
  tooLarge,
} from "./input.mjs";
import { openLive } from "./live.mjs";
import { openStore } from "./store.mjs";

const KNOWN_DEFECTS = [
  "no-lock",
  "receipts-die",
  "two-transactions",
  "ack-in-memory-first",
  "answer-before-commit",
];
const DAY_MS = 86_400_000;
const DEFAULT_PAGE = 500;

const env = process.env;
const defects = new Set((env.DEFECT ?? "").split(",").filter((name) => name !== ""));
for (const name of defects) {
  if (!KNOWN_DEFECTS.includes(name)) fail(`DEFECT ${name} is unknown; known are ${KNOWN_DEFECTS.join(", ")}`);
}
if (!env.DATABASE_URL || !env.JWT_SECRET) fail("DATABASE_URL and JWT_SECRET are needed");

const databaseUrl = env.DATABASE_URL;
const secret = env.JWT_SECRET;
const store = openStore({ databaseUrl, secret, defects });
const acks = openAcks(store, defects);
const live = openLive({ databaseUrl, store, acks });

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

/** Resolves when the bytes are with the operating system. */
function answer(res, status, body, headers = {}) {
  const text = body === undefined ? "" : JSON.stringify(body);
  res.writeHead(status, {
    "Cache-Control": "no-store",
    ...(status === 204
      ? {}
      : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) }),
    ...headers,
  });
  return new Promise((resolve) => {
    res.end(text, resolve);
    res.once("close", resolve);
  });
}

function answerError(error) {
  if (error instanceof Refusal) return error;
  process.stderr.write(`${error?.stack ?? error}\n`);
  return new Refusal(503, { type: "unavailable" });
}

/** The whole body; one that is too long is read to its end and dropped, so that the client gets to hear about it. */
async function readBody(req) {
  const chunks = [];
  let size = 0;
  for await (const chunk of req) {
    size += chunk.length;
    if (size <= MAX_BYTES) chunks.push(chunk);
    if (size > 64 * MAX_BYTES) req.destroy();
  }
  if (size > MAX_BYTES) throw tooLarge();
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw invalid("", "not UTF-8");
  }
}

async function compact(owner) {
  await acks.flushOwner(owner);
  return store.compact(owner);
}

async function compactAll() {
  for (const owner of await store.owners()) await compact(owner);
}

const routes = {
  async "POST /sync/ops"(req, res, who) {
    const ops = readPush(await readBody(req));
    const reply = await store.push(who, ops, (early) => answer(res, 200, early));
    if (!res.headersSent) await answer(res, 200, reply);
  },
  async "GET /sync/ops"(_req, res, who, query) {
    const since = queryNumber(query, "since", 0, Number.MAX_SAFE_INTEGER) ?? 0;
    const limit = queryNumber(query, "limit", 1, 1000) ?? DEFAULT_PAGE;
    await answer(res, 200, await store.pull(who.owner, since, limit, query.get("resync")));
  },
  async "POST /sync/ack"(req, res, who) {
    const lastSeen = readAck(await readBody(req), "last_seen_id");
    await acks.acknowledge(who.owner, who.device, lastSeen);
    await answer(res, 204);
  },
  async "GET /sync/ws"(_req, res) {
    await answer(res, 426, { type: "upgrade_required" }, { Upgrade: "websocket" });
  },
};

const hooks = {
  async "POST /control/compact"(req, res) {
    const { user } = readControl(await readBody(req));
    if (typeof user !== "string") throw invalid("user", "must be a text");
    await answer(res, 200, await compact(ownerOf(user)));
  },
  async "POST /control/clock"(req, res) {
    const { advance_ms: ms } = readControl(await readBody(req));
    if (!Number.isSafeInteger(ms) || ms < 0) throw invalid("advance_ms", "must be an integer from 0");
    await answer(res, 200, { now: await store.advanceClock(ms) });
  },
};

function mayControl(req) {
  const expected = Buffer.from(`Bearer ${env.SEATRIAL_CONTROL_TOKEN ?? ""}`);
  const given = Buffer.from(req.headers.authorization ?? "");
  return (
    Boolean(env.SEATRIAL_CONTROL_TOKEN) &&
    given.length === expected.length &&
    timingSafeEqual(given, expected)
  );
}

async function handle(req, res) {
  const { pathname, searchParams } = new URL(req.url, "http://server");
  const name = `${req.method} ${pathname}`;
  if (name === "GET /healthz") return answer(res, 200, { status: "ok" });
  if (Object.hasOwn(hooks, name) && mayControl(req)) return hooks[name](req, res);
  const known = Object.keys(routes).filter((route) => route.endsWith(` ${pathname}`));
  if (known.length === 0) throw new Refusal(404, { type: "not_found" });
  const who = identify(req, secret);
  await store.touch(who.owner, who.device);
  if (!Object.hasOwn(routes, name)) throw new Refusal(405, { type: "method_not_allowed" });
  return routes[name](req, res, who, searchParams);
}

const server = createServer({ keepAliveTimeout: 65_000 }, (req, res) => {
  handle(req, res).catch((error) => {
    const { status, body, headers } = answerError(error);
    if (!res.headersSent) return answer(res, status, body, headers);
    return undefined;
  });
});

server.on("upgrade", async (req, socket, head) => {
  socket.on("error", () => {});
  try {
    const { pathname, searchParams } = new URL(req.url, "http://server");
    if (pathname !== "/sync/ws") throw new Refusal(404, { type: "not_found" });
    const who = identify(req, secret, searchParams.get("device_id"));
    await store.touch(who.owner, who.device);
    live.upgrade(req, socket, head, who);
  } catch (error) {
    const { status, body, headers } = answerError(error);
    const text = JSON.stringify(body);
    const lines = Object.entries({ ...headers, "Cache-Control": "no-store" }).map(
      ([k, v]) => `${k}: ${v}\r\n`,
    );
    socket.end(
      `HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(text)}\r\n${lines.join("")}\r\n${text}`,
    );
  }
});

let isStopping = false;
async function stop() {
  if (isStopping) return;
  isStopping = true;
  setTimeout(() => process.exit(1), 4000).unref();
  const closed = new Promise((resolve) => server.close(resolve));
  await live.stop();
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 3300))]);
  await acks.stop().catch((error) => process.stderr.write(`ACKs lost: ${error.message}\n`));
  await store.end();
  process.exit(0);
}
process.on("SIGTERM", stop);
process.on("SIGINT", stop);

await store.start();
await live.start();
setInterval(() => compactAll().catch((error) => process.stderr.write(`${error.stack}\n`)), DAY_MS).unref();
server.listen(Number(env.PORT ?? 8080), env.HOST ?? "127.0.0.1");
