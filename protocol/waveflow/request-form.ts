// What the page says of the form of everything that a device sends: so that a request of ours that no server has to
// understand is found before a server is asked.
import { ackRequestSchema, isUuid, pushRequestSchema } from "./messages.ts";
import { endpointOf } from "./reply-form.ts";
import { limits } from "./types.ts";

/** A request as a device makes it. */
interface SentRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** What is wrong with a request, after "sent": `a malformed push: …`; undefined where nothing is.
 *  Source: WF-AUTH-3; waveflow.md sections 4 to 6. */
export function requestFault(request: SentRequest): string | undefined {
  const endpoint = endpointOf(request);
  switch (endpoint) {
    case "push":
      return bodyFault("push", request) ?? deviceFault("push", request);
    case "ack":
      return bodyFault("acknowledgement", request) ?? deviceFault("acknowledgement", request);
    case "pull":
      return queryFault(request) ?? deviceFault("pull", request);
    case "socket":
    case undefined:
      return undefined;
  }
}

function bodyFault(what: "push" | "acknowledgement", { body }: SentRequest): string | undefined {
  const parsed = (what === "push" ? pushRequestSchema : ackRequestSchema).safeParse(body);
  if (parsed.success) return undefined;
  const { path, message } = parsed.error.issues[0]!;
  return `a malformed ${what}: ${path.map(String).join(".") || "the body"}: ${message}`;
}

/** A token that is bad is the scenario's choice; a device that does not know its own name is not. */
function deviceFault(what: string, { headers }: SentRequest): string | undefined {
  const device = Object.entries(headers).find(([name]) => name.toLowerCase() === "x-device-id")?.[1] ?? "";
  return isUuid(device)
    ? undefined
    : `a malformed ${what}: X-Device-Id is ${JSON.stringify(device)}, expected a UUID`;
}

function queryFault({ path }: SentRequest): string | undefined {
  const query = new URLSearchParams(path.split("?", 2)[1] ?? "");
  for (const [name, least, most] of [
    ["since", 0, Number.MAX_SAFE_INTEGER],
    ["limit", 1, limits.pullLimitMax],
  ] as const) {
    const text = query.get(name);
    if (text === null) continue;
    const value = /^\d+$/u.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most))
      return `a malformed pull: ${name} is ${JSON.stringify(text)}, expected an integer from ${least} to ${most}`;
  }
  return undefined;
}
