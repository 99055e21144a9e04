// One request and its answer on their way through the proxy.
//
// Undisturbed, both stream through as they come. Where something is to happen to them, the request is first taken whole
// and the client's part ends there: from then on the message has a life of its own, may be late, arrive twice, or arrive
// after its sender is gone. The server's answer is heard by whoever still waits.
import {
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  request as httpRequest,
  type ServerResponse,
} from "node:http";
import type { ExchangeFate } from "../../../actors/exchange-fate.ts";
import type { Life } from "../life.ts";
import type { ClientConnection } from "./client-connection.ts";
import {
  forwardHeaders,
  type HeldReply,
  type HeldRequest,
  impostorBytes,
  pairs,
  readReply,
  readRequest,
  replyHead,
  sendHead,
  writeHalf,
  writeHead,
  writeReply,
} from "./messages.ts";
import { resetSocket, type Sockets } from "./sockets.ts";
import type { Ways } from "./ways.ts";
import type { ExchangeTap, WireTap } from "./wire-tap.ts";

/** What the messages of one device meet. */
export interface Setting {
  readonly device: string;
  /** Where its server listens at this moment; `undefined` while it is down. */
  readonly target: () => URL | undefined;
  readonly ways: Ways;
  /** Messages under way end with it. */
  readonly run: Life;
  /** The connections to servers. */
  readonly servers: Sockets;
  readonly tap?: WireTap | undefined;
}

export interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly connection: ClientConnection;
  /** The client waits to be told to send its body. */
  readonly isExpectant: boolean;
}

/** A server may take this long over a request whose sender has left.  Units: milliseconds. */
const unheardAnswerMaxMs = 60_000;
/** Longer header lines than any server takes are passed on, for it to refuse them.  Units: bytes. */
export const headerBytesMax = 256 * 1_024;

/** Carries the exchange; `fate` is `undefined` for an undisturbed one. */
export function carryExchange(setting: Setting, asked: Asked, fate: ExchangeFate | undefined): void {
  const over = asked.connection.asks();
  asked.response.once("close", over);
  const isFree = setting.ways.verdict(setting.device, "to-server") === "pass";
  if (fate === undefined && isFree) passThrough(setting, asked);
  else void disturb(setting, asked, fate ?? undisturbed);
}

export const undisturbed: ExchangeFate = {
  requestDelayMs: 0,
  replyDelayMs: 0,
  isRequestLost: false,
  isReplyLost: false,
  duplicateAfterMs: undefined,
  impostor: undefined,
  fault: undefined,
};

/** Ends the client's connection as a server does that is not there, or not any more. */
export function reset(response: ServerResponse): void {
  const { socket } = response;
  if (socket !== null) resetSocket(socket);
}

/** Streams both ways. The server's connection is the pair of the client's. */
function passThrough(setting: Setting, asked: Asked): void {
  const { request, response, connection, isExpectant } = asked;
  const target = setting.target();
  const head = headOf(request);
  const tapped = setting.tap?.exchange({ device: setting.device, ...head });
  if (target === undefined) {
    tapped?.lost("request", nobodyListens);
    reset(response);
    return;
  }
  tapped?.arrives();
  if (tapped !== undefined) request.on("data", (chunk: Buffer) => tapped.sent(chunk));
  const upstream = openRequest(setting, target, { ...head, agent: connection.agent });
  let isAnswered = false;
  const served = connection.serves();
  upstream.once("close", () => {
    served();
    if (!isAnswered) reset(response);
  });
  upstream.once("socket", (socket) => {
    if (setting.servers.add(socket)) socket.once("close", () => connection.serverClosed());
  });
  upstream.on("error", () => reset(response));
  upstream.on("response", (reply) => {
    isAnswered = true;
    tapped?.answered(reply);
    passReply(setting, { response, reply, tapped });
  });
  if (isExpectant) upstream.on("continue", () => response.writeContinue());
  sendHead(upstream);
  const stream = watchStream(setting, "to-server", { from: request, to: upstream });
  request.once("end", () => {
    stream.cancel();
    if (request.rawTrailers.length > 0) upstream.addTrailers(pairs(request.rawTrailers));
  });
  request.pipe(upstream);
  onLeave(response, () => {
    stream.cancel();
    // A request that broke off breaks off at the server too. One that is whole has arrived, whoever has left.
    if (!request.complete || isAnswered) upstream.destroy();
    else {
      const late = setting.run.after(unheardAnswerMaxMs, () => upstream.destroy());
      upstream.once("close", () => late.cancel());
    }
  });
}

/** Why a request never arrived. */
export const nobodyListens = "nobody listened";

function passReply(
  setting: Setting,
  passing: {
    readonly response: ServerResponse;
    readonly reply: IncomingMessage;
    readonly tapped: ExchangeTap | undefined;
  },
): void {
  const { ways, device } = setting;
  const { response, reply, tapped } = passing;
  const isGone = response.destroyed || response.socket === null;
  const verdict = ways.verdict(device, "to-device");
  if (isGone || verdict === "drop") {
    tapped?.lost("reply", isGone ? "nobody waited any more" : "partition");
    // An answer without an end would keep the server's connection for ever.
    if (isGone) reply.destroy();
    else reply.resume();
    return;
  }
  if (verdict === "hold") {
    void readReply(reply).then((held) => {
      if (held !== undefined) ways.travel(device, "to-device", 0, () => answer(response, held));
    });
    return;
  }
  writeHead(response, replyHead(reply));
  sendHead(response);
  const stream = watchStream(setting, "to-device", { from: reply, to: response });
  reply.once("end", () => {
    stream.cancel();
    if (reply.rawTrailers.length > 0) response.addTrailers(pairs(reply.rawTrailers));
  });
  // Not a clean end: the client is to see that something is missing.
  reply.once("error", () => response.socket?.destroy());
  reply.pipe(response);
}

/** A partition stops what is streaming, for good or until it heals. */
function watchStream(
  { ways, device }: Setting,
  direction: "to-server" | "to-device",
  { from, to }: { readonly from: IncomingMessage; readonly to: NodeJS.WritableStream },
): { cancel(): void } {
  return ways.watch({
    device,
    direction,
    stop: (verdict) => {
      from.unpipe(to);
      if (verdict === "drop") from.resume();
      else ways.hold(device, () => void from.pipe(to));
    },
  });
}

async function disturb(setting: Setting, asked: Asked, fate: ExchangeFate): Promise<void> {
  const { ways, device } = setting;
  const { request, response } = asked;
  if (asked.isExpectant) response.writeContinue();
  const held = await readRequest(request);
  if (held === undefined) {
    reset(response);
    return;
  }
  const { impostor, requestDelayMs, replyDelayMs } = fate;
  const tapped = setting.tap?.exchange({ device, ...held, fault: fate.fault });
  tapped?.sent(held.body);
  // Until it is at the server it may be lost in many ways.
  tapped?.lost("request", fate.fault ?? "partition");
  if (impostor !== undefined && !impostor.withEffect) {
    ways.after(requestDelayMs + replyDelayMs, () => answer(response, impostorBytes(impostor)));
    return;
  }
  const duplicate = (afterMs: number): void =>
    ways.travel(device, "to-server", afterMs, () => {
      const copy = setting.tap?.exchange({ device, ...held, fault: fate.fault, isCopy: true });
      copy?.sent(held.body);
      sendWhole(setting, held, copy).reply.catch(() => undefined);
    });
  const { duplicateAfterMs, breaksAt } = fate;
  if (fate.isRequestLost) return;
  if (breaksAt === "request") {
    ways.after(requestDelayMs + replyDelayMs, () => reset(response));
    return;
  }
  ways.travel(device, "to-server", requestDelayMs, () => {
    const { sent, reply } = sendWhole(setting, held, tapped);
    // At once means right behind: on a connection of its own it must not overtake the first.
    if (duplicateAfterMs === 0) void sent.then(() => duplicate(0));
    reply.then(
      (served) => {
        if (fate.isReplyLost || breaksAt !== undefined || impostor !== undefined)
          tapped?.lost("reply", fate.fault ?? "");
        if (fate.isReplyLost) return;
        ways.travel(device, "to-device", replyDelayMs, () => {
          if (breaksAt === "reply") reset(response);
          else if (breaksAt === "body") breakOff(response, served);
          else answer(response, impostor === undefined ? served : impostorBytes(impostor));
        });
      },
      () => reset(response),
    );
  });
  if (duplicateAfterMs !== undefined && duplicateAfterMs > 0) duplicate(requestDelayMs + duplicateAfterMs);
}

function answer(response: ServerResponse, reply: HeldReply): void {
  if (!response.destroyed && response.socket !== null) writeReply(response, reply);
}

function breakOff(response: ServerResponse, reply: HeldReply): void {
  if (!response.destroyed && response.socket !== null) writeHalf(response, reply);
}

/** Sends a request on a connection of its own. `sent` is settled when it has left, or cannot.
 *  `reply` rejects when no whole answer came. */
function sendWhole(
  setting: Setting,
  held: HeldRequest,
  tapped: ExchangeTap | undefined,
): { readonly sent: Promise<void>; readonly reply: Promise<HeldReply> } {
  const sent = Promise.withResolvers<void>();
  const replied = Promise.withResolvers<HeldReply>();
  const target = setting.target();
  if (target === undefined) {
    tapped?.lost("request", nobodyListens);
    sent.resolve();
    replied.reject(new Error("connection refused"));
    return { sent: sent.promise, reply: replied.promise };
  }
  tapped?.arrives();
  const upstream = openRequest(setting, target, { ...held, agent: false });
  let isAnswered = false;
  const late = setting.run.after(unheardAnswerMaxMs, () => upstream.destroy());
  upstream.once("socket", (socket) => setting.servers.add(socket));
  upstream.once("finish", sent.resolve);
  upstream.once("close", () => {
    late.cancel();
    sent.resolve();
    if (!isAnswered) replied.reject(new Error("connection closed"));
  });
  upstream.on("error", replied.reject);
  upstream.once("response", (reply) => {
    isAnswered = true;
    tapped?.answered(reply);
    void readReply(reply).then((whole) => {
      if (whole === undefined) replied.reject(new Error("the answer broke off"));
      else replied.resolve(whole);
    });
  });
  if (held.trailers.length > 0) upstream.addTrailers(pairs(held.trailers));
  upstream.end(held.body);
  return { sent: sent.promise, reply: replied.promise };
}

/** The request line and header lines as they came, behind the path of the server's address. */
export function openRequest(
  { run }: Setting,
  target: URL,
  head: Pick<HeldRequest, "method" | "path" | "headers"> & { readonly agent: Agent | false },
): ClientRequest {
  const upstream = httpRequest({
    host: target.hostname.replace(/^\[|\]$/gu, ""),
    port: target.port,
    method: head.method,
    path: target.pathname.replace(/\/$/u, "") + head.path,
    headers: head.headers,
    agent: head.agent,
    maxHeaderSize: headerBytesMax,
  });
  upstream.maxHeadersCount = 0;
  const ended = run.onEnd(() => upstream.destroy());
  upstream.once("close", () => ended.cancel());
  return upstream;
}

export function headOf(request: IncomingMessage): Pick<HeldRequest, "method" | "path" | "headers"> {
  return { method: request.method ?? "GET", path: request.url ?? "/", headers: forwardHeaders(request) };
}

/** Runs when the client has gone without its answer. */
function onLeave(response: ServerResponse, run: () => void): void {
  response.once("close", () => {
    if (!response.writableFinished) run();
  });
}
