// Who is tested, and what can be done to it: a command that Seatrial starts, or a server that runs already and of which
// only the address is known. What a scenario needs beyond that comes as hooks (certification.md, section 2).
import type { ServerCommand } from "./server-process.ts";

export type TargetSpec = CommandTarget | UrlTarget;

/** Processes that Seatrial starts, each group on a fresh database: everything can be done to it but what is a hook. */
export interface CommandTarget {
  readonly kind: "command";
  readonly command: ServerCommand;
  readonly hooks: HookSpecs;
  readonly tokens: TokenSource;
}

/** A server that runs already, on a database that nobody shows us. */
export interface UrlTarget {
  readonly kind: "url";
  /** `http:`, without a slash at its end. */
  readonly url: string;
  readonly healthPath: string;
  /** Kills the server and starts it again on the same database, and ends. */
  readonly restartCommand?: string;
  /** How long it may take to answer again after that. Default: 30000. */
  readonly startTimeoutMs?: number;
  readonly hooks: HookSpecs;
  readonly tokens: TokenSource;
}

export interface HookSpecs {
  /** Over HTTP, below `url`. Default: the server's own address. */
  readonly control?: { readonly url?: string; readonly token: string };
  /** Runs compaction for `{user}`; prints `{"compacted_up_to":…, "deleted":…}`. */
  readonly compactCommand?: string;
  /** Moves the server's clock by `{advance_ms}`; prints `{"now":…}`. */
  readonly clockCommand?: string;
}

export type TokenSource =
  /** HS256: Seatrial signs every kind of token, good and bad. */
  | { readonly kind: "secret"; readonly secret: string }
  /** Prints a good token for `{user}` and `{device}`. */
  | { readonly kind: "command"; readonly command: string }
  /** Good tokens of users who have no history yet. A user serves for one scenario. */
  | { readonly kind: "list"; readonly tokens: readonly ListedToken[] };

export interface ListedToken {
  readonly user: string;
  /** A UUID, where the token is good for this device alone. */
  readonly device?: string;
  readonly token: string;
}

/** Addresses that no packet leaves this machine for. */
export function isLoopback(url: string): boolean {
  const hostname = URL.parse(url)?.hostname.toLowerCase() ?? "";
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    /^127(?:\.\d{1,3}){3}$/u.test(hostname)
  );
}

/** What must stand in no message and no report. */
export function secretsOf({ hooks, tokens }: Pick<TargetSpec, "hooks" | "tokens">): readonly string[] {
  const own =
    tokens.kind === "secret"
      ? [tokens.secret]
      : tokens.kind === "list"
        ? tokens.tokens.map(({ token }) => token)
        : [];
  return [...own, ...(hooks.control === undefined ? [] : [hooks.control.token])];
}

/** What is shorter is found in every word, and would be told by what is left out.  Units: characters. */
const secretLengthMin = 4;

/** The text with a mark in the place of each secret, and of what stands behind a word that announces one. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const longestFirst = [...secrets]
    .filter((secret) => secret.length >= secretLengthMin)
    .sort((left, right) => right.length - left.length);
  const known = longestFirst.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
  return known
    .replace(/(\b[\w-]*(?:secret|password|passwd|token|api-?key)[=:]\s*)[^\s'"]+/giu, "$1***")
    .replace(/(--?[\w-]*(?:secret|password|passwd|token|api-?key)\s+)[^\s'"-][^\s'"]*/giu, "$1***")
    .replace(/(\w+:\/\/[^:@/\s]*):[^@/\s]*@/gu, "$1:***@")
    .replace(/\beyJ[\w-]+\.[\w-]+\.[\w-]*/gu, "***");
}
