// `conformance-baseline.yaml`: the failures that a build is known to have, each with the reason why they are let pass for
// now. Reading tells everything that is wrong with a file at once, with its place; writing keeps what people wrote. What
// an entry excuses is not decided here.
import { Document, isMap, type Node, parseDocument, YAMLMap, YAMLSeq } from "yaml";
import { type ScenarioError, YamlFile, YamlReader } from "../scenarios/format/yaml-reader.ts";

export const baselineFileName = "conformance-baseline.yaml";

/** One failure that is known. */
export interface BaselineEntry {
  /** `waveflow/push/retry::WF-PUSH-2` */
  readonly id: string;
  /** Why it is let pass, in words of whoever keeps the build. */
  readonly reason: string;
  /** Where it is being worked on. */
  readonly issue?: string;
  /** The last day on which it excuses anything: `2027-01-31`. */
  readonly expires?: string;
}

/** An entry as it stands in a file. */
export interface PlacedEntry extends BaselineEntry {
  /** From 1. */
  readonly line: number;
}

export type BaselineReading =
  | { readonly ok: true; readonly entries: readonly PlacedEntry[] }
  | { readonly ok: false; readonly errors: readonly ScenarioError[] };

/** Reads a baseline. A file with nothing but comments is one without entries.
 *  Errors: in the result, all of them. */
export function readBaseline(text: string, file: string): BaselineReading {
  const yaml = new YamlFile(file, text);
  const entries = yaml.root === null ? [] : readEntries(new YamlReader(yaml), yaml.root);
  return yaml.errors.length > 0 ? { ok: false, errors: yaml.errors } : { ok: true, entries };
}

/** By id, letter by letter: the same on every machine. */
const byId = (left: BaselineEntry, right: BaselineEntry): number =>
  left.id < right.id ? -1 : left.id > right.id ? 1 : 0;

/** The text of a baseline with exactly these entries, ordered by their ids, so that two people who write the same
 *  entries write the same file. What `before` says of an entry that stays is kept: its members, their order, its
 *  comments; so is the head of the file. `before` is a text that `readBaseline` accepts. */
export function writeBaseline(entries: readonly BaselineEntry[], before = defaultHead): string {
  const { head, list: text } = splitHead(before);
  const document = parseDocument(text, { schema: "core" });
  const kept = new Map(itemsOf(document).map((item) => [item.get("id"), item]));
  const list = new YAMLSeq();
  list.items = [...entries].sort(byId).map((entry) => updated(kept.get(entry.id), entry));
  list.flow = list.items.length === 0;
  const written = new Document(list);
  written.comment = document.comment;
  return `${head}${written.toString({ lineWidth: 0 })}`;
}

const defaultHead = `# Failures that this build is known to have: they fail nothing until they are mended.

`;

const keys = ["id", "reason", "issue", "expires"] as const;

function readEntries(reader: YamlReader, root: Node): readonly PlacedEntry[] {
  const lineById = new Map<string, number>();
  return reader.items(root, "the baseline").flatMap((node) => {
    const entry = readEntry(reader, node);
    if (entry === undefined) return [];
    const earlier = lineById.get(entry.id);
    if (earlier !== undefined)
      reader.complain(node, `${entry.id} has an entry already, in line ${earlier}; expected one for each`);
    lineById.set(entry.id, entry.line);
    return [entry];
  });
}

function readEntry(reader: YamlReader, node: Node): PlacedEntry | undefined {
  const valueByKey = new Map<string, Node | null>();
  for (const { key, value } of reader.entries(node, "an entry", keys)) valueByKey.set(key, value);
  if (!isMap(node)) return undefined;
  const id = readId(reader, node, valueByKey.get("id"));
  const reason = readText(reader, node, { key: "reason", value: valueByKey.get("reason") });
  const issue = valueByKey.has("issue")
    ? readText(reader, node, { key: "issue", value: valueByKey.get("issue") })
    : undefined;
  const expires = valueByKey.has("expires")
    ? readDay(reader, node, valueByKey.get("expires") ?? null)
    : undefined;
  if (id === undefined || reason === undefined) return undefined;
  return {
    id,
    reason,
    ...(issue === undefined ? {} : { issue }),
    ...(expires === undefined ? {} : { expires }),
    line: reader.file.lineOf(node).line,
  };
}

function readId(reader: YamlReader, entry: Node, value: Node | null | undefined): string | undefined {
  const id = readText(reader, entry, { key: "id", value });
  if (id === undefined || /^[^\s:]+::[^\s:]+$/u.test(id)) return id;
  reader.complain(
    value ?? entry,
    `expected an id like waveflow/push/retry::WF-PUSH-2 (a scenario, two colons, a rule), saw "${id}"`,
  );
  return undefined;
}

/** Complains where nothing stands, and where only blanks do. */
function readText(
  reader: YamlReader,
  entry: Node,
  { key, value }: { readonly key: string; readonly value: Node | null | undefined },
): string | undefined {
  if (value === undefined) {
    reader.complain(entry, `this entry has no "${key}"; ${purposes[key] ?? "expected one"}`);
    return undefined;
  }
  const text = reader.text(value ?? entry, `"${key}" as text`);
  if (text === undefined || text.trim() !== "") return text?.trim();
  reader.complain(value ?? entry, `"${key}" is empty; ${purposes[key] ?? "expected a text"}`);
  return undefined;
}

const purposes: Readonly<Record<string, string>> = {
  id: "expected the check that fails: scenario::rule",
  reason: "expected why this failure is let pass, in your words",
  issue: "expected where it is being worked on",
};

function readDay(reader: YamlReader, entry: Node, value: Node | null): string | undefined {
  const text = reader.text(value ?? entry, `"expires" as a day`);
  if (text === undefined || isDay(text)) return text;
  reader.complain(value ?? entry, `expected "expires" as a day of the calendar, YYYY-MM-DD, saw "${text}"`);
  return undefined;
}

/** True for a day that the calendar has. */
function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/u.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(text);
}

function itemsOf(document: Document.Parsed): readonly YAMLMap[] {
  const { contents } = document;
  return contents instanceof YAMLSeq ? contents.items.filter((item) => item instanceof YAMLMap) : [];
}

/** The comment over the whole list, which ends with an empty line. What touches the first entry is the entry's. */
function splitHead(text: string): { readonly head: string; readonly list: string } {
  const comments = /^(?:[ \t]*(?:#[^\n]*)?(?:\n|$))*/u.exec(text)?.[0] ?? "";
  const list = text.slice(comments.length);
  if (list.trim() === "" || list.startsWith("[")) return { head: endedByEmptyLine(comments), list };
  const end = comments.lastIndexOf("\n\n");
  const head = end < 0 ? "" : comments.slice(0, end + 2);
  return { head, list: text.slice(head.length) };
}

const endedByEmptyLine = (comments: string): string =>
  comments.trim() === "" ? "" : `${comments.trimEnd()}\n\n`;

/** The item as it was, with what the entry says now; or a new one. */
function updated(item: YAMLMap | undefined, entry: BaselineEntry): YAMLMap {
  const map = item ?? new YAMLMap();
  for (const key of keys) {
    const value = entry[key];
    if (value === undefined) map.delete(key);
    else if (map.get(key) !== value) map.set(key, value);
  }
  return map;
}
