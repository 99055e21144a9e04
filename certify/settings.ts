// How a certification is set up, when everybody has spoken: a flag goes over the environment (`SEATRIAL_*`), that over
// the config file, and that over what is done where nobody says anything. The target itself (address, command, tokens,
// hooks) is put together by whoever makes it; what the file says of it is handed through.
import { type DatabaseChoice, readDatabaseChoice } from "../live/databases/choice.ts";
import { type ReporterName, reporterNames } from "../reports/reporter-names.ts";
import { checkConfig, type SeatrialConfig } from "./config.ts";
import { pathText } from "./config-problems.ts";
import { ConfigError, type Environment, type LoadedConfig } from "./load-config.ts";
import type { TargetConfig } from "./target-config.ts";

export interface Settings {
  /** Name or id. */
  readonly protocol: string;
  /** Absent: all levels. */
  readonly levels?: readonly string[];
  /** What the file says of the target. */
  readonly target: TargetConfig;
  /** Absent: `DATABASE_URL`, else the embedded one. */
  readonly database?: DatabaseChoice;
  /** What the target declares to have or not to have. */
  readonly abilities: Readonly<Record<string, boolean>>;
  readonly baseline?: string;
  readonly outputDir: string;
  readonly reporters: readonly ReporterName[];
  readonly seed?: string;
  readonly workers: number;
  readonly timeoutMs: number;
  readonly grep?: string;
  readonly grepInvert?: string;
  readonly bail?: number;
  readonly strict: boolean;
  readonly iOwnThisServer: boolean;
}

/** What was said on the command line, by the names of the flags; nothing that is a default. */
export interface SettingFlags {
  readonly protocol?: string;
  readonly level?: string | readonly string[];
  readonly database?: DatabaseChoice;
  readonly baseline?: string;
  readonly outputDir?: string;
  readonly reporter?: readonly ReporterName[];
  readonly seed?: string;
  readonly workers?: number;
  readonly timeout?: number;
  readonly grep?: string;
  readonly grepInvert?: string;
  readonly bail?: number;
  readonly strict?: boolean;
  readonly iOwnThisServer?: boolean;
}

/** A scenario takes a second or two in the live world. */
const defaults = { protocol: "waveflow", outputDir: "seatrial-report", workers: 12, timeoutMs: 60_000 };

/** Errors: ConfigError, for a variable of the environment, or a combination, that makes no sense. */
export function resolveSettings(
  flags: SettingFlags,
  environment: Environment,
  file: LoadedConfig | undefined,
): Settings {
  const spoken = [layerOfFlags(flags), layerOfEnvironment(environment), file?.config ?? {}];
  const first = <Key extends keyof SeatrialConfig>(key: Key): SeatrialConfig[Key] | undefined =>
    spoken.map((layer) => layer[key]).find((value) => value !== undefined);
  const { server, tokens, hooks } = file?.config ?? {};
  const database = flags.database ?? readDatabase(first("database"), environment, file);
  return {
    protocol: first("protocol") ?? defaults.protocol,
    ...present("levels", levelNames(first("level"))),
    target: { ...present("server", server), ...present("tokens", tokens), ...present("hooks", hooks) },
    ...present("database", database),
    abilities: first("abilities") ?? {},
    ...present("baseline", first("baseline")),
    outputDir: first("outputDir") ?? defaults.outputDir,
    reporters: first("reporters") ?? reporterNames,
    ...present("seed", first("seed")?.toString()),
    workers: first("workers") ?? defaults.workers,
    timeoutMs: first("timeoutMs") ?? defaults.timeoutMs,
    ...present("grep", first("grep")),
    ...present("grepInvert", first("grepInvert")),
    ...present("bail", first("bail")),
    strict: first("strict") ?? false,
    iOwnThisServer: first("iOwnThisServer") ?? false,
  };
}

type Member<Name extends string, Value> = { readonly [Key in Name]?: Exclude<Value, undefined> };

/** A member that is there only where it has a value. */
const present = <Name extends string, Value>(name: Name, value: Value): Member<Name, Value> =>
  (value === undefined ? {} : { [name]: value }) as Member<Name, Value>;

function layerOfFlags({ level, reporter, timeout, database: _, ...others }: SettingFlags): SeatrialConfig {
  return {
    ...others,
    ...present("level", level === undefined ? undefined : [...levelNames(level)!]),
    ...present("reporters", reporter === undefined ? undefined : [...reporter]),
    ...present("timeoutMs", timeout),
  };
}

/** The keys that a variable of the environment can say, and how its text is read. */
const variables = {
  protocol: { variable: "SEATRIAL_PROTOCOL", read: asText },
  level: { variable: "SEATRIAL_LEVEL", read: asText },
  database: { variable: "SEATRIAL_DATABASE", read: asText },
  baseline: { variable: "SEATRIAL_BASELINE", read: asText },
  outputDir: { variable: "SEATRIAL_OUTPUT_DIR", read: asText },
  reporters: { variable: "SEATRIAL_REPORTER", read: asNames },
  seed: { variable: "SEATRIAL_SEED", read: asText },
  workers: { variable: "SEATRIAL_WORKERS", read: asNumber },
  timeoutMs: { variable: "SEATRIAL_TIMEOUT", read: asNumber },
  grep: { variable: "SEATRIAL_GREP", read: asText },
  grepInvert: { variable: "SEATRIAL_GREP_INVERT", read: asText },
  bail: { variable: "SEATRIAL_BAIL", read: asNumber },
  strict: { variable: "SEATRIAL_STRICT", read: asTruth },
  iOwnThisServer: { variable: "SEATRIAL_I_OWN_THIS_SERVER", read: asTruth },
} as const satisfies Partial<
  Record<keyof SeatrialConfig, { readonly variable: string; read(text: string): unknown }>
>;

/** A variable that is empty says nothing. */
function layerOfEnvironment(environment: Environment): SeatrialConfig {
  const said = Object.entries(variables).flatMap(([key, { variable, read }]) => {
    const text = environment[variable] ?? "";
    return text === "" ? [] : [[key, read(text)] as const];
  });
  const check = checkConfig(Object.fromEntries(said));
  if (check.ok) return check.config;
  const problems = check.problems.map(({ path, message }) => {
    const { variable } = variables[path[0] as keyof typeof variables];
    const name = pathText(path);
    return `${variable}: ${message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message}`;
  });
  throw new ConfigError(problems.join("\n"));
}

function asText(text: string): unknown {
  return text;
}

/** A text that is no number is left as it is, and refused with what was expected. */
function asNumber(text: string): unknown {
  return /^\d+$/u.test(text) ? Number(text) : text;
}

function asNames(text: string): unknown {
  return text.trim() === "none" ? [] : (levelNames(text) ?? text);
}

function asTruth(text: string): unknown {
  if (["1", "true", "yes"].includes(text)) return true;
  return ["0", "false", "no"].includes(text) ? false : text;
}

function levelNames(level: string | readonly string[] | undefined): readonly string[] | undefined {
  if (level === undefined) return undefined;
  const names = (typeof level === "string" ? level.split(",") : level).map((name) => name.trim());
  return [...new Set(names.filter((name) => name !== ""))];
}

/** Errors: ConfigError, which says whose word it was. */
function readDatabase(
  text: string | undefined,
  environment: Environment,
  file: LoadedConfig | undefined,
): DatabaseChoice | undefined {
  if (text === undefined) return undefined;
  try {
    return readDatabaseChoice(text);
  } catch (error) {
    const isOfEnvironment = environment["SEATRIAL_DATABASE"] === text;
    const whose = isOfEnvironment ? "SEATRIAL_DATABASE" : `${file?.file ?? "the config"}: database`;
    throw new ConfigError(`${whose}: ${(error as Error).message}`, { cause: error });
  }
}
