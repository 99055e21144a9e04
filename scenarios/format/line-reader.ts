// Reads one short line ("edit song/1 title=A") word by word. A word ends at white space, except inside quotes and
// brackets, so that values may hold both. Every complaint knows its place in the line; the parser turns it into a
// line and column of the file.
import type { JsonValue } from "../../protocol/json.ts";
import { parse as parseYaml } from "yaml";
import { durationForm, durationToMs } from "./duration.ts";
import { didYouMean } from "./suggest.ts";
import type { PlaceholderArg } from "./types.ts";

/** A line that does not follow the grammar. `offset` counts characters from the start of the line. */
export class LineProblem extends Error {
  readonly code = "line_problem";
  override readonly name = "LineProblem";
  readonly offset: number;
  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

export interface Word {
  readonly text: string;
  readonly offset: number;
}

export class LineReader {
  readonly text: string;
  /** Names that `device()` accepts. */
  readonly devices: readonly string[];
  readonly #words: Word[];
  #next = 0;

  constructor(text: string, devices: readonly string[] = []) {
    this.text = text;
    this.devices = devices;
    this.#words = splitWords(text);
  }

  get isDone(): boolean {
    return this.#next >= this.#words.length;
  }

  /** The next word, which stays. */
  peek(): string | undefined {
    return this.#words[this.#next]?.text;
  }

  /** Takes the next word.  Errors: LineProblem at the end of the line, naming what was `expected`. */
  word(expected: string): Word {
    const word = this.#words[this.#next];
    if (word === undefined)
      throw new LineProblem(this.text.length, `the line ends too early: expected ${expected}`);
    this.#next++;
    return word;
  }

  /** Takes the words if they come next, all of them or none. */
  accept(...words: readonly string[]): boolean {
    if (words.some((word, index) => this.#words[this.#next + index]?.text !== word)) return false;
    this.#next += words.length;
    return true;
  }

  /** Takes one word that must be `expected`. */
  keyword(expected: string): void {
    this.choice([expected], `"${expected}"`);
  }

  /** Takes one of the `known` words. */
  choice<const Known extends string>(known: readonly Known[], what: string): Known {
    const { text, offset } = this.word(`${what}${known.length > 1 ? `: ${known.join(", ")}` : ""}`);
    const index = (known as readonly string[]).indexOf(text);
    if (index >= 0) return known[index]!;
    const list = known.length > 1 ? ` (${known.join(", ")})` : "";
    throw new LineProblem(offset, `expected ${what}${list}, saw "${text}"${didYouMean(text, known)}`);
  }

  /** Takes the name of a declared device. */
  device(): string {
    const { text, offset } = this.word("the name of a device");
    if (this.devices.includes(text)) return text;
    throw new LineProblem(offset, unknownDevice(text, this.devices));
  }

  duration(what: string): number {
    const { text, offset } = this.word(`${what}: ${durationForm}`);
    const ms = durationToMs(text);
    if (ms === undefined) throw new LineProblem(offset, `expected ${durationForm}, saw "${text}"`);
    return ms;
  }

  /** Takes a duration that has no sign. */
  length(what: string): number {
    const word = this.#words[this.#next];
    if (word !== undefined && /^[+-]/u.test(word.text))
      throw new LineProblem(word.offset, `expected a duration without a sign, saw "${word.text}"`);
    return this.duration(what);
  }

  /** Takes the status of an HTTP answer that is final. */
  status(): number {
    const { text, offset } = this.word("an HTTP status");
    if (/^[2-5]\d\d$/u.test(text)) return Number(text);
    throw new LineProblem(offset, `expected an HTTP status from 200 to 599, saw "${text}"`);
  }

  /** Takes a whole number from `least` on. */
  count(what: string, least = 1): number {
    const { text, offset } = this.word(what);
    const count = /^\d+$/u.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(count) && count >= least) return count;
    throw new LineProblem(offset, `expected ${what} (a whole number from ${least} on), saw "${text}"`);
  }

  /** Takes a whole number, or a placeholder that will be one. */
  countOrPlaceholder(what: string): number | (PlaceholderArg & Readonly<Record<string, JsonValue>>) {
    const inner = placeholderWord.exec(this.peek() ?? "")?.[1];
    if (inner === undefined) return this.count(what, 0);
    this.word(what);
    return { placeholder: inner };
  }

  /** Takes one of the `known` words with the number of its occurrence: `push`, `push#2`, or `push #2` in quotes. */
  numbered<const Known extends string>(
    known: readonly Known[],
    what: string,
  ): { readonly word: Known; readonly nth: number } {
    const numberAt = this.peek()?.indexOf("#") ?? -1;
    if (numberAt > 0) this.#splitNext(numberAt);
    const word = this.choice(known, what);
    return { word, nth: this.#nth() };
  }

  #nth(): number {
    if (!this.peek()?.startsWith("#")) return 1;
    const { text, offset } = this.word("#1");
    if (/^#[1-9]\d{0,8}$/u.test(text)) return Number(text.slice(1));
    throw new LineProblem(offset, `expected which one it is, such as #2, saw "${text}"`);
  }

  #splitNext(at: number): void {
    const { text, offset } = this.#words[this.#next]!;
    const halves = [
      { text: text.slice(0, at), offset },
      { text: text.slice(at), offset: offset + at },
    ];
    this.#words.splice(this.#next, 1, ...halves);
  }

  /** Takes a word as a value: JSON, a flow collection of YAML, or plain text. */
  value(what: string): JsonValue {
    const { text, offset } = this.word(what);
    return textToValue(text, offset);
  }

  /** Takes a word as text; quotes around it are taken off. */
  string(what: string): string {
    const { text, offset } = this.word(what);
    return textToString(text, offset);
  }

  /** Refuses whatever is left. `after` names what the line said so far. */
  end(after: string): void {
    const word = this.#words[this.#next];
    if (word === undefined) return;
    throw new LineProblem(word.offset, `expected nothing more after ${after}, saw "${word.text}"`);
  }
}

/** What is said of a device name that no `devices:` declares. */
export const unknownDevice = (name: string, devices: readonly string[]): string =>
  `no device is called "${name}" (declared: ${devices.join(", ") || "none"})${didYouMean(name, devices)}`;

/** A value in a line. What is JSON is JSON (`5`, `null`, `"two words"`), brackets are YAML's flow style (`[a, b]`,
 *  `{a: 1}`), `'…'` is text, and everything else is the text that stands there (`A`, `05`, `yes`).
 *  Errors: LineProblem at `offset`. */
export function textToValue(text: string, offset: number): JsonValue {
  const json = parseJson(text);
  if (json.isJson) return finite(json.value, text, offset);
  if (!/^["'[{]/u.test(text)) return text;
  try {
    return finite(parseYaml(text, { schema: "core", merge: false }) as JsonValue, text, offset);
  } catch (error) {
    if (error instanceof LineProblem) throw error;
    throw new LineProblem(offset, `expected a value in JSON or YAML flow style, saw ${text}`);
  }
}

/** A value as a word of a line: the way back from `textToValue`. */
export function valueToText(value: JsonValue): string {
  const isPlain = typeof value === "string" && plainWord.test(value) && !parseJson(value).isJson;
  return isPlain ? value : JSON.stringify(value);
}

/** Text as a word of a line: the way back from `LineReader.string`. */
export const stringToText = (text: string): string => (plainWord.test(text) ? text : JSON.stringify(text));

/** Words that need no quotes, in a line and in YAML. */
const plainWord = /^[A-Za-z0-9_](?:[\w.+/%-]*[\w%/])?$/u;

const placeholderWord = /^\{([^{}"]+)\}$/u;

function textToString(text: string, offset: number): string {
  if (!/^["']/u.test(text)) return text;
  const value = textToValue(text, offset);
  if (typeof value === "string") return value;
  throw new LineProblem(offset, `expected text, saw ${text}`);
}

function parseJson(
  text: string,
): { readonly isJson: true; readonly value: JsonValue } | { readonly isJson: false } {
  try {
    return { isJson: true, value: JSON.parse(text) as JsonValue };
  } catch {
    return { isJson: false };
  }
}

/** Whether an IEEE double holds the integer that is written there, so that sending it sends the same digits or the
 *  same number. */
export function isHeldExactly(digits: string): boolean {
  const held = Number(digits);
  return Number.isFinite(held) && (String(held) === digits || BigInt(held) === BigInt(digits));
}

/** Refuses numbers that a double would change or cannot hold. */
function finite(value: JsonValue, text: string, offset: number): JsonValue {
  const isLost =
    typeof value === "number" && (/^-?\d+$/u.test(text) ? !isHeldExactly(text) : !Number.isFinite(value));
  if (isLost) {
    throw new LineProblem(
      offset,
      `${text} is a number that an IEEE double cannot hold; send it by request: { text: … }`,
    );
  }
  if (JSON.stringify(value) === undefined) throw new LineProblem(offset, `${text} is no JSON value`);
  return value;
}

function splitWords(line: string): Word[] {
  const words: Word[] = [];
  let at = 0;
  while (at < line.length) {
    if (/\s/u.test(line[at]!)) {
      at++;
      continue;
    }
    const end = endOfWord(line, at);
    words.push({ text: line.slice(at, end), offset: at });
    at = end;
  }
  return words;
}

function endOfWord(line: string, start: number): number {
  const open: { readonly closer: string; readonly offset: number }[] = [];
  let at = start;
  for (; at < line.length; at++) {
    const letter = line[at]!;
    if (letter === '"' || (letter === "'" && startsValue(line, start, at))) at = endOfQuotes(line, at);
    else if (letter === "[" || letter === "{") open.push({ closer: letter === "[" ? "]" : "}", offset: at });
    else if (open.length > 0 && letter === open.at(-1)!.closer) open.pop();
    else if (open.length === 0 && /\s/u.test(letter)) return at;
  }
  const unclosed = open.at(-1);
  if (unclosed !== undefined) {
    throw new LineProblem(
      unclosed.offset,
      `the bracket "${line[unclosed.offset]!}" is never closed: expected "${unclosed.closer}"`,
    );
  }
  return at;
}

/** An apostrophe inside a word (don't) opens no quotes. */
const startsValue = (line: string, start: number, at: number): boolean =>
  at === start || /[=[{,:\s]/u.test(line[at - 1]!);

/** Index of the closing quote. */
function endOfQuotes(line: string, start: number): number {
  const quote = line[start]!;
  for (let at = start + 1; at < line.length; at++) {
    if (quote === '"' && line[at] === "\\") at++;
    else if (line[at] === quote) return at;
  }
  throw new LineProblem(start, `the quote ${quote} is never closed`);
}
