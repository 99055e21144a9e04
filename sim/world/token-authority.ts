// Tokens of the simulated world: three dot-separated parts, as the protocols ask for, and a register of what each one
// claims. Signatures are not computed; a token that the register does not know is as good as wrongly signed.
import type { JsonValue } from "../../protocol/json.ts";
import type { TokenSpec } from "../../scenarios/format/types.ts";

/** How far `nbf` and `iat` may lie ahead.  Units: milliseconds.  Source: WF-AUTH-1. */
const leewayMs = 60_000;

type Claims = Readonly<Record<string, JsonValue>>;

export type TokenVerdict =
  | {
      readonly valid: true;
      readonly user: string;
      readonly deviceId: string | undefined;
      readonly expiresAt: number;
    }
  | { readonly valid: false; readonly reason: string };

export class TokenAuthority {
  readonly #claimsByToken = new Map<string, Claims>();
  readonly #now: () => number;
  readonly #lifetimeMs: number;

  /** `now` in milliseconds since the epoch: real time, which `clock: advance` does not move, so that no token grows old
   *  by it.  Source: certification.md section 2 (the hook clock). */
  constructor(options: { readonly now: () => number; readonly lifetimeMs: number }) {
    this.#now = options.now;
    this.#lifetimeMs = options.lifetimeMs;
  }

  /** A token for a user, good or bad as the scenario asks. */
  mint(user: string, spec?: TokenSpec): string {
    const nowSeconds = Math.floor(this.#now() / 1_000);
    const good: Claims = {
      sub: user,
      iat: nowSeconds,
      exp: nowSeconds + Math.floor(this.#lifetimeMs / 1_000),
    };
    switch (spec?.kind) {
      case "none":
        return "";
      case "malformed":
        return "not-a-token";
      case "wrong-signature":
        return "header.payload.forged";
      case "expired":
        return this.#register({ ...good, exp: nowSeconds - 1 });
      case "not-yet":
        return this.#register({ ...good, nbf: nowSeconds + 3_600 });
      case "custom":
      case undefined:
        return this.#register(changedClaims(good, spec, nowSeconds));
    }
  }

  now(): number {
    return this.#now();
  }

  verify(token: string): TokenVerdict {
    const claims = this.#claimsByToken.get(token);
    if (claims === undefined) return { valid: false, reason: "the signature does not match" };
    const now = this.#now();
    const { sub, exp, nbf, iat, device_id: deviceId } = claims;
    if (typeof exp !== "number") return { valid: false, reason: "no exp" };
    if (now >= exp * 1_000) return { valid: false, reason: "expired" };
    for (const start of [nbf, iat]) {
      if (typeof start === "number" && start * 1_000 > now + leewayMs)
        return { valid: false, reason: "not yet valid" };
    }
    const user = typeof sub === "number" ? String(sub) : sub;
    if (typeof user !== "string" || user === "") return { valid: false, reason: "no sub" };
    return {
      valid: true,
      user,
      deviceId: deviceId === undefined || deviceId === null ? undefined : String(deviceId),
      expiresAt: exp * 1_000,
    };
  }

  #register(claims: Claims): string {
    const token = `seatrial.${this.#claimsByToken.size + 1}.token`;
    this.#claimsByToken.set(token, claims);
    return token;
  }
}

/** The claims of a good token with a scenario's changes. Times count from the server's present, in whole seconds. */
function changedClaims(good: Claims, spec: TokenSpec | undefined, nowSeconds: number): Claims {
  if (spec === undefined) return good;
  const claims: Record<string, JsonValue> = { ...good, ...spec.claims };
  for (const [name, fromNowMs] of Object.entries(spec.fromNowMs ?? {})) {
    claims[name] = nowSeconds + Math.trunc(fromNowMs / 1_000);
  }
  for (const name of spec.without ?? []) delete claims[name];
  return claims;
}
