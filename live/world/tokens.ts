// Tokens of a live run: JWTs signed with the secret that its servers were given (HS256), good ones and every kind of bad
// one. Signed here and not by a library, because a library refuses to make most of what a server must refuse to take.
import { createHmac } from "node:crypto";
import type { JsonValue } from "../../protocol/json.ts";
import type { TokenSpec } from "../../scenarios/format/types.ts";
import type { DeskOf, OnMint, TokenDesk } from "./token-desk.ts";

export interface TokenMintOptions {
  /** What the servers verify with. */
  readonly secret: string;
  /** How the scenario's users are called on this run's servers. */
  readonly serverUser: (user: string) => string;
  readonly onMint?: OnMint;
}

/** Tokens that a scenario does not spoil outlive it.  Units: seconds. */
const lifetimeSeconds = 20 * 365 * 86_400;
/** Beyond every leeway that a server may grant.  Units: seconds. */
const spoiltBySeconds = 3_600;

type Claims = Readonly<Record<string, JsonValue>>;

export class TokenMint implements TokenDesk {
  readonly #options: TokenMintOptions;

  constructor(options: TokenMintOptions) {
    this.#options = options;
  }

  serverUser(user: string): string {
    return this.#options.serverUser(user);
  }

  /** What is signed here needs no changing. */
  redeem(carried: string): Promise<string> {
    return Promise.resolve(carried);
  }

  mint(user: string, spec?: TokenSpec): string {
    const token = this.#make(user, spec);
    this.#options.onMint?.(token, user, spec);
    return token;
  }

  #make(user: string, spec: TokenSpec | undefined): string {
    const { secret, serverUser } = this.#options;
    const nowMs = Date.now();
    const now = Math.floor(nowMs / 1_000);
    const good: Claims = { sub: serverUser(user), iat: now, exp: now + lifetimeSeconds };
    switch (spec?.kind) {
      case "none":
        return "";
      case "malformed":
        return "not-a-token";
      case "wrong-signature":
        return sign(good, `not ${secret}`);
      case "expired":
        return sign({ ...good, iat: now - 2 * spoiltBySeconds, exp: now - spoiltBySeconds }, secret);
      case "not-yet":
        return sign({ ...good, nbf: now + spoiltBySeconds }, secret);
      case "custom":
      case undefined:
        return sign(this.#claims(good, spec, nowMs), secret);
    }
  }

  #claims(good: Claims, spec: TokenSpec | undefined, nowMs: number): Claims {
    const claims: Record<string, JsonValue> = { ...good };
    for (const [name, value] of Object.entries(spec?.claims ?? {})) {
      claims[name] = name === "sub" ? this.#subject(value) : value;
    }
    for (const [name, ms] of Object.entries(spec?.fromNowMs ?? {})) {
      claims[name] = Math.floor((nowMs + ms) / 1_000);
    }
    for (const name of spec?.without ?? []) delete claims[name];
    return claims;
  }

  /** A user by another spelling is still this run's user: 42 and "42" are one, whatever is put behind them. */
  #subject(value: JsonValue): JsonValue {
    const { serverUser } = this.#options;
    if (typeof value === "string" && value !== "") return serverUser(value);
    if (typeof value === "number" && Number.isSafeInteger(value)) return Number(serverUser(String(value)));
    return value;
  }
}

/** A desk over the secret. */
export const signingDesk =
  (options: Pick<TokenMintOptions, "secret" | "serverUser">): DeskOf =>
  (onMint) =>
    new TokenMint({ ...options, onMint });

/** Fresh users for one run on servers that others use as well. The mark is of digits and of one width, so that no two
 *  names become one, and a user that is a number stays one. */
export function freshUsers(runNumber: number): (user: string) => string {
  const mark = String(100_000 + (runNumber % 900_000));
  return (user) => `${user}${mark}`;
}

/** The same on a server that is there before us and after us, and has known the users of other runs: the mark is the time
 *  in hundredths of a second, and never the same twice. */
export function usersNeverSeen(): (user: string) => string {
  lastMark = Math.max(lastMark + 1, Math.floor((Date.now() - markEpochMs) / 10));
  const mark = String(lastMark).padStart(markWidth, "0");
  return (user) => `${user}${mark}`;
}

/** Thirty years of hundredths.  Units: digits. */
const markWidth = 11;
const markEpochMs = Date.UTC(2025, 0, 1);
let lastMark = 0;

function sign(claims: Claims, secret: string): string {
  const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString("base64url");
  const content = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${content}.${createHmac("sha256", secret).update(content).digest("base64url")}`;
}
