// `seatrial serve`: the reference server, to point a client at. Without flags it brings its own database and its own
// secret, and says how to talk to it.
import { randomBytes, randomUUID } from "node:crypto";
import { Command, Option } from "commander";
import { SignJWT } from "jose";
import { startEmbeddedPostgres } from "../live/databases/embedded.ts";
import { serveUntilSignal } from "../reference-server/serve-process.ts";
import {
  type GivenSettings,
  hostDefault,
  numberDefault,
  numberSettings,
  portDefault,
  readSettings,
} from "../reference-server/serve-settings.ts";
import { SetupError } from "./errors.ts";
import { addHelp } from "./help.ts";

const embedded = "embedded";

export function createServeCommand(): Command {
  const command = addHelp(new Command("serve"), {
    summary: "the reference server, to point a client at",
    sentence:
      "Starts the WaveFlow reference server and prints one line of JSON with its address. Without flags it brings a throw-away PostgreSQL and makes up a secret for tokens, with one token to begin with.",
    examples: [
      ["seatrial serve", "to play with: everything is gone when it ends"],
      ["seatrial serve --database postgresql://localhost/sync --jwt-secret s3", "on your database"],
      ["seatrial serve --port 0", "on any free port, which the printed line names"],
    ],
  });
  for (const { name, flag, value, help, fallback } of textFlags) {
    command.addOption(new Option(`${flag} <${value}>`, `${help}${fallback ?? ""}`).env(name));
  }
  for (const setting of numberSettings) {
    const help = `${setting.help} (default: ${numberDefault(setting)})`;
    command.addOption(new Option(`${flagOf(setting.name)} <number>`, help).env(setting.name));
  }
  return command.action(async (flags: Readonly<Record<string, string | undefined>>) => {
    process.exitCode = await run(flags);
  });
}

interface TextFlag {
  readonly name: string;
  readonly flag: string;
  readonly value: string;
  readonly help: string;
  readonly fallback?: string;
}

const textFlags: readonly TextFlag[] = [
  {
    name: "DATABASE_URL",
    flag: "--database",
    value: "url",
    help: `a PostgreSQL URL, or "${embedded}" for a throw-away one`,
    fallback: ` (default: ${embedded})`,
  },
  {
    name: "HOST",
    flag: "--host",
    value: "address",
    help: "where to listen",
    fallback: ` (default: ${hostDefault})`,
  },
  {
    name: "PORT",
    flag: "--port",
    value: "number",
    help: "0 takes any free port",
    fallback: ` (default: ${portDefault})`,
  },
  {
    name: "JWT_SECRET",
    flag: "--jwt-secret",
    value: "text",
    help: "tokens are signed with it, by HS256",
    fallback: " (default: made up)",
  },
  {
    name: "JWKS_URL",
    flag: "--jwks-url",
    value: "url",
    help: "instead of a secret: tokens are signed by RS256 with a key from here",
  },
  {
    name: "SEATRIAL_CONTROL_TOKEN",
    flag: "--control-token",
    value: "text",
    help: "opens /control/compact, /control/clock and /control/state to whoever bears it",
  },
  {
    name: "DATABASE_CONNECTIONS",
    flag: "--database-connections",
    value: "number",
    help: "connections to the database at a time",
    fallback: " (default: 10)",
  },
];

const flagOf = (name: string): string => `--${name.toLowerCase().replaceAll("_", "-")}`;

/** What commander calls the value of a flag. */
const memberOf = (flag: string): string =>
  flag.slice(2).replaceAll(/-(\w)/gu, (_, letter: string) => letter.toUpperCase());

async function run(flags: Readonly<Record<string, string | undefined>>): Promise<number> {
  const given: Record<string, string | undefined> = {};
  for (const { name, flag } of textFlags) given[name] = flags[memberOf(flag)];
  for (const { name } of numberSettings) given[name] = flags[memberOf(flagOf(name))];
  const isMadeUp = given["JWT_SECRET"] === undefined && given["JWKS_URL"] === undefined;
  if (isMadeUp) given["JWT_SECRET"] = randomBytes(24).toString("base64url");
  const introduce = async (url: string): Promise<void> => {
    if (isMadeUp) process.stderr.write(await introduction(url, given["JWT_SECRET"]!));
  };
  if ((given["DATABASE_URL"] ?? embedded) !== embedded) return await serveUntilSignal(given, introduce);
  // Bad settings are said before a database is started for them.
  const whole = { ...given, DATABASE_URL: "postgresql://localhost" };
  if ("problems" in readSettings(whole)) return await serveUntilSignal(whole);
  return await serveOnEmbedded(given, introduce);
}

async function serveOnEmbedded(
  given: GivenSettings,
  introduce: (url: string) => Promise<void>,
): Promise<number> {
  const postgres = await startEmbeddedPostgres().catch((error: unknown) => {
    throw new SetupError(error instanceof Error ? error.message : String(error), { cause: error });
  });
  try {
    return await serveUntilSignal({ ...given, DATABASE_URL: postgres.url }, introduce);
  } finally {
    await postgres.stop();
  }
}

async function introduction(url: string, secret: string): Promise<string> {
  const token = await new SignJWT()
    .setProtectedHeader({ alg: "HS256" })
    .setSubject("demo")
    .setExpirationTime("1d")
    .sign(new TextEncoder().encode(secret));
  return [
    `JWT secret of this run: ${secret}`,
    "A first request, as user demo (the token is good for a day):",
    "",
    `  curl '${url}/sync/ops?since=0' -H 'X-Device-Id: ${randomUUID()}' -H 'Authorization: Bearer ${token}'`,
    "",
    "",
  ].join("\n");
}
