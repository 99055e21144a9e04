// The opening of a live socket through the proxy: the handshake passes as it is, a refusal too. Only extensions are not
// offered on: a compressed message depends on those before it, so none could be lost, repeated or replaced.
// An upgrade that meets a fault on the way is no socket, whatever the server would think of it.
import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { ExchangeFate } from "../../../actors/exchange-fate.ts";
import { headOf, nobodyListens, openRequest, type Setting } from "./exchange.ts";
import { impostorBytes, pairs, replyHead, withoutHeader, writeHead, writeReply } from "./messages.ts";
import { resetSocket } from "./sockets.ts";
import type { ExchangeTap } from "./wire-tap.ts";

export interface AskedUpgrade {
  readonly request: IncomingMessage;
  readonly client: Socket;
  /** What the client sent behind the handshake. */
  readonly early: Buffer;
}

/** A client that says more before it has an answer is cut off.  Units: bytes. */
const earlyBytesMax = 1_048_576;

export interface OpenedSocket {
  readonly client: Socket;
  readonly server: Socket;
  readonly early: { readonly fromClient: Buffer; readonly fromServer: Buffer };
}

/** Carries the handshake; `onOpen` is told when both ends have it. */
export function carryUpgrade(
  setting: Setting,
  asked: AskedUpgrade,
  fate: ExchangeFate,
  onOpen: (opened: OpenedSocket) => void,
): void {
  const { ways, device } = setting;
  const { client } = asked;
  const waiting = waitingClient(asked);
  const { fault } = fate;
  const tapped = setting.tap?.exchange({ device, ...headOf(asked.request), fault, isSocket: true });
  // Until both ends have it there is none.
  tapped?.lost("request", fault ?? "partition");
  const isCut = ways.verdict(device, "to-server") !== "pass" || ways.verdict(device, "to-device") !== "pass";
  if (fate.isRequestLost || fate.isReplyLost || isCut) return;
  const { impostor } = fate;
  const handOver = (server: Socket, fromServer: Buffer): void =>
    onOpen({ client, server, early: { fromClient: waiting.end(), fromServer } });
  ways.after(fate.requestDelayMs, () => {
    if (client.destroyed) return;
    if (fate.breaksAt !== undefined) ways.after(fate.replyDelayMs, () => resetSocket(client));
    else if (impostor === undefined)
      connectOn(setting, { ...asked, tapped, replyDelayMs: fate.replyDelayMs }, handOver);
    else ways.after(fate.replyDelayMs, () => writeReply(refusalOn(asked), impostorBytes(impostor)));
  });
}

/** Keeps what the client sends before it has an answer, so that it is noticed when it leaves. */
function waitingClient({ client, early }: AskedUpgrade): { end(): Buffer } {
  const chunks = [early];
  let bytes = early.length;
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > earlyBytesMax) client.destroy();
  };
  const onEnd = (): void => void client.destroy();
  client.on("error", onEnd);
  client.on("data", onData);
  client.on("end", onEnd);
  return {
    end() {
      client.pause();
      client.off("data", onData);
      client.off("end", onEnd);
      return Buffer.concat(chunks);
    },
  };
}

function connectOn(
  setting: Setting,
  asked: AskedUpgrade & { readonly tapped: ExchangeTap | undefined; readonly replyDelayMs: number },
  onOpen: (server: Socket, fromServer: Buffer) => void,
): void {
  const { request, client, tapped, replyDelayMs } = asked;
  const target = setting.target();
  if (target === undefined) {
    tapped?.lost("request", nobodyListens);
    resetSocket(client);
    return;
  }
  tapped?.arrives();
  const head = headOf(request);
  const headers = withoutHeader(head.headers, "sec-websocket-extensions");
  const upstream = openRequest(setting, target, { ...head, headers, agent: false });
  let isAnswered = false;
  const onLeave = (): void => void upstream.destroy();
  client.once("close", onLeave);
  upstream.once("socket", (socket) => setting.servers.add(socket));
  upstream.on("error", () => resetSocket(client));
  upstream.once("close", () => {
    if (!isAnswered) resetSocket(client);
  });
  upstream.once("response", (reply) => {
    isAnswered = true;
    tapped?.answered(reply);
    refuse(asked, reply);
  });
  upstream.once("upgrade", (reply, server, fromServer) => {
    isAnswered = true;
    tapped?.answered(reply);
    client.off("close", onLeave);
    server.pause();
    server.on("error", () => undefined);
    setting.ways.after(replyDelayMs, () => {
      if (client.destroyed || server.destroyed) {
        client.destroy();
        server.destroy();
        return;
      }
      client.write(switchingHead(reply), "latin1");
      onOpen(server, fromServer);
    });
  });
  upstream.end();
}

/** A refusal is an answer like any other, and the connection ends with it. */
function refuse(asked: AskedUpgrade, reply: IncomingMessage): void {
  const response = refusalOn(asked);
  writeHead(response, replyHead(reply));
  reply.once("error", () => asked.client.destroy());
  reply.pipe(response);
}

function refusalOn({ request, client }: AskedUpgrade): ServerResponse {
  const response = new ServerResponse(request);
  response.assignSocket(client);
  response.shouldKeepAlive = false;
  response.once("finish", () => client.end());
  return response;
}

function switchingHead(reply: IncomingMessage): string {
  const { statusMessage, headers } = replyHead(reply);
  const lines = pairs(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 101 ${statusMessage}\r\n${lines.join("")}\r\n`;
}
