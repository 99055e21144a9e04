// The flags that say who is tested and what can be done to it, for every command that takes somebody's server; and how
// flags, the command behind `--` and a config file become one target. Flag goes over environment over file.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { parse as parseYaml } from "yaml";
import { type TargetConfig, targetConfigSchema } from "../certify/target-config.ts";
import { foreignCommand } from "../live/subjects/foreign-command.ts";
import type { ServerCommand } from "../live/subjects/server-process.ts";
import {
  type HookSpecs,
  isLoopback,
  secretsOf,
  type TargetSpec,
  type TokenSource,
  withoutSecrets,
} from "../live/subjects/target.ts";
import { type DatabaseFlag, databaseOption } from "./database-option.ts";
import { UsageError } from "./errors.ts";

export interface TargetFlags extends DatabaseFlag {
  readonly url?: string;
  readonly jwtSecret?: string;
  readonly tokenCmd?: string;
  /** A file. */
  readonly tokens?: string;
  readonly controlUrl?: string;
  readonly controlToken?: string;
  readonly compactCmd?: string;
  readonly clockCmd?: string;
  readonly restartCmd?: string;
  readonly health?: string;
  /** Units: milliseconds. */
  readonly startTimeout?: number;
  readonly iOwnThisServer?: true;
}

export const defaultHealthPath = "/healthz";

/** Adds the flags; `--database` only where the command has none yet. */
export function addTargetOptions(command: Command): Command {
  const options: readonly Option[] = [
    new Option(
      "--url <url>",
      "a server that runs already, instead of a command behind -- (env: SEATRIAL_URL)",
    ),
    new Option(
      "--jwt-secret <secret>",
      "HS256 secret of its tokens; Seatrial signs all kinds of them (env: SEATRIAL_JWT_SECRET)",
    ),
    new Option(
      "--token-cmd <command>",
      "prints a token; {user} and {device} expand (env: SEATRIAL_TOKEN_CMD)",
    ),
    new Option("--tokens <file>", "JSON or YAML: a list of {user, token, device?}, of users without history"),
    new Option(
      "--control-url <url>",
      "where its hooks are (default: its own address; env: SEATRIAL_CONTROL_URL)",
    ),
    new Option("--control-token <token>", "bearer token of its hooks (env: SEATRIAL_CONTROL_TOKEN)"),
    new Option("--compact-cmd <command>", "compacts {user}; prints {compacted_up_to, deleted}"),
    new Option("--clock-cmd <command>", "moves its clock by {advance_ms}; prints {now}"),
    new Option("--restart-cmd <command>", "kills the server at --url and starts it again"),
    new Option(
      "--health <path>",
      `answers with a success when it is up (default: ${defaultHealthPath})`,
    ).argParser((path) => {
      if (!path.startsWith("/")) throw new InvalidArgumentError("It must begin with a slash.");
      return path;
    }),
    new Option("--start-timeout <ms>", "how long it may take to be up (default: 30000)").argParser((text) => {
      if (!/^[1-9]\d*$/u.test(text))
        throw new InvalidArgumentError("It must be a whole number of at least 1.");
      return Number(text);
    }),
    new Option("--i-own-this-server", "send requests to an address that is not this machine's"),
  ];
  for (const option of options) command.addOption(option);
  const hasDatabase = command.options.some(({ long }) => long === "--database");
  return hasDatabase ? command : command.addOption(databaseOption());
}

/** Who is tested; undefined where nobody was named.
 *  Errors: UsageError for what contradicts itself, cannot be read, or is not this machine's without leave. */
export function targetOf(
  given: TargetFlags,
  serverWords: readonly string[] | undefined,
  config: TargetConfig = {},
  environment: Readonly<Record<string, string | undefined>> = process.env,
): TargetSpec | undefined {
  const flags = withEnvironment(given, serverWords, environment);
  if (flags.url !== undefined && serverWords !== undefined) {
    throw new UsageError(
      "--url names a server that runs already, and behind -- stands another one; give one of them",
    );
  }
  if (config.server?.url !== undefined && config.server.command !== undefined) {
    throw new UsageError("the config has server.url and server.command; expected one of them");
  }
  const isAsked = flags.url !== undefined || serverWords !== undefined;
  const url = flags.url ?? (isAsked ? undefined : config.server?.url);
  const words = serverWords ?? (isAsked ? undefined : wordsOf(config.server?.command));
  if (url !== undefined) return urlTarget(url, flags, config);
  if (words !== undefined) return commandTarget(words, flags, config);
  mustBeAbout(given);
  return undefined;
}

/** A variable counts where the command line says nothing of the same thing: whoever is tested is named by `--url` or by a
 *  command, and tokens are had in one of three ways. */
function withEnvironment(
  flags: TargetFlags,
  serverWords: readonly string[] | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): TargetFlags {
  const { jwtSecret, tokenCmd, tokens } = flags;
  const hasTokens = [jwtSecret, tokenCmd, tokens].some((value) => value !== undefined);
  const secret = hasTokens ? undefined : environment.SEATRIAL_JWT_SECRET;
  const all = {
    url: serverWords === undefined ? environment.SEATRIAL_URL : undefined,
    jwtSecret: secret,
    tokenCmd: hasTokens || secret !== undefined ? undefined : environment.SEATRIAL_TOKEN_CMD,
    controlUrl: serverWords === undefined ? environment.SEATRIAL_CONTROL_URL : undefined,
    controlToken: environment.SEATRIAL_CONTROL_TOKEN,
  };
  const said = Object.entries(all).filter(([, value]) => value !== undefined && value !== "");
  return { ...(Object.fromEntries(said) as TargetFlags), ...flags };
}

function urlTarget(text: string, flags: TargetFlags, config: TargetConfig): TargetSpec {
  const url = addressOf(text, "--url", flags);
  const tokens = tokensOf(flags, config);
  if (tokens === undefined) {
    throw new UsageError(
      "a server at a URL needs tokens: give --jwt-secret (HS256; or SEATRIAL_JWT_SECRET), --token-cmd './mint {user} {device}', or --tokens FILE",
    );
  }
  const restartCommand = flags.restartCmd ?? config.hooks?.restart;
  const startTimeoutMs = flags.startTimeout ?? config.server?.startTimeoutMs;
  return {
    kind: "url",
    url,
    healthPath: flags.health ?? config.server?.health ?? defaultHealthPath,
    ...(restartCommand === undefined ? {} : { restartCommand }),
    ...(startTimeoutMs === undefined ? {} : { startTimeoutMs }),
    hooks: hooksOf(flags, config),
    tokens,
  };
}

function commandTarget(words: readonly string[], flags: TargetFlags, config: TargetConfig): TargetSpec {
  for (const [flag, value] of [
    ["--restart-cmd", flags.restartCmd],
    ["--control-url", flags.controlUrl],
  ] as const) {
    if (value === undefined) continue;
    throw new UsageError(`${flag} belongs to --url; a server that Seatrial starts needs none`);
  }
  const startTimeoutMs = flags.startTimeout ?? config.server?.startTimeoutMs;
  const command: ServerCommand = {
    ...foreignCommand(words),
    env: config.server?.env ?? {},
    readiness: { healthPath: flags.health ?? config.server?.health ?? defaultHealthPath },
    ...(startTimeoutMs === undefined ? {} : { startTimeoutMs }),
  };
  const hooks = hooksOf(flags, config);
  const secret = command.env.JWT_SECRET ?? randomBytes(32).toString("hex");
  const tokens = tokensOf(flags, config) ?? { kind: "secret", secret };
  const title = withoutSecrets(command.title, secretsOf({ hooks, tokens }));
  return { kind: "command", command: { ...command, title }, hooks, tokens };
}

/** What only a named target has a use for; variables may be set for another time. */
function mustBeAbout(flags: TargetFlags): void {
  const { tokenCmd, tokens, controlUrl, compactCmd, clockCmd, restartCmd } = flags;
  const given = { tokenCmd, tokens, controlUrl, compactCmd, clockCmd, restartCmd };
  const [stray] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  if (stray === undefined) return;
  const flag = stray.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`);
  throw new UsageError(
    `--${flag} is about a server of yours; name it with --url, or by its command behind --`,
  );
}

function hooksOf(flags: TargetFlags, { hooks = {} }: TargetConfig): HookSpecs {
  const controlText = flags.controlUrl ?? hooks.control?.url;
  const token = flags.controlToken ?? hooks.control?.token;
  if (controlText !== undefined && token === undefined) {
    throw new UsageError("--control-url without --control-token: the hooks are closed without their token");
  }
  const url = controlText === undefined ? undefined : addressOf(controlText, "--control-url", flags);
  const compactCommand = flags.compactCmd ?? hooks.compact;
  const clockCommand = flags.clockCmd ?? hooks.clock;
  return {
    ...(token === undefined ? {} : { control: { ...(url === undefined ? {} : { url }), token } }),
    ...(compactCommand === undefined ? {} : { compactCommand }),
    ...(clockCommand === undefined ? {} : { clockCommand }),
  };
}

function tokensOf(flags: TargetFlags, { tokens: configured }: TargetConfig): TokenSource | undefined {
  const asked: TokenSource[] = [];
  if (flags.jwtSecret !== undefined) asked.push({ kind: "secret", secret: flags.jwtSecret });
  if (flags.tokenCmd !== undefined) asked.push({ kind: "command", command: flags.tokenCmd });
  if (flags.tokens !== undefined) asked.push({ kind: "list", tokens: readTokens(flags.tokens) });
  if (asked.length > 1) {
    throw new UsageError(
      "--jwt-secret, --token-cmd and --tokens are three ways to have tokens; expected one",
    );
  }
  if (asked.length === 1) return asked[0];
  if (configured === undefined) return undefined;
  if ("secret" in configured) return { kind: "secret", secret: configured.secret };
  if ("command" in configured) return { kind: "command", command: configured.command };
  return { kind: "list", tokens: withoutAbsent(configured.list) };
}

function readTokens(file: string): Extract<TokenSource, { kind: "list" }>["tokens"] {
  let list: unknown;
  try {
    list = parseYaml(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(`cannot read the tokens in ${file}: ${(error as Error).message}`, { cause: error });
  }
  const parsed = targetConfigSchema.safeParse({ tokens: { list } });
  if (parsed.success) {
    const { tokens } = parsed.data;
    if (tokens !== undefined && "list" in tokens) return withoutAbsent(tokens.list);
  }
  // What zod says would show the tokens.
  throw new UsageError(
    `${file} has no list of tokens; expected [{ user, token, device? }, …], with device a UUID`,
  );
}

/** An address that may be spoken to, without a slash at its end.  Errors: UsageError. */
function addressOf(text: string, flag: string, { iOwnThisServer }: TargetFlags): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/u.test(url.protocol) || url.search !== "" || url.hash !== "") {
    throw new UsageError(
      `${flag} ${text} is no address of a server; expected one such as http://127.0.0.1:8080`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError(`${flag} has a name or password in it; the protocols know tokens only`);
  }
  if (!isLoopback(text) && iOwnThisServer !== true) {
    throw new UsageError(
      `${flag} ${text} is not on this machine. Certification sends thousands of requests, many of them malformed; say --i-own-this-server if this server is yours to do that to`,
    );
  }
  return text.replace(/\/+$/u, "");
}

/** A line goes to the shell. */
function wordsOf(command: string | readonly string[] | undefined): readonly string[] | undefined {
  return typeof command === "string" ? ["/bin/sh", "-c", command] : command;
}

function withoutAbsent(
  list: readonly { readonly user: string; readonly token: string; readonly device?: string | undefined }[],
): Extract<TokenSource, { kind: "list" }>["tokens"] {
  return list.map(({ user, token, device }) => ({
    user,
    token,
    ...(device === undefined ? {} : { device }),
  }));
}
