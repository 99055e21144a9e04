// How a world reads its server: as a stranger, straight, with nobody in between.
import type { HttpRequest, HttpResponse } from "../../protocol/http.ts";
import { exchangeRaw } from "./raw-exchange.ts";
import { redeemed, type TokenDesk } from "./token-desk.ts";
import type { WireLog } from "./wire-log.ts";

/** How long we wait for an answer that no fault stands in the way of.  Units: milliseconds. */
export const answerTimeoutMs = 10_000;

/** One exchange of a reader, past the devices' network.  Errors: those of `exchangeRaw`, and of the desk. */
export async function readFrom(
  server: string,
  request: HttpRequest,
  { wire, desk }: { readonly wire: Pick<WireLog, "straight">; readonly desk: TokenDesk },
): Promise<HttpResponse> {
  const query = new URLSearchParams();
  for (const [name, values] of Object.entries(request.query)) {
    for (const value of [values].flat()) query.append(name, value);
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = value;
  }
  const asked = await redeemed(
    { method: request.method, path: `${request.path}?${query.toString()}`, headers },
    desk,
  );
  const response = await wire.straight({ who: "reader", by: "reader", ...asked }, () =>
    exchangeRaw({ ...asked, server, timeoutMs: answerTimeoutMs }),
  );
  return response as HttpResponse;
}
