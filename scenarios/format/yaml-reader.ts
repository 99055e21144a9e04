// A YAML file with positions: every reading function takes a node and either gives a plain value or notes an error
// with the line and column at which a person has to look. Reading goes on after an error, so that one run of the
// parser shows all of them.
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Node,
  type Scalar,
  type YAMLMap,
} from "yaml";
import type { JsonValue } from "../../protocol/json.ts";
import { isHeldExactly, LineProblem, LineReader } from "./line-reader.ts";
import { fillText } from "./placeholders.ts";
import { didYouMean } from "./suggest.ts";
import type { SourceLine } from "./types.ts";

/** Something wrong in a scenario file. Lines and columns from 1. */
export interface ScenarioError {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** A member of a map. `value` is `null` where the file has none. */
export interface Entry {
  readonly key: string;
  readonly keyNode: Node;
  readonly value: Node | null;
}

/** Values of `{n}` and of the variable of a `for-each`, by name. */
export type Variables = ReadonlyMap<string, JsonValue>;

/** Rounds of one `repeat`; more than that is a mistake of the file. */
const roundsMax = 100_000;

/** The text, its tree, and what was found wrong with it. */
export class YamlFile {
  readonly name: string;
  readonly root: Node | null;
  readonly #text: string;
  readonly #lines = new LineCounter();
  readonly #errors = new Map<string, ScenarioError>();

  constructor(name: string, text: string) {
    this.name = name;
    this.#text = text;
    const document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      uniqueKeys: false,
      schema: "core",
      merge: false,
      intAsBigInt: true,
    });
    this.root = document.contents as Node | null;
    for (const problem of [...document.errors, ...document.warnings]) {
      this.note(problem.pos[0], yamlMessage(problem.code, problem.message));
    }
  }

  /** All errors, in the order of the file, each once. */
  get errors(): readonly ScenarioError[] {
    return [...this.#errors.values()].sort(
      (left, right) => left.line - right.line || left.column - right.column,
    );
  }

  note(offset: number, message: string): void {
    const { line, col } = this.#lines.linePos(offset);
    const error = { file: this.name, line: Math.max(1, line), column: Math.max(1, col), message };
    this.#errors.set(`${error.line}:${error.column} ${message}`, error);
  }

  /** Where a node begins, and what is written there, on one line. */
  lineOf(node: Node): SourceLine {
    const text = this.slice(node)
      .trim()
      .replace(/\s*\n\s*/gu, " ");
    return { line: this.#lines.linePos(node.range?.[0] ?? 0).line, text };
  }

  slice(node: Node): string {
    return this.#text.slice(node.range?.[0] ?? 0, node.range?.[1] ?? 0);
  }
}

/** Reads nodes of one file, with the variables that hold at that place. */
export class YamlReader {
  readonly file: YamlFile;
  readonly #variables: Variables;

  constructor(file: YamlFile, variables: Variables = new Map()) {
    this.file = file;
    this.#variables = variables;
  }

  /** A reader of the same file that knows one more variable. */
  with(name: string, value: JsonValue): YamlReader {
    return new YamlReader(this.file, new Map([...this.#variables, [name, value]]));
  }

  knows(name: string): boolean {
    return this.#variables.has(name);
  }

  /** Notes an error at a node, `offset` characters into it. */
  complain(node: Node | null, message: string, offset = 0): void {
    this.file.note((node?.range?.[0] ?? 0) + offset, message);
  }

  /** Members of a map, in order, each key once. `keys` names all that may stand there; absent means any. */
  entries(node: Node | null, what: string, keys?: readonly string[]): readonly Entry[] {
    if (!isMap(node)) {
      this.complain(node, `expected ${what} as a map, saw ${describe(node)}`);
      return [];
    }
    const entries: Entry[] = [];
    const seen = new Set<string>();
    for (const pair of node.items) {
      const keyNode = pair.key as Node;
      const key = isScalar(keyNode) ? scalarText(keyNode) : undefined;
      if (key === undefined)
        this.complain(keyNode, `expected a plain word as a key, saw ${describe(keyNode)}`);
      else if (seen.has(key)) this.complain(keyNode, `the key "${key}" stands here twice`);
      else if (keys !== undefined && !keys.includes(key)) {
        this.complain(
          keyNode,
          `unknown key "${key}" in ${what}: expected ${keys.join(", ")}${didYouMean(key, keys)}`,
        );
      } else entries.push({ key, keyNode, value: pair.value as Node | null });
      if (key !== undefined) seen.add(key);
    }
    return entries;
  }

  /** Items of a list. */
  items(node: Node | null, what: string): readonly Node[] {
    if (isSeq(node)) return node.items as readonly Node[];
    this.complain(node, `expected ${what} as a list, saw ${describe(node)}`);
    return [];
  }

  /** Text; numbers and the like count as the text that stands there. */
  text(node: Node | null, what: string): string | undefined {
    if (!isScalar(node) || node.value === null) {
      this.complain(node, `expected ${what}, saw ${describe(node)}`);
      return undefined;
    }
    this.#refuseSwallowedNumber(node);
    const filled = fillText(scalarText(node), this.#valueOf, { isLast: false });
    return typeof filled === "string" ? filled : JSON.stringify(filled);
  }

  /** One of the known words. */
  oneOf<const Known extends string>(
    node: Node | null,
    what: string,
    known: readonly Known[],
  ): Known | undefined {
    const text = this.text(node, what);
    if (text === undefined) return undefined;
    const index = (known as readonly string[]).indexOf(text);
    if (index >= 0) return known[index];
    this.complain(node, `expected ${what} (${known.join(", ")}), saw "${text}"${didYouMean(text, known)}`);
    return undefined;
  }

  /** A short line, by the grammar that `read` follows; nothing may be left over. */
  line<T>(
    node: Node | null,
    options: { what: string; devices: readonly string[] },
    read: (line: LineReader) => T,
  ): T | undefined {
    const text = this.text(node, options.what);
    if (text === undefined || node === null) return undefined;
    try {
      return read(new LineReader(text, options.devices));
    } catch (problem) {
      if (!(problem instanceof LineProblem)) throw problem;
      const at = this.file.slice(node).indexOf(text);
      this.complain(node, problem.message, at < 0 ? 0 : at + problem.offset);
      return undefined;
    }
  }

  whole(node: Node | null, what: string, least: number): number | undefined {
    const value = this.json(node, what);
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= least) return value;
    if (value !== undefined)
      this.complain(node, `expected ${what} (a whole number from ${least} on), saw ${describe(node)}`);
    return undefined;
  }

  truth(node: Node | null, what: string): boolean | undefined {
    if (isScalar(node) && typeof node.value === "boolean") return node.value;
    this.complain(node, `expected ${what} (true or false), saw ${describe(node)}`);
    return undefined;
  }

  /** Any JSON value. With `generators`, `{$repeat: 3, item: …}` is a list of three and `{$repeat: 3, text: x}` is `xxx`. */
  json(node: Node | null, what: string, options: { generators?: boolean } = {}): JsonValue | undefined {
    if (node === null) return null;
    if (isSeq(node)) return (node.items as Node[]).map((item) => this.json(item, what, options) ?? null);
    if (isMap(node)) {
      if (options.generators === true && node.has("$repeat")) return this.#generated(node, what);
      const members = this.entries(node, what).map(({ key, value }) => [
        key,
        this.json(value, what, options) ?? null,
      ]);
      return Object.fromEntries(members) as JsonValue;
    }
    if (isScalar(node)) return this.#scalar(node, what);
    this.complain(node, `expected ${what} written out, saw ${describe(node)}`);
    return undefined;
  }

  #generated(node: YAMLMap, what: string): JsonValue | undefined {
    const members = new Map(
      this.entries(node, "a generator", ["$repeat", "item", "text"]).map((entry) => [entry.key, entry]),
    );
    const times = this.whole(members.get("$repeat")!.value, "how many times", 0);
    const text = members.get("text");
    const item = members.get("item");
    if ((text === undefined) === (item === undefined)) {
      this.complain(node, `expected either "item" or "text" beside "$repeat"`);
      return undefined;
    }
    if (times === undefined) return undefined;
    if (text !== undefined) return (this.text(text.value, "the text to repeat") ?? "").repeat(times);
    if (!this.isFewRounds(times, members.get("$repeat")!.value)) return undefined;
    return Array.from({ length: times }, (_, index) => {
      return this.with("n", index + 1).json(item!.value, what, { generators: true }) ?? null;
    });
  }

  /** Refuses a `repeat` without a bound. */
  isFewRounds(times: number, node: Node | null): boolean {
    if (times <= roundsMax) return true;
    this.complain(node, `expected at most ${roundsMax} rounds, saw ${times}`);
    return false;
  }

  #scalar(node: Scalar, what: string): JsonValue | undefined {
    const { value } = node;
    if (typeof value === "string") return fillText(value, this.#valueOf, { isLast: false });
    if (value === null || typeof value === "boolean") return value;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    if (typeof value === "bigint" && isHeldExactly(String(value))) return Number(value);
    this.complain(
      node,
      `expected ${what} as JSON, saw ${describe(node)}, a number that an IEEE double cannot hold`,
    );
    return undefined;
  }

  /** YAML ends a line at " #", so "laptop push #2" would lose its number without a word. */
  #refuseSwallowedNumber(node: Scalar): void {
    const number = /^\d+/u.exec(node.comment ?? "")?.[0];
    if (number === undefined) return;
    this.complain(
      node,
      `YAML takes "#${number}" for a comment here: write it without the space before "#"`,
      this.file.slice(node).length,
    );
  }

  #valueOf = (name: string): JsonValue | undefined => this.#variables.get(name);
}

/** What stands in a file, in a few words. */
function describe(node: Node | null): string {
  if (node === null) return "nothing";
  if (isMap(node)) return "a map";
  if (isSeq(node)) return "a list";
  if (isAlias(node)) return "an alias";
  if (!isScalar(node) || node.value === null) return "nothing";
  const text = scalarText(node);
  return typeof node.value === "string" ? `"${text.length > 60 ? `${text.slice(0, 60)}…` : text}"` : text;
}

const scalarText = (node: Scalar): string =>
  typeof node.value === "string" ? node.value : (node.source ?? String(node.value));

/** The library's words, with the remedy where a short line ran into YAML's own grammar. */
function yamlMessage(code: string, message: string): string {
  const inQuotes = `a line that holds ": " needs quotes around all of it`;
  if (code === "BLOCK_AS_IMPLICIT_KEY") return `no YAML: ${message} (${inQuotes})`;
  return `no YAML: ${message}`;
}
