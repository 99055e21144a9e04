// Finds and reads the config: `seatrial.config.*` in the folder where Seatrial is called, or the file that was named. In
// YAML and JSON `${NAME}` is taken from the environment, so that no secret has to stand in a file; a config in TypeScript
// or JavaScript has `process.env`. Everything that is wrong is told at once, with its line where the file has lines.
import { existsSync, readFileSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isMap, isScalar, LineCounter, type Node, type ParsedNode, parseDocument } from "yaml";
import { checkConfig, type SeatrialConfig } from "./config.ts";
import { type ConfigPath, pathText } from "./config-problems.ts";

/** What a config may be called. */
export const configNames: readonly string[] = ["ts", "mts", "js", "mjs", "json", "yaml", "yml"].map(
  (ending) => `seatrial.config.${ending}`,
);

export type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadedConfig {
  /** As it was named, or its name in the folder. */
  readonly file: string;
  readonly config: SeatrialConfig;
}

/** A config that cannot be used; the message says what is wrong with it, a line for each problem. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code = "config";
}

/** Reads the file that was named, or the one that the folder has; undefined where it has none.
 *  Errors: ConfigError. */
export async function loadConfig(
  { file, folder }: { readonly file?: string | undefined; readonly folder: string },
  environment: Environment,
): Promise<LoadedConfig | undefined> {
  const found = file ?? findConfig(folder);
  if (found === undefined) return undefined;
  const path = resolve(folder, found);
  if (!existsSync(path)) throw new ConfigError(`${found}: there is no such file`);
  const config = isModule(found)
    ? readModule(found, await importModule(found, path))
    : readConfigText(readFileSync(path, "utf8"), found, environment);
  return { file: found, config };
}

/** Errors: ConfigError where the folder has more than one: which of them counts would be a guess. */
function findConfig(folder: string): string | undefined {
  const found = configNames.filter((name) => existsSync(join(folder, name)));
  if (found.length > 1)
    throw new ConfigError(
      `expected one config, saw ${found.join(" and ")}; keep one, or name it with --config`,
    );
  return found[0];
}

const isModule = (file: string): boolean => /\.m?[jt]s$/u.test(file);

async function importModule(file: string, path: string): Promise<unknown> {
  try {
    const module = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
    const { default: exported } = module;
    return typeof exported === "function" ? await (exported as () => unknown)() : exported;
  } catch (error) {
    throw new ConfigError(
      `${file} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}

function readModule(file: string, exported: unknown): SeatrialConfig {
  if (exported === undefined)
    throw new ConfigError(`${file} has no default export; expected "export default { … }"`);
  const check = checkConfig(exported);
  if (check.ok) return check.config;
  throw new ConfigError(check.problems.map(({ message }) => `${file}: ${message}`).join("\n"));
}

/** Reads YAML or JSON.  Errors: ConfigError. */
export function readConfigText(text: string, file: string, environment: Environment): SeatrialConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, schema: "core" });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  const [broken] = document.errors;
  if (broken !== undefined)
    throw new ConfigError(`${place(broken.pos[0])}: no ${formatName(file)}: ${broken.message}`);
  if (extname(file) === ".json") mustBeJson(text, file);
  const problems: { readonly path: ConfigPath; readonly message: string }[] = [];
  const value = expanded(
    document.toJS() ?? {},
    { environment, note: (problem) => problems.push(problem) },
    [],
  );
  const check = checkConfig(value);
  if (problems.length === 0 && check.ok) return check.config;
  // What was to be expanded and could not is told once.
  const unexpanded = new Set(problems.map(({ path }) => pathText(path)));
  const others = check.ok ? [] : check.problems.filter(({ path }) => !unexpanded.has(pathText(path)));
  const told = [...problems, ...others].map(({ path, message }) => ({
    offset: offsetOf(document.contents, path),
    message,
  }));
  const inOrder = told.toSorted((left, right) => left.offset - right.offset);
  throw new ConfigError(inOrder.map(({ offset, message }) => `${place(offset)}: ${message}`).join("\n"));
}

const formatName = (file: string): string => (extname(file) === ".json" ? "JSON" : "YAML");

/** YAML takes more than JSON does. */
function mustBeJson(text: string, file: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`${file}: no JSON: ${(error as Error).message}`, { cause: error });
  }
}

interface Expansion {
  readonly environment: Environment;
  note(problem: { readonly path: ConfigPath; readonly message: string }): void;
}

/** `${NAME}` in every text becomes what the environment says; `$${NAME}` is the text `${NAME}`. */
function expanded(value: unknown, expansion: Expansion, path: ConfigPath): unknown {
  if (typeof value === "string") return expandedText(value, expansion, path);
  if (Array.isArray(value)) return value.map((item, index) => expanded(item, expansion, [...path, index]));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, expanded(item, expansion, [...path, key])]),
  );
}

function expandedText(text: string, { environment, note }: Expansion, path: ConfigPath): string {
  return text.replaceAll(/\$(\$?)\{([^{}]*)\}/gu, (whole, escape: string, name: string) => {
    if (escape !== "") return whole.slice(1);
    const value = environment[name];
    if (value !== undefined && value !== "") return value;
    const seen = value === undefined ? "is not set" : "is empty";
    note({ path, message: `${pathText(path)}: expected the environment to say ${name}, which ${seen}` });
    return whole;
  });
}

/** Where a path stands in the file: its key, its item, or the nearest thing around it that is there. */
function offsetOf(root: ParsedNode | null, path: ConfigPath): number {
  let node: Node | null = root;
  let offset = root?.range?.[0] ?? 0;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (pair === undefined) return offset;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value as Node | null;
    } else {
      const item = itemOf(node, part);
      if (item === undefined) return offset;
      offset = item.range?.[0] ?? offset;
      node = item;
    }
  }
  return offset;
}

function itemOf(node: Node | null, part: PropertyKey): Node | undefined {
  const items = (node as { readonly items?: readonly Node[] } | null)?.items;
  return typeof part === "number" ? items?.[part] : undefined;
}
