// Who asks: HS256 tokens, checked by hand, and the device they speak for.
import { createHmac, timingSafeEqual } from "node:crypto";
import { defect } from "./defects.mjs";
import { malformed, Refusal } from "./refusal.mjs";

/** How far the clock of whoever issues tokens may be ahead.  Units: seconds. */
const leeway = 60;

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu;

export const isUuid = (text) => typeof text === "string" && uuid.test(text);

/** The caller of a request: `owner` (a key for the store), `device` (likewise), `deviceAsSent`, `expiresAtMs`.
 *  Errors: Refusal 401, 403, 400, in this order. */
export function callerOf(request, url, secret) {
  const claims = claimsOf(request.headers.authorization, secret, url.pathname === "/sync/ws");
  const header = request.headers["x-device-id"];
  const query = url.pathname === "/sync/ws" ? (url.searchParams.get("device_id") ?? undefined) : undefined;
  const given = [header, query].filter((one) => one !== undefined);
  const claimed = claims.device_id ?? undefined;
  if (claimed !== undefined && !defect("device-claim-ignored")) {
    const agrees = (one) => String(claimed).toLowerCase() === one.toLowerCase();
    if (!given.every(agrees)) throw new Refusal(403, "not_your_device", { note: "the token names another" });
  }
  if (given.length === 0 && defect("device-id-optional")) given.push("00000000-0000-0000-0000-000000000000");
  if (given.length === 0) throw malformed("X-Device-Id", "say which device you are");
  if (!given.every(isUuid)) throw malformed("X-Device-Id", "a device is named by a UUID");
  if (new Set(given.map((one) => one.toLowerCase())).size > 1 && !defect("device-at-odds-accepted")) {
    throw malformed("X-Device-Id", "header and query name two devices");
  }
  const named = defect("user-from-a-header") ? request.headers["x-user-id"] : undefined;
  return {
    owner: JSON.stringify(named ?? String(claims.sub)),
    device: defect("device-ids-by-case") ? given[0] : given[0].toLowerCase(),
    deviceAsSent: given[0],
    expiresAtMs: claims.exp * 1_000,
  };
}

function claimsOf(authorization, secret, isSocket) {
  const [, token] = /^bearer +(\S+)$/iu.exec(authorization ?? "") ?? [];
  if (token === undefined) throw unknownCaller("no bearer token");
  const parts = token.split(".");
  if (parts.length !== 3 || !parts.every((part) => /^[\w-]+$/u.test(part))) {
    throw unknownCaller("not a token");
  }
  const [head, claims] = [objectOf(parts[0]), objectOf(parts[1])];
  if (head === undefined || claims === undefined) throw unknownCaller("not a token");
  const isUnchecked = defect("socket-token-unchecked") && isSocket;
  if (!isUnchecked && !isSigned(parts, head, secret)) throw unknownCaller("the signature is not ours");
  const now = Date.now() / 1_000;
  const { exp, nbf, iat, sub } = claims;
  if (exp === undefined && defect("expiry-optional")) return { ...claims, exp: now + 3_600 };
  if (typeof exp !== "number") throw unknownCaller("no end");
  if (exp <= now && !defect("expiry-unchecked")) throw unknownCaller("expired");
  for (const start of [nbf, iat]) {
    if (start === undefined || defect("not-yet-unchecked")) continue;
    if (typeof start !== "number" || start > now + leeway) throw unknownCaller("not valid yet");
  }
  const isNumber = Number.isSafeInteger(sub) && sub >= 0 && !defect("numeric-sub-refused");
  if (!isNumber && (typeof sub !== "string" || sub === "")) throw unknownCaller("no subject");
  return claims;
}

function isSigned([head, claims, signature], { alg, crit }, secret) {
  if (defect("unsigned-tokens") && alg === "none") return true;
  if (alg !== "HS256" || crit !== undefined) return false;
  const expected = createHmac("sha256", secret).update(`${head}.${claims}`).digest();
  const seen = Buffer.from(signature, "base64url");
  return (
    defect("signature-unchecked") || (seen.length === expected.length && timingSafeEqual(seen, expected))
  );
}

function objectOf(part) {
  try {
    const value = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function unknownCaller(reason) {
  const headers = defect("no-challenge")
    ? {}
    : { "WWW-Authenticate": 'Bearer realm="neighbour", error="invalid_token"' };
  return new Refusal(401, "unknown_caller", { reason }, headers);
}
