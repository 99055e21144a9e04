// `expect:` and `check:` as data, with every word held against what the protocol and the scenario know.
import { isMap, isScalar, type Node } from "yaml";
import type { JsonValue } from "../../protocol/json.ts";
import { placeholdersIn } from "./placeholders.ts";
import { unknownDevice } from "./line-reader.ts";
import { didYouMean } from "./suggest.ts";
import type { DeviceExpectation, Expectation, ReplyExpectation } from "./types.ts";
import type { Vocabulary } from "./vocabulary.ts";
import type { YamlReader } from "./yaml-reader.ts";

/** What a scenario has said before the place that is read. */
export interface Scope {
  readonly vocabulary: Vocabulary;
  readonly devices: readonly string[];
  readonly requirements: readonly string[];
  /** Names that earlier steps remember. */
  readonly remembered: Set<string>;
}

const outcomes = ["ok", "refused", "unknown", "blocked"] as const;

type Writable<T> = { -readonly [Member in keyof T]: T[Member] };

/** What an answer must be. */
export function readReplyExpectation(reader: YamlReader, node: Node | null, scope: Scope): ReplyExpectation {
  const expected: Writable<ReplyExpectation> = {};
  const keys = ["status", "type", "body", "headers", "outcome", "counts", "requirements"];
  for (const { key, keyNode, value } of nonEmpty(reader, node, { what: "an expected reply", keys })) {
    switch (key) {
      case "status":
        assign(expected, "status", readStatus(reader, value));
        break;
      case "type":
        assign(expected, "type", reader.text(value, "the type of an error body"));
        break;
      case "body":
        assign(expected, "body", readChecked(reader, value, scope));
        break;
      case "headers":
        assign(expected, "headers", readTexts(reader, value, "expected headers"));
        break;
      case "outcome":
        assign(expected, "outcome", reader.oneOf(value, "an outcome", outcomes));
        break;
      case "counts":
        assign(expected, "counts", readCounts(reader, value, scope));
        break;
      default:
        assign(expected, "requirements", readRequirements(reader, value ?? keyNode, scope.requirements));
    }
  }
  return expected;
}

/** What must be true of devices and server. */
export function readExpectation(reader: YamlReader, node: Node | null, scope: Scope): Expectation {
  const expected: Writable<Expectation> = {};
  const keys = ["converged", "state", "devices", "violates", "requirements"];
  for (const { key, keyNode, value } of nonEmpty(reader, node, { what: "an expectation", keys })) {
    switch (key) {
      case "converged":
        assign(expected, "converged", reader.truth(value, "whether all agree"));
        break;
      case "state":
        assign(expected, "state", readState(reader, value));
        break;
      case "devices":
        assign(expected, "devices", readDevices(reader, value, scope));
        break;
      case "violates":
        assign(expected, "violates", readList(reader, value, "the laws that are violated"));
        break;
      default:
        assign(expected, "requirements", readRequirements(reader, value ?? keyNode, scope.requirements));
    }
  }
  return expected;
}

/** Requirement ids that all stand in `known`. */
export function readRequirements(
  reader: YamlReader,
  node: Node | null,
  known: readonly string[],
): readonly string[] {
  const ids: string[] = [];
  for (const item of reader.items(node, "requirement ids")) {
    const id = reader.text(item, "a requirement id");
    if (id === undefined) continue;
    if (!known.includes(id)) reader.complain(item, `unknown requirement "${id}"${didYouMean(id, known)}`);
    else if (ids.includes(id)) reader.complain(item, `the requirement "${id}" stands here twice`);
    else ids.push(id);
  }
  return ids;
}

/** JSON whose placeholders are all known. */
export function readChecked(
  reader: YamlReader,
  node: Node | null,
  scope: Scope,
  options: { generators?: boolean } = {},
): JsonValue | undefined {
  const value = reader.json(node, "a value", options);
  const isCounting = options.generators === true;
  if (node !== null) checkPlaceholders(isCounting ? reader.with("n", 1) : reader, node, scope);
  return value;
}

/** Complains of placeholders that neither a step before nor a device answers to. */
export function checkPlaceholders(reader: YamlReader, node: Node, scope: Scope): void {
  const text = isScalar(node) && typeof node.value !== "string" ? "" : reader.file.slice(node);
  for (const { name } of placeholdersIn(text)) {
    const problem = unknownName(reader, name, scope);
    if (problem !== undefined) reader.complain(node, problem, text.indexOf(`{${name}`));
  }
}

/** Why nobody can say what `{name}` is, or `undefined`. */
export function unknownName(reader: YamlReader, name: string, scope: Scope): string | undefined {
  const [device, member] = name.split(".") as [string, string?];
  if (member === undefined) {
    if (scope.remembered.has(name) || reader.knows(name)) return undefined;
    const known = [...scope.remembered];
    return `nothing before remembers "${name}" (remembered: ${known.join(", ") || "none"})${didYouMean(name, known)}`;
  }
  if (!scope.devices.includes(device)) return unknownDevice(device, scope.devices);
  if (scope.vocabulary.status.has(member)) return undefined;
  const known = [...scope.vocabulary.status.keys()];
  return `a device's status has no "${member}": expected ${known.join(", ")}${didYouMean(member, known)}`;
}

export function readTexts(
  reader: YamlReader,
  node: Node | null,
  what: string,
): Readonly<Record<string, string>> {
  const entries = reader
    .entries(node, what)
    .map(({ key, value }) => [key, reader.text(value, `text for "${key}"`) ?? ""]);
  return Object.fromEntries(entries) as Record<string, string>;
}

/** Sets a member that was read; one that was wrong stays out. */
export function assign<T, Member extends keyof T>(
  target: T,
  member: Member,
  value: T[Member] | undefined,
): void {
  if (value !== undefined) target[member] = value;
}

/** A check that cannot fail is an error of the file. */
function nonEmpty(
  reader: YamlReader,
  node: Node | null,
  { what, keys }: { what: string; keys: readonly string[] },
) {
  const entries = reader.entries(node, what, keys);
  if (isMap(node) && node.items.every(({ key }) => isScalar(key) && key.value === "requirements")) {
    reader.complain(node, `${what} that names nothing cannot fail: expected one of ${keys.join(", ")}`);
  }
  return entries;
}

function readStatus(reader: YamlReader, node: Node | null): number | readonly number[] | undefined {
  if (isScalar(node)) return reader.whole(node, "an HTTP status", 100);
  const codes = reader.items(node, "HTTP statuses").map((item) => reader.whole(item, "an HTTP status", 100));
  return codes.filter((code) => code !== undefined);
}

function readCounts(
  reader: YamlReader,
  node: Node | null,
  { vocabulary }: Scope,
): Readonly<Record<string, number>> {
  const known = [...vocabulary.counts.keys()];
  const entries = reader.entries(node, "counts", known);
  return Object.fromEntries(
    entries.map(({ key, value }) => [key, reader.whole(value, `a number for "${key}"`, 0) ?? 0]),
  );
}

type State = NonNullable<Expectation["state"]>;

function readState(reader: YamlReader, node: Node | null): State {
  const entities = reader.entries(node, "a state").map(({ key, keyNode, value }) => {
    if (key.indexOf("/") < 1) reader.complain(keyNode, `expected an entity such as song/1, saw "${key}"`);
    const fields = reader.entries(value, `the fields of ${key}`);
    return [
      key,
      Object.fromEntries(fields.map((field) => [field.key, reader.json(field.value, "a value") ?? null])),
    ];
  });
  return Object.fromEntries(entities) as State;
}

function readDevices(
  reader: YamlReader,
  node: Node | null,
  scope: Scope,
): Readonly<Record<string, DeviceExpectation>> {
  const keys = ["state", ...scope.vocabulary.status.keys()];
  const devices = reader.entries(node, "expected devices").map(({ key, keyNode, value }) => {
    if (!scope.devices.includes(key)) reader.complain(keyNode, unknownDevice(key, scope.devices));
    const expected: Writable<DeviceExpectation> = {};
    const status: Record<string, JsonValue> = {};
    for (const member of nonEmpty(reader, value, { what: `what is expected of ${key}`, keys })) {
      if (member.key === "state") expected.state = readState(reader, member.value);
      else status[member.key] = readChecked(reader, member.value, scope) ?? null;
    }
    if (Object.keys(status).length > 0) expected.status = status;
    return [key, expected] as const;
  });
  return Object.fromEntries(devices);
}

function readList(reader: YamlReader, node: Node | null, what: string): readonly string[] {
  return reader.items(node, what).flatMap((item) => reader.text(item, what) ?? []);
}
