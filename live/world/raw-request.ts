// The exchange that a hand-written request of a scenario means on the wire.
import type { RawRequest } from "../../scenarios/format/types.ts";
import type { StepOutcome } from "../../scenarios/format/world.ts";
import { exchangeRaw, type RawExchange, type RawResponse } from "./raw-exchange.ts";

/** Who sends it; empty texts for what it has not. */
export interface Sender {
  readonly token: string;
  readonly deviceId: string;
}

/** Headers of the request go over those of the sender; `null` leaves one out. */
export function wireRequest(request: RawRequest, sender: Sender): Omit<RawExchange, "server" | "timeoutMs"> {
  const headers: Record<string, string> = {};
  if (request.body !== undefined) headers["content-type"] = "application/json";
  if (sender.token !== "") headers.authorization = `Bearer ${sender.token}`;
  if (sender.deviceId !== "") headers["x-device-id"] = sender.deviceId;
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === null) delete headers[name.toLowerCase()];
    else headers[name.toLowerCase()] = value;
  }
  const { method, path, body } = request;
  if (body === undefined) return { method, path, headers };
  return { method, path, headers, body: "json" in body ? JSON.stringify(body.json) : body.text };
}

/** The exchange as a step reports it. */
export async function exchangeByHand(exchange: RawExchange): Promise<StepOutcome> {
  try {
    return outcomeOf(await exchangeRaw(exchange));
  } catch {
    return { outcome: "unknown" };
  }
}

/** What came back, as the outcome of a step. */
function outcomeOf({ status, headers, body }: RawResponse): StepOutcome {
  const type =
    typeof body === "object" && body !== null && "type" in body && typeof body.type === "string"
      ? { type: body.type }
      : {};
  return { outcome: status < 400 ? "ok" : "refused", status, headers, body, ...type };
}
