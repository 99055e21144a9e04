// The simulated network as the reference device's `Transport` port.
import { type HttpRequest, readQuery, splitTarget } from "../../protocol/http.ts";
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
  const { path, search } = splitTarget(request.path);
  const query = search === undefined ? noQuery : readQuery(search);
  const headers = inLowerCase(request.headers);
  const { method } = request;
  const body = "body" in request ? request.body : undefined;
  return body === undefined
    ? { method, path, query, headers }
    : { method, path, query, headers, body: { json: body } };
}

const noQuery = {};

function inLowerCase(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (hasLowerCaseNames(headers)) return headers;
  const lower: Record<string, string> = {};
  for (const name in headers) lower[name.toLowerCase()] = headers[name]!;
  return lower;
}

function hasLowerCaseNames(headers: Readonly<Record<string, string>>): boolean {
  for (const name in headers) if (name !== name.toLowerCase()) return false;
  return true;
}
