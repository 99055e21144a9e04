// An answer that did not come from the server: a captive portal, a gateway, a reply that broke off. Both worlds make it
// the same way, and mark it.
import type { JsonValue } from "../protocol/json.ts";

/** The header by which a world marks an answer that did not come from the server, so that no judge blames the server
 *  for it. */
export const impostorHeader = "x-seatrial-impostor";

/** What somebody else says. */
export interface ImpostorAnswer {
  readonly status: number;
  readonly body: "html" | "empty" | "json" | "truncated";
  /** What a `json` body says; absent means `{}`. */
  readonly json?: JsonValue | undefined;
  /** What its `Retry-After` asks for, in whole seconds; absent means that it has none. */
  readonly retryAfterMs?: number | undefined;
}

/** The answer as a device reads it. */
export function impostorReply({ status, body, json, retryAfterMs }: ImpostorAnswer): {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly json: unknown } | { readonly text: string };
} {
  const headers = {
    "content-type": body === "html" ? "text/html" : "application/json",
    [impostorHeader]: "1",
    ...(retryAfterMs === undefined ? {} : { "retry-after": String(Math.ceil(retryAfterMs / 1_000)) }),
  };
  switch (body) {
    case "html":
      return { status, headers, body: { text: "<!doctype html><title>Sign in to the network</title>" } };
    case "json":
      return { status, headers, body: { json: json ?? {} } };
    case "truncated":
      return { status, headers, body: { text: '{"results":[{"operation_id":"' } };
    case "empty":
      return { status, headers, body: { text: "" } };
  }
}
