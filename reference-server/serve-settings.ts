// Settings of the server process, from flags and environment. All that is wrong is found at once.
import { defaultServerConfig, type ServerConfig } from "./waveflow/index.ts";
import type { ServeOptions } from "./serve.ts";

/** Texts by the name of their environment variable, wherever they come from. */
export type GivenSettings = Readonly<Record<string, string | undefined>>;

export type Settings = Omit<ServeOptions, "onFault">;

/** A setting that is a number, and the part of the configuration that it sets. */
export interface NumberSetting {
  readonly name: string;
  readonly key: keyof ServerConfig;
  readonly least: number;
  readonly most: number;
  readonly help: string;
}

const yearsMs = 365 * 86_400_000;

export const numberSettings: readonly NumberSetting[] = [
  {
    name: "STALENESS_MS",
    key: "stalenessMs",
    least: 1,
    most: 1_000 * yearsMs,
    help: "a device not heard of for longer does not hold compaction back",
  },
  {
    name: "PULL_LIMIT_DEFAULT",
    key: "pullLimitDefault",
    least: 1,
    most: 1_000,
    help: "ops on a page of a pull that names no limit",
  },
  {
    name: "ACK_FLUSH_INTERVAL_MS",
    key: "ackFlushIntervalMs",
    least: 1,
    most: yearsMs,
    help: "how long an acknowledgement may stay in memory",
  },
  {
    name: "PING_INTERVAL_MS",
    key: "pingIntervalMs",
    least: 10,
    most: yearsMs,
    help: "between two pings of a socket",
  },
  {
    name: "COMPACTION_INTERVAL_MS",
    key: "compactionIntervalMs",
    least: 0,
    most: yearsMs,
    help: "between two runs of the compaction job; 0 turns it off",
  },
  {
    name: "PENDING_FRAMES_MAX",
    key: "pendingFramesMax",
    least: 1,
    most: 10_000_000,
    help: "frames that a slow socket may owe before it is closed",
  },
];

/** Reads and judges all settings.  Answers the problems, one line each, where there are any. */
export function readSettings(
  given: GivenSettings,
): { readonly settings: Settings } | { readonly problems: readonly string[] } {
  const problems: string[] = [];
  const expect = (name: string, expected: string): void => {
    problems.push(`${name}: expected ${expected}, saw ${shown(name, given[name])}`);
  };
  const number = (name: string, bounds: { readonly least: number; readonly most: number }): number => {
    const text = given[name]!;
    const value = /^\d{1,15}$/u.test(text) ? Number(text) : Number.NaN;
    if (value >= bounds.least && value <= bounds.most) return value;
    expect(name, `a whole number from ${bounds.least} to ${bounds.most}`);
    return bounds.least;
  };
  const config: Record<string, number> = {};
  for (const setting of numberSettings) {
    if (given[setting.name] !== undefined) config[setting.key] = number(setting.name, setting);
  }
  const port = given["PORT"] === undefined ? portDefault : number("PORT", { least: 0, most: 65_535 });
  const connectionsMax =
    given["DATABASE_CONNECTIONS"] === undefined
      ? undefined
      : number("DATABASE_CONNECTIONS", { least: 1, most: 1_000 });
  const { HOST: host = hostDefault, DATABASE_URL: databaseUrl = "" } = given;
  if (host === "") expect("HOST", "a host name or an address");
  if (!isUrl(databaseUrl, ["postgres:", "postgresql:"])) {
    expect("DATABASE_URL", "postgresql://user:password@host:port/database");
  }
  const controlToken = given["SEATRIAL_CONTROL_TOKEN"];
  if (controlToken === "") expect("SEATRIAL_CONTROL_TOKEN", "a text, or nothing for no control endpoints");
  const keys = readKeys(given, expect);
  if (keys === undefined || problems.length > 0) return { problems };
  return { settings: { host, port, databaseUrl, connectionsMax, controlToken, keys, config } };
}

export const portDefault = 8080;
export const hostDefault = "127.0.0.1";

/** The default of a number, as text for people. */
export const numberDefault = ({ key }: NumberSetting): string => String(defaultServerConfig[key]);

function readKeys(
  given: GivenSettings,
  expect: (name: string, expected: string) => void,
): Settings["keys"] | undefined {
  const { JWT_SECRET: secret, JWKS_URL: jwksUrl } = given;
  if (secret !== undefined && jwksUrl !== undefined) {
    // Whoever has either could make tokens; a server that takes both is set up by mistake.
    expect("JWKS_URL", "nothing, because JWT_SECRET is set");
    return undefined;
  }
  if (jwksUrl !== undefined) {
    if (isUrl(jwksUrl, ["https:", "http:"])) return { kind: "jwks", url: new URL(jwksUrl) };
    expect("JWKS_URL", "an https or http URL");
    return undefined;
  }
  if (secret !== undefined && secret !== "") return { kind: "shared secret", secret };
  expect("JWT_SECRET", "a text (or JWKS_URL instead)");
  return undefined;
}

const isUrl = (text: string, protocols: readonly string[]): boolean =>
  URL.canParse(text) && protocols.includes(new URL(text).protocol);

const secretNames = new Set(["JWT_SECRET", "SEATRIAL_CONTROL_TOKEN", "DATABASE_URL"]);

function shown(name: string, text: string | undefined): string {
  if (text === undefined) return "nothing";
  if (text === "") return "an empty text";
  return secretNames.has(name) ? "something else" : JSON.stringify(text);
}
