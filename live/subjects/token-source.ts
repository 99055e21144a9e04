// Tokens of a server under test, as its implementer lets us have them: signed with its secret, printed by a command, or
// from a list. What can be had without the secret is a good token, none, one that is no token at all, and a good one
// whose signature has been tampered with.
import type { TokenSpec } from "../../scenarios/format/types.ts";
import { CommandFailed, runShellCommand } from "./shell-command.ts";
import { SubjectFailed } from "./subject.ts";
import type { ListedToken, TokenSource } from "./target.ts";

/** Tells tokens by the user's name on the server. */
export interface TokenTeller {
  /** undefined: such a token cannot be had here.  Errors: `SubjectFailed` for a command that gives none. */
  tell(user: string, deviceId: string, spec?: TokenSpec): Promise<string | undefined>;
}

/** What is told of a source without its secret. */
export function createTeller(source: Exclude<TokenSource, { kind: "secret" }>): TokenTeller {
  const good = source.kind === "command" ? tellByCommand(source.command) : tellFromList(source.tokens);
  return {
    async tell(user, deviceId, spec) {
      switch (spec?.kind) {
        case undefined:
          return good(user, deviceId);
        case "none":
          return "";
        case "malformed":
          return "not-a-token";
        case "wrong-signature": {
          const token = await good(user, deviceId);
          return token === undefined ? undefined : tamperedWith(token);
        }
        case "expired":
        case "not-yet":
        case "custom":
          return undefined;
      }
    },
  };
}

/** Kinds of tokens that are made with the secret, and with nothing else. */
export function needsSecret({ kind }: TokenSpec): boolean {
  return kind === "expired" || kind === "not-yet" || kind === "custom";
}

type TellGood = (user: string, deviceId: string) => Promise<string | undefined>;

/** A token that runs out so soon is asked for anew.  Units: seconds. */
const freshForSeconds = 60;
/** Units: milliseconds. */
const commandTimeoutMs = 15_000;

function tellByCommand(line: string): TellGood {
  const told = new Map<string, Promise<string>>();
  const isByDevice = line.includes("{device}");
  const ask = async (user: string, deviceId: string): Promise<string> => {
    const values = { user, device: deviceId };
    const text = await runShellCommand({ line, values, timeoutMs: commandTimeoutMs, secrets: [] }).catch(
      (error: unknown) => {
        if (!(error instanceof CommandFailed)) throw error;
        throw new SubjectFailed("token_failed", `no token for ${user}: ${error.message}`);
      },
    );
    const token = text.trim();
    if (/^[!-~]+$/u.test(token)) return token;
    const seen = token === "" ? "nothing" : `${token.split(/\s+/u).length} words`;
    throw new SubjectFailed(
      "token_failed",
      `no token for ${user}: the command "${line}" printed ${seen}; expected the token alone`,
    );
  };
  return async (user, deviceId) => {
    const key = isByDevice ? `${user} ${deviceId}` : user;
    const known = told.get(key);
    if (known !== undefined) {
      const token = await known.catch(() => undefined);
      if (token !== undefined && !runsOut(token)) return token;
    }
    const asked = ask(user, deviceId);
    told.set(key, asked);
    return asked;
  };
}

function runsOut(token: string): boolean {
  try {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as {
      readonly exp?: unknown;
    };
    return typeof claims.exp === "number" && claims.exp - Date.now() / 1_000 < freshForSeconds;
  } catch {
    // No JWT: nobody can tell.
    return false;
  }
}

function tellFromList(tokens: readonly ListedToken[]): TellGood {
  return (user, deviceId) => {
    const own = tokens.filter((listed) => listed.user === user);
    const found =
      own.find(({ device }) => device?.toLowerCase() === deviceId.toLowerCase()) ??
      own.find(({ device }) => device === undefined);
    return Promise.resolve(found?.token);
  };
}

/** Another first letter of the signature, or of what has none. */
function tamperedWith(token: string): string {
  const at = token.lastIndexOf(".") + 1;
  return `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`;
}

/** There are more runs than users on the list. */
export class UsersExhausted extends Error {
  override readonly name = "UsersExhausted";
  readonly code = "users_exhausted";
}

/** The users of a list, each given away once. */
export class ListedUsers {
  readonly #free: string[];
  readonly #all: number;

  constructor(tokens: readonly ListedToken[]) {
    // Devices choose their own ids, so a token for one of them alone serves none of ours.
    const users = new Set(tokens.filter(({ device }) => device === undefined).map(({ user }) => user));
    this.#free = [...users];
    this.#all = users.size;
  }

  get left(): number {
    return this.#free.length;
  }

  get users(): readonly string[] {
    return [...this.#free];
  }

  /** Of one who has a history nothing can be said. */
  strike(user: string): void {
    const at = this.#free.indexOf(user);
    if (at >= 0) this.#free.splice(at, 1);
  }

  /** Errors: `UsersExhausted`. */
  take(): string {
    const user = this.#free.shift();
    if (user !== undefined) return user;
    throw new UsersExhausted(
      `a user without history: each of the ${this.#all} that --tokens lists for all devices serves once; give more, or --token-cmd or --jwt-secret`,
    );
  }

  /** Maps a run's users on to those of the list, as they come up. */
  mapping(): (user: string) => string {
    const taken = new Map<string, string>();
    return (user) => {
      const known = taken.get(user);
      if (known !== undefined) return known;
      const listed = this.take();
      taken.set(user, listed);
      return listed;
    };
  }
}
