// An exchange by hand, as the server's core takes it and as a step reports it.
import type { HttpRequest, HttpResponse } from "../../protocol/http.ts";
import type { RawRequest } from "../../scenarios/format/types.ts";
import type { StepOutcome } from "../../scenarios/format/world.ts";

/** The request with somebody's token and device id, and with the scenario's own headers over them. */
export function rawToHttp(
  request: RawRequest,
  identity: { readonly server: string; readonly token: string; readonly deviceId: string },
): HttpRequest {
  const url = new URL(request.path, identity.server);
  const query: Record<string, string | string[]> = {};
  for (const name of new Set(url.searchParams.keys())) {
    const values = url.searchParams.getAll(name);
    query[name] = values.length === 1 ? values[0]! : values;
  }
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (identity.token !== "") headers.authorization = `Bearer ${identity.token}`;
  if (identity.deviceId !== "") headers["x-device-id"] = identity.deviceId;
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === null) delete headers[name.toLowerCase()];
    else headers[name.toLowerCase()] = value;
  }
  return {
    method: request.method,
    path: url.pathname,
    query,
    headers,
    ...(request.body === undefined ? {} : { body: request.body }),
  };
}

/** What a step says of the answer; `undefined` is none. */
export function responseToOutcome(response: HttpResponse | undefined): StepOutcome {
  if (response === undefined) return { outcome: "unknown" };
  const { status, headers, body } = response;
  const outcome: StepOutcome = { outcome: status < 400 ? "ok" : "refused", status, headers, body };
  const hasType =
    typeof body === "object" && body !== null && "type" in body && typeof body.type === "string";
  return hasType ? { ...outcome, type: body.type as string } : outcome;
}
