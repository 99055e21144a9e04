// Bearer tokens, by `jose`. One algorithm, fixed by how the server was set up, so that a token cannot choose how it is
// judged: neither `none`, nor an HS256 signature made with the text of a public key.
// A bad token is a verdict. Keys that cannot be fetched are an error: nobody may be told that a good token is bad.
import { compactVerify, createRemoteJWKSet, errors, type JWTPayload } from "jose";
import type { TokenVerdict, TokenVerifier } from "../waveflow/index.ts";

export type TokenKeys =
  | { readonly kind: "shared secret"; readonly secret: string }
  | {
      readonly kind: "jwks";
      readonly url: URL;
      /** After a fetch, a key that is not in the set is not looked for again for this long. Default: 1000. */
      readonly refetchPauseMs?: number;
    };

/** Judges by the machine's clock, which an operator's clock does not move. */
export function createTokenVerifier(keys: TokenKeys, nowMs: () => number = Date.now): TokenVerifier {
  const verifySignature = keys.kind === "jwks" ? jwksVerifier(keys) : secretVerifier(keys.secret);
  return {
    verify: async (token) => {
      let payload: Uint8Array;
      try {
        payload = await verifySignature(token);
      } catch (error) {
        if (isFaultOfToken(error)) return bad(error.message);
        throw error;
      }
      return judgeClaims(payload, nowMs());
    },
    now: nowMs,
  };
}

type SignatureVerifier = (token: string) => Promise<Uint8Array>;

function secretVerifier(secret: string): SignatureVerifier {
  const key = new TextEncoder().encode(secret);
  return async (token) => (await compactVerify(token, key, { algorithms: ["HS256"] })).payload;
}

/** Keys are kept for an hour; a token of a key that is not among them has the set fetched again, so that a rotated key
 *  is found.  Source: WF-AUTH-1. */
function jwksVerifier(keys: Extract<TokenKeys, { kind: "jwks" }>): SignatureVerifier {
  const findKey = createRemoteJWKSet(keys.url, {
    cacheMaxAge: 3_600_000,
    cooldownDuration: keys.refetchPauseMs ?? 1_000,
    timeoutDuration: 5_000,
  });
  const options = { algorithms: ["RS256"] };
  return async (token) => {
    try {
      return (await compactVerify(token, findKey, options)).payload;
    } catch (error) {
      // A token without a `kid` may be of any key of the set.
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      for await (const key of error) {
        try {
          return (await compactVerify(token, key, options)).payload;
        } catch (oneError) {
          if (!(oneError instanceof errors.JWSSignatureVerificationFailed)) throw oneError;
        }
      }
      throw new errors.JWSSignatureVerificationFailed();
    }
  };
}

// Everything else that can go wrong is the key set: unreachable, late, no JSON, no keys.
const isFaultOfToken = (error: unknown): error is Error =>
  error instanceof errors.JWSInvalid ||
  error instanceof errors.JWSSignatureVerificationFailed ||
  error instanceof errors.JOSEAlgNotAllowed ||
  error instanceof errors.JOSENotSupported ||
  error instanceof errors.JWKSNoMatchingKey;

/** How far ahead `nbf` and `iat` may be.  Units: seconds.  Source: WF-AUTH-1. */
const aheadMaxSeconds = 60;

function judgeClaims(payload: Uint8Array, nowMs: number): TokenVerdict {
  const claims = parseClaims(payload);
  if (claims === undefined) return bad("expected a JSON object of claims");
  const { exp, nbf, iat } = claims;
  const nowSeconds = nowMs / 1_000;
  if (typeof exp !== "number") return bad(`expected exp to be a number, saw ${JSON.stringify(exp)}`);
  if (exp <= nowSeconds) return bad(`expired at ${exp}, now ${nowSeconds}`);
  for (const [name, value] of [
    ["nbf", nbf],
    ["iat", iat],
  ] as const) {
    if (value === undefined) continue;
    if (typeof value !== "number")
      return bad(`expected ${name} to be a number, saw ${JSON.stringify(value)}`);
    if (value > nowSeconds + aheadMaxSeconds) return bad(`${name} is ${value}, now ${nowSeconds}`);
  }
  const user = userOf(claims);
  if (user === undefined) {
    return bad(
      `expected sub to be a text of 1 to ${userLengthMax} characters or a number, saw ${shown(claims.sub)}`,
    );
  }
  const expiresAt = Math.min(Math.floor(exp * 1_000), Number.MAX_SAFE_INTEGER);
  return { valid: true, user, deviceId: deviceOf(claims["device_id"]), expiresAt };
}

interface Claims extends Omit<JWTPayload, "sub"> {
  readonly sub?: unknown;
  /** The digits of a `sub` that is a number, as they were written: beyond 2^53 two users must not become one. */
  readonly subDigits?: string | undefined;
}

function parseClaims(payload: Uint8Array): Claims | undefined {
  // A reviver, for the text of a number, which the number itself may have lost. It sees nested members too.
  const digits = new Map<unknown, string | undefined>();
  function noteSub(this: unknown, member: string, value: unknown, context?: { source?: string }): unknown {
    if (member === "sub" && typeof value === "number") digits.set(this, context?.source);
    return value;
  }
  try {
    const parsed: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload), noteSub);
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined;
    return { ...parsed, subDigits: digits.get(parsed) };
  } catch {
    return undefined;
  }
}

/** Users are keys of the tables and travel in notifications; both have room for this many characters of any script, and
 *  OpenID Connect allows 255. */
const userLengthMax = 512;

/** The user that the token names.  Source: WF-AUTH-1. */
function userOf({ sub, subDigits }: Claims): string | undefined {
  if (typeof sub === "string") return sub !== "" && [...sub].length <= userLengthMax ? sub : undefined;
  if (typeof sub !== "number") return undefined;
  if (subDigits !== undefined && /^(?:0|-?[1-9]\d{0,99})$/u.test(subDigits)) return subDigits;
  const text = String(sub);
  return /^-?\d+(?:\.\d+)?$/u.test(text) && Math.abs(sub) <= Number.MAX_SAFE_INTEGER ? text : undefined;
}

/** Null counts as absent. What is no text agrees with no device, and the core says so.  Source: WF-AUTH-3. */
const deviceOf = (claim: unknown): string | undefined =>
  claim === undefined || claim === null
    ? undefined
    : typeof claim === "string"
      ? claim
      : JSON.stringify(claim);

const shown = (value: unknown): string => (JSON.stringify(value) ?? "nothing").slice(0, 80);

const bad = (reason: string): TokenVerdict => ({ valid: false, reason });
