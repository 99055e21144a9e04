// The simulated network as the reference device's `Transport` port.
import type { HttpRequest } from "../../protocol/http.ts";
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
    noAnswer: (reason) => new NoAnswer(reason),
    upgradeRefused: (reply) => new UpgradeRefused(reply),
  };
  return {
    exchange: (request) => network.exchange(full, toHttpRequest(request)),
    openSocket: (request, handlers) =>
      network.openSocket(full, toHttpRequest({ ...request, method: "GET" }), handlers),
  };
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
    query: search === undefined ? {} : Object.fromEntries(new URLSearchParams(search)),
    headers,
    ...(body === undefined ? {} : { body: { json: body } }),
  };
}
