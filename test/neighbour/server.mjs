// A WaveFlow server that shares nothing with the one of this project but the page that both were written from. README.md
// says how it is started and in which ways it differs.
import { createServer, STATUS_CODES } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocketServer } from "ws";
import { acknowledge } from "./acknowledge.mjs";
import { compact } from "./compaction.mjs";
import { defect } from "./defects.mjs";
import { integerOf, readJson } from "./json.mjs";
import { pull } from "./pull.mjs";
import { bytesMax, push, tooLarge } from "./push.mjs";
import { malformed, Refusal } from "./refusal.mjs";
import { Sockets } from "./sockets.mjs";
import { Store } from "./store.mjs";
import { callerOf } from "./tokens.mjs";

const { env } = process;
const secret = env.JWT_SECRET ?? "";
if (secret === "") {
  process.stderr.write("neighbour: JWT_SECRET is needed, the secret that tokens are signed with (HS256)\n");
  process.exit(2);
}

const flag = (name) => {
  const place = process.argv.indexOf(`--${name}`);
  return place < 0 ? undefined : process.argv[place + 1];
};

/** Of a database's address only the name counts: the way to it may differ from process to process. */
function fileOf() {
  const root = flag("data-root") ?? join(tmpdir(), "waveflow-neighbour");
  const name = env.DATABASE_URL === undefined ? "default" : new URL(env.DATABASE_URL).pathname.slice(1);
  return flag("data") ?? join(root, `${encodeURIComponent(name)}.sqlite`);
}

const memory = {
  heads: new Map(),
  watermarks: new Map(),
  receipts: new Map(),
  counters: new Map(),
  later: (ms, work) => setTimeout(work, ms).unref(),
};
const store = new Store(fileOf());
const sockets = new Sockets({ store, memory });
const context = { store, sockets, memory, secret };

// Routes. Each answers `{status, body}` with a body as JSON text.

const sync = {
  "POST /sync/ops": async (caller, { text }) =>
    okay(JSON.stringify(await push(context, caller, await text()))),
  "GET /sync/ops": (caller, { url }) => okay(pull(context, caller, url.searchParams)),
  "POST /sync/ack": async (caller, { text }) => {
    acknowledge(context, caller, await text());
    return { status: 204 };
  },
  "GET /sync/ws": () => {
    throw new Refusal(426, "upgrade_required", {}, { Upgrade: "websocket" });
  },
};

const control = {
  "POST /control/compact": async ({ text }) => {
    const user = readJson(await text())?.members?.get("user")?.value;
    if (typeof user !== "string") throw malformed("/user", "a text is needed");
    return okay(JSON.stringify(await compact(context, JSON.stringify(user))));
  },
  "POST /control/clock": async ({ text }) => {
    const byMs = integerOf(readJson(await text())?.members?.get("advance_ms"));
    if (byMs === undefined || byMs < 0) throw malformed("/advance_ms", "an integer from 0");
    const now = store.advance(byMs);
    if (byMs > 0) await sockets.ping();
    return okay(JSON.stringify({ now: new Date(now).toISOString() }));
  },
};

const okay = (body) => ({ status: 200, body });

async function answer(request, url) {
  const key = `${request.method} ${url.pathname}`;
  const text = () => textOf(request);
  if (key === "GET /healthz") return okay('{"up":true}');
  if (url.pathname.startsWith("/control/") && mayControl(request) && Object.hasOwn(control, key)) {
    return control[key]({ text });
  }
  const methods = ["GET", "POST"].filter((method) => Object.hasOwn(sync, `${method} ${url.pathname}`));
  if (methods.length === 0) throw new Refusal(404, "nothing_here");
  const caller = callerOf(request, url, secret);
  if (!defect("refusals-are-no-contact")) store.touch(caller.owner, caller.device);
  if (!Object.hasOwn(sync, key)) throw new Refusal(405, "wrong_method", {}, { Allow: methods.join(", ") });
  const reply = await sync[key](caller, { text, url });
  if (defect("refusals-are-no-contact")) store.touch(caller.owner, caller.device);
  return reply;
}

function mayControl({ headers }) {
  const token = env.SEATRIAL_CONTROL_TOKEN ?? "";
  return defect("hooks-open") || (token !== "" && headers.authorization === `Bearer ${token}`);
}

/** The body as text. One that is too long is heard to its end, so that its sender hears the answer. */
async function textOf(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length <= bytesMax) chunks.push(chunk);
    if (length > 64 * bytesMax) request.destroy();
  }
  if (length > bytesMax) throw tooLarge();
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch {
    throw malformed("", "not UTF-8");
  }
}

/** What an error is answered with. Only what is no Refusal is the server's own fault. */
function answerTo(error) {
  if (error instanceof Refusal) {
    return { status: error.status, headers: error.headers, body: JSON.stringify(error.body) };
  }
  process.stderr.write(`neighbour: ${error?.stack ?? error}\n`);
  const isBusy = String(error?.message).includes("database is locked");
  return { status: isBusy ? 503 : 500, body: JSON.stringify({ detail: "our fault", type: "failed" }) };
}

function headersOf({ status, headers = {}, body }) {
  const type = status < 400 ? "application/json;charset=UTF-8" : "application/problem+json";
  const kept = { "Cache-Control": "private, no-store", ...headers };
  return body === undefined
    ? kept
    : { ...kept, "Content-Type": type, "Content-Length": Buffer.byteLength(body) };
}

const urlOf = (request) => {
  try {
    return new URL(`http://neighbour${request.url}`);
  } catch {
    throw malformed("", "not an address");
  }
};

const server = createServer(
  { shouldUpgradeCallback: ({ method, url }) => method === "GET" && /^\/sync\/ws(?:\?|$)/u.test(url) },
  async (request, response) => {
    let reply;
    try {
      reply = await answer(request, urlOf(request));
    } catch (error) {
      reply = answerTo(error);
    }
    if (!request.complete) request.resume();
    response.writeHead(reply.status, headersOf(reply)).end(reply.body);
  },
);

const upgrades = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: bytesMax });
server.on("upgrade", (request, socket, head) => {
  socket.on("error", () => undefined);
  try {
    const caller = callerOf(request, urlOf(request), secret);
    store.touch(caller.owner, caller.device);
    upgrades.handleUpgrade(request, socket, head, (joined) => sockets.join(joined, caller));
  } catch (error) {
    const reply = answerTo(error);
    const headers = { ...headersOf(reply), Connection: "close" };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(
      `HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status]}\r\n${lines.join("")}\r\n${reply.body}`,
    );
  }
});

const nightly = setInterval(() => {
  for (const owner of store.owners()) void compact(context, owner);
}, 86_400_000);

function stop() {
  clearInterval(nightly);
  sockets.end();
  server.close();
  server.closeIdleConnections();
  setTimeout(() => {
    store.close();
    process.exit(0);
  }, 200);
}

process.once("SIGTERM", stop);
process.once("SIGINT", stop);
server.listen(Number(flag("port") ?? env.PORT ?? 8080), env.HOST ?? "127.0.0.1");
