// Who is asking: the user is the token's `sub` and nothing else, the device is the header, or on an upgrade the query.
// The order of the answers is 401, 403, 400: a stranger learns nothing about what else is wrong.
import type { HttpRequest, HttpResponse } from "../../protocol/http.ts";
import { whyTextUnstorable } from "../../protocol/json.ts";
import { isUuid, uuidKey } from "../../protocol/waveflow/messages.ts";
import type { DeviceId, EpochMs, UserId } from "../../protocol/waveflow/types.ts";
import type { TokenVerdict, TokenVerifier } from "./ports.ts";
import { forbidden, invalidRequest, unauthorized } from "./replies.ts";

/** An authenticated device of a user. `device` is spelled as sent and goes into ops; `deviceKey` is what it is compared
 *  by and goes into every other statement. */
export interface Caller {
  readonly user: UserId;
  readonly device: DeviceId;
  readonly deviceKey: DeviceId;
  readonly tokenExpiresAt: EpochMs;
}

/** Judges token and device of a request. `mayUseQuery` is the upgrade's liberty to name the device in the query.
 *  Errors: whatever the verifier throws (its keys out of reach).  Source: WF-AUTH-1, WF-AUTH-2, WF-AUTH-3. */
export async function identify(
  request: HttpRequest,
  options: { readonly tokens: TokenVerifier; readonly mayUseQuery: boolean },
): Promise<{ readonly caller: Caller } | { readonly refused: HttpResponse }> {
  const token = bearerForm.exec(request.headers["authorization"] ?? "")?.[1];
  if (token === undefined) return { refused: unauthorized("expected Authorization: Bearer <token>") };
  const verdict = await options.tokens.verify(token);
  if (!verdict.valid) return { refused: unauthorized(verdict.reason) };
  if (verdict.user === "" || whyTextUnstorable(verdict.user) !== undefined) {
    return { refused: unauthorized("expected a sub that can be kept") };
  }
  return identifyDevice(namedDevices(request, options.mayUseQuery), verdict);
}

function identifyDevice(
  named: readonly string[],
  verdict: Extract<TokenVerdict, { valid: true }>,
): { readonly caller: Caller } | { readonly refused: HttpResponse } {
  const claimed = verdict.deviceId;
  if (claimed !== undefined && named.some((name) => uuidKey(name) !== uuidKey(claimed))) {
    return { refused: forbidden("the token belongs to another device") };
  }
  const device = named[0] ?? "";
  if (!isUuid(device)) return refuseDevice(`expected the UUID of the device, saw ${JSON.stringify(device)}`);
  const deviceKey = uuidKey(device);
  if (named.some((name) => uuidKey(name) !== deviceKey))
    return refuseDevice("header and query name two devices");
  return { caller: { user: verdict.user, device, deviceKey, tokenExpiresAt: verdict.expiresAt } };
}

/** What the request calls its device, the header first. */
function namedDevices(request: HttpRequest, mayUseQuery: boolean): readonly string[] {
  const header = request.headers["x-device-id"];
  const named = header === undefined ? [] : [header];
  const query = mayUseQuery ? request.query["device_id"] : undefined;
  return query === undefined ? named : named.concat(query);
}

const refuseDevice = (message: string): { readonly refused: HttpResponse } => ({
  refused: invalidRequest([{ path: "X-Device-Id", message }]),
});

// One token of RFC 6750's alphabet. Two Authorization headers arrive joined by a comma and do not match.
const bearerForm = /^bearer +([\w.~+/-]+=*)$/iu;
