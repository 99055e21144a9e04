// The simulated network as the reference device's `Transport` port.
import { type HttpRequest, readQuery } from "../../protocol/http.ts";
import {
  NoAnswer,
  type OutgoingRequest,
  type OutgoingUpgrade,
  type Transport,
  UpgradeRefused,
} from "../../reference-client/waveflow/ports.ts";
import type { Caller, Network } from "../network/network.ts";

/** A transport over the network for one life of a device. */
export function createSimTransport(network: Network, caller: Pick<Caller, "device" | "process">): Transport {
  const full: Caller = {
    ...caller,
    noAnswer: (reason) => withoutStack(() => new NoAnswer(reason)),
    upgradeRefused: (reply) => withoutStack(() => new UpgradeRefused(reply)),
  };
  return {
    exchange: (request) => network.exchange(full, toHttpRequest(request)),
    openSocket: (request, handlers) =>
      network.openSocket(full, toHttpRequest({ ...request, method: "GET" }), handlers),
  };
}

/** Faults that the world makes up are no bugs, and nobody reads their stack: it would show the network, and cost as much
 *  as twenty events, because the way goes back through every `await`. */
function withoutStack<Fault extends Error>(make: () => Fault): Fault {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

function toHttpRequest(
  request: OutgoingRequest | (OutgoingUpgrade & { readonly method: "GET" }),
): HttpRequest {
  const [path, search] = request.path.split("?", 2) as [string, string | undefined];
  const headers: Record<string, string> = {};
  for (const name in request.headers) headers[name.toLowerCase()] = request.headers[name]!;
  const body = "body" in request ? request.body : undefined;
  return {
    method: request.method,
    path,
    query: search === undefined ? {} : readQuery(search),
    headers,
    ...(body === undefined ? {} : { body: { json: body } }),
  };
}
