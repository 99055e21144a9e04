// YAML text → scenarios. Every error names file, line and column, what was seen, what was expected, and the nearest
// word where one was misspelt; all errors of a file come at once. A file with `for-each` holds one scenario per value.
import { isMap, isScalar, type Node } from "yaml";
import { readAccidents } from "./accident-lines.ts";
import { neededAbilities } from "./needs.ts";
import { readExpectation, readRequirements, type Scope } from "./read-expectations.ts";
import { readSteps, stepWords } from "./read-steps.ts";
import type { Ability, DeviceSpec, Scenario } from "./types.ts";
import type { Vocabulary } from "./vocabulary.ts";
import { YamlFile, YamlReader, type Entry, type ScenarioError } from "./yaml-reader.ts";

export type { ScenarioError } from "./yaml-reader.ts";

/** A protocol as far as scenarios know it: its words, and the ids of its rules. */
export interface ScenarioProtocol {
  readonly vocabulary: Vocabulary;
  readonly requirements: readonly string[];
}

export interface ParseOptions {
  readonly protocols: readonly ScenarioProtocol[];
  /** Name of the file in messages. */
  readonly file?: string;
  /** Path of the file below `scenarios/`; the id must be the same without `.yaml`. */
  readonly path?: string;
  /** Names that `trouble:` may use; absent means any, and the world that runs the scenario decides. */
  readonly trouble?: readonly string[];
}

export type ParseResult<T> =
  | ({ readonly ok: true } & T)
  | { readonly ok: false; readonly errors: readonly ScenarioError[] };

/** One scenario.  Errors: all that is wrong with the text; also a `for-each`, which makes several. */
export function parseScenario(
  text: string,
  options: ParseOptions,
): ParseResult<{ readonly scenario: Scenario }> {
  const result = parseScenarios(text, options);
  if (!result.ok) return result;
  const [scenario, ...more] = result.scenarios;
  if (scenario !== undefined && more.length === 0) return { ok: true, scenario };
  const message = `expected one scenario, saw a "for-each" that makes ${result.scenarios.length}`;
  return { ok: false, errors: [{ file: options.file ?? "scenario", line: 1, column: 1, message }] };
}

/** All scenarios of a file: one, or one for each value of its `for-each`. */
export function parseScenarios(
  text: string,
  options: ParseOptions,
): ParseResult<{ readonly scenarios: readonly Scenario[] }> {
  const file = new YamlFile(options.file ?? options.path ?? "scenario", text);
  if (file.errors.length > 0) return { ok: false, errors: file.errors };
  const reader = new YamlReader(file);
  const entries = new Map(reader.entries(file.root, "a scenario", keys).map((entry) => [entry.key, entry]));
  const each = entries.get("for-each");
  const variants = each === undefined ? [{ reader, suffix: "" }] : readVariants(reader, each.value);
  const scenarios = variants.flatMap((variant) => readScenario({ ...variant, entries, options }) ?? []);
  return file.errors.length === 0 ? { ok: true, scenarios } : { ok: false, errors: file.errors };
}

/** `file:line:column: message`, one line each. */
export function formatErrors(errors: readonly ScenarioError[]): string {
  return errors.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`).join("\n");
}

const keys = [
  "id",
  "title",
  "protocol",
  "requirements",
  "needs",
  "devices",
  "config",
  "device-config",
  "trouble",
  "accidents",
  "seed",
  "digest",
  "recorded-with",
  "processes",
  "for-each",
  "steps",
  "settle",
  "expect",
  "why",
];

/** All abilities, in the order in which a file names them. */
export const abilities: readonly Ability[] = [
  "compaction",
  "clock",
  "crash",
  "device-crash",
  "network",
  "socket-faults",
  "statements",
  "processes",
  "pause",
  "backup",
  "database",
  "database-restart",
  "disk-full",
  "skew",
  "tokens",
  "settings",
  "chance",
  "unbuffered-sockets",
];

interface Variant {
  readonly reader: YamlReader;
  /** What a value of `for-each` adds to the id. */
  readonly suffix: string;
}

function readVariants(reader: YamlReader, node: Node | null): readonly Variant[] {
  const entries = reader.entries(node, "for-each");
  const [variable, more] = entries;
  if (variable === undefined || more !== undefined) {
    if (isMap(node))
      reader.complain(node, `expected one variable with a list of values, such as point: [before commit]`);
    return [];
  }
  const { value: values } = variable;
  const isNamed = isMap(values);
  const named = isNamed
    ? reader
        .entries(values, "values")
        .map(({ key, keyNode, value }) => ({ name: key, place: keyNode, value }))
    : reader.items(values, "values").map((value) => ({ name: undefined, place: value, value }));
  const suffixes = new Set<string>();
  return named.flatMap(({ name, place, value: node }) => {
    const value = reader.json(node, "a value");
    if (value === undefined) return [];
    const suffix = kebab(name ?? (typeof value === "string" ? value : JSON.stringify(value)));
    if (suffix === "" || suffixes.has(suffix)) {
      reader.complain(
        place,
        `this value makes no id of its own ("${suffix}"): name it, as in { ${variable.key}: { some-name: … } }`,
      );
    }
    suffixes.add(suffix);
    return [{ reader: reader.with(variable.key, value), suffix: `/${suffix}` }];
  });
}

interface Head extends Variant {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly options: ParseOptions;
}

function readScenario(head: Head): Scenario | undefined {
  const { reader, entries, options, suffix } = head;
  const errorsBefore = reader.file.errors.length;
  const missing = ["id", "title", "protocol", "requirements", "devices", "steps"].filter(
    (key) => !entries.has(key),
  );
  if (missing.length > 0 && isMap(reader.file.root)) {
    reader.complain(reader.file.root, `a scenario needs ${missing.map((key) => `"${key}"`).join(", ")}`);
  }
  const valueOf = (key: string): Node | null => entries.get(key)?.value ?? null;
  const protocol = entries.has("protocol")
    ? readProtocol(reader, valueOf("protocol"), options.protocols)
    : undefined;
  if (protocol === undefined || missing.length > 0) return undefined;
  const { vocabulary } = protocol;

  const id = readId(reader, valueOf("id"), options.path);
  const title = reader.text(valueOf("title"), "a title") ?? "";
  const requirements = readRequirements(reader, valueOf("requirements"), protocol.requirements);
  if (requirements.length === 0 && !entries.has("seed")) {
    reader.complain(
      valueOf("requirements"),
      `expected at least one requirement id (only a plan with a "seed" may go without)`,
    );
  }
  const processes = entries.has("processes")
    ? (reader.whole(valueOf("processes"), "how many processes", 1) ?? 1)
    : 1;
  const numbers = (key: string, what: string, known?: readonly string[]) =>
    entries.has(key) ? readNumbers(reader, valueOf(key), { what, known }) : {};
  const config = numbers("config", "the settings of the server", vocabulary.settings);
  const deviceConfig = numbers("device-config", "the settings of the devices", vocabulary.deviceSettings);
  const trouble = numbers("trouble", "the trouble by chance", options.trouble);
  const devices = readDevices({ reader, node: valueOf("devices"), vocabulary, processes });
  const names = devices.map(({ name }) => name);
  const scope: Scope = { vocabulary, devices: names, requirements, remembered: new Set() };
  const steps = readSteps(reader, valueOf("steps"), { ...scope, processes });
  const accidents = entries.has("accidents")
    ? { accidents: readAccidents(reader, valueOf("accidents"), { devices: names, processes, vocabulary }) }
    : {};
  const expect = entries.has("expect") ? readExpectation(reader, valueOf("expect"), scope) : {};
  const needs = readNeeds(
    head,
    neededAbilities({ steps, processes, config, trouble, ...accidents }, vocabulary),
    errorsBefore,
  );
  return {
    id: `${id}${suffix}`,
    title,
    protocol: vocabulary.protocol,
    requirements,
    needs,
    devices,
    config,
    deviceConfig,
    trouble,
    ...accidents,
    processes,
    steps,
    expect,
    ...readSettle(reader, entries),
    ...(entries.has("seed") ? { seed: reader.text(valueOf("seed"), "a seed") ?? "" } : {}),
    ...(entries.has("digest") ? { digest: readDigest(reader, valueOf("digest")) } : {}),
    ...(entries.has("recorded-with")
      ? { recordedWith: reader.text(valueOf("recorded-with"), "a version of Seatrial") ?? "" }
      : {}),
    ...(entries.has("why") ? { why: (reader.text(valueOf("why"), "the reason") ?? "").trim() } : {}),
  };
}

function readProtocol(
  reader: YamlReader,
  node: Node | null,
  protocols: readonly ScenarioProtocol[],
): ScenarioProtocol | undefined {
  const known = protocols.map(({ vocabulary }) => vocabulary.protocol);
  const name = reader.oneOf(node, "a protocol", known);
  return protocols.find(({ vocabulary }) => vocabulary.protocol === name);
}

function readId(reader: YamlReader, node: Node | null, path: string | undefined): string {
  const id = reader.text(node, "an id") ?? "";
  if (!/^[a-z0-9-]+(?:\/[a-z0-9-]+)+$/u.test(id)) {
    reader.complain(
      node,
      `expected an id such as waveflow/push/duplicate (small letters, digits, "-" and "/"), saw "${id}"`,
    );
  }
  const expected = path?.replace(/\.ya?ml$/u, "");
  if (expected !== undefined && id !== expected) {
    reader.complain(
      node,
      `the id must be the path of the file below scenarios/: expected "${expected}", saw "${id}"`,
    );
  }
  return id;
}

function readDigest(reader: YamlReader, node: Node | null): string {
  const digest = reader.text(node, "a digest") ?? "";
  if (!/^[0-9a-f]{16}$/u.test(digest))
    reader.complain(node, `expected a digest (sixteen hexadecimal digits), saw "${digest}"`);
  return digest;
}

function readNumbers(
  reader: YamlReader,
  node: Node | null,
  { what, known }: { what: string; known: readonly string[] | undefined },
): Readonly<Record<string, number>> {
  const entries = reader.entries(node, what, known);
  return Object.fromEntries(
    entries.map(({ key, value }) => [key, reader.whole(value, `a number for "${key}"`, 0) ?? 0]),
  );
}

interface DevicesPlace {
  readonly reader: YamlReader;
  readonly node: Node | null;
  readonly vocabulary: Vocabulary;
  readonly processes: number;
}

/** `[laptop, phone]`; a device with settings is a map of one: `phone: { user: bob }`. */
function readDevices({ reader, node, vocabulary, processes }: DevicesPlace): readonly DeviceSpec[] {
  const items = reader.items(node, "devices");
  if (items.length === 0) reader.complain(node, "expected at least one device");
  const devices: DeviceSpec[] = [];
  items.forEach((item, index) => {
    const [entry, more] = isScalar(item) ? [] : reader.entries(item, "a device");
    if (more !== undefined)
      reader.complain(more.keyNode, `each device is an item of its own: write "- ${more.key}:"`);
    const nameNode = entry?.keyNode ?? item;
    const name = entry?.key ?? (isScalar(item) ? reader.text(item, "the name of a device") : undefined);
    if (name === undefined) return;
    checkDeviceName(reader, nameNode, { name, taken: devices.map((device) => device.name) });
    const preset = {
      name,
      user: "alice",
      mode: vocabulary.modes[0],
      automatic: false,
      process: (index % processes) + 1,
    };
    devices.push(
      entry === undefined ? preset : readDevice(reader, entry.value, { preset, vocabulary, processes }),
    );
  });
  return devices;
}

function checkDeviceName(
  reader: YamlReader,
  node: Node,
  { name, taken }: { name: string; taken: readonly string[] },
): void {
  if (!/^[a-z][a-z0-9-]*$/u.test(name))
    reader.complain(node, `expected a name of small letters, digits and "-", saw "${name}"`);
  if ((stepWords as readonly string[]).includes(name))
    reader.complain(node, `no device can be called "${name}": a step begins with this word`);
  if (taken.includes(name)) reader.complain(node, `the device "${name}" is declared twice`);
}

function readDevice(
  reader: YamlReader,
  node: Node | null,
  { preset, vocabulary, processes }: { preset: DeviceSpec; vocabulary: Vocabulary; processes: number },
): DeviceSpec {
  const device = { ...preset } as { -readonly [Member in keyof DeviceSpec]: DeviceSpec[Member] };
  for (const { key, value } of reader.entries(node, `the device "${preset.name}"`, [
    "user",
    "mode",
    "automatic",
    "process",
  ])) {
    if (key === "user") device.user = reader.text(value, "a user") ?? preset.user;
    else if (key === "mode") device.mode = reader.oneOf(value, "a mode", vocabulary.modes) ?? preset.mode;
    else if (key === "automatic")
      device.automatic = reader.truth(value, "whether the device runs its own timers") ?? false;
    else {
      device.process = reader.whole(value, "the number of a server process", 1) ?? 1;
      if (device.process > processes)
        reader.complain(value, `there is no server ${device.process}: "processes" says ${processes}`);
    }
  }
  return device;
}

/** `needs` and what the steps ask for must be the same: with less, a world would run what it cannot do; with more, it
 *  would refuse what it can. */
function readNeeds(
  { reader, entries }: Head,
  needed: ReturnType<typeof neededAbilities>,
  errorsBefore: number,
): readonly Ability[] {
  const entry = entries.get("needs");
  const items = entry === undefined ? [] : reader.items(entry.value, "needs");
  const named = new Set<Ability>();
  for (const item of items) {
    const ability = reader.oneOf(item, "an ability", abilities);
    if (ability === undefined) continue;
    if (named.has(ability)) reader.complain(item, `"${ability}" stands here twice`);
    named.add(ability);
    // No step shows that one.
    const isSure = reader.file.errors.length === errorsBefore && ability !== "unbuffered-sockets";
    if (isSure && !needed.has(ability)) reader.complain(item, `no step needs "${ability}": leave it out`);
  }
  for (const [ability, source] of needed) {
    if (named.has(ability)) continue;
    const asker =
      source === undefined ? `"${headKeyOf(ability, entries)}"` : `line ${source.line} (${cut(source.text)})`;
    reader.complain(entry?.value ?? reader.file.root, `"needs" lacks "${ability}": ${asker} asks for it`);
  }
  return abilities.filter((ability) => named.has(ability));
}

/** The key of the head that asks for an ability. */
function headKeyOf(ability: Ability, entries: Head["entries"]): string {
  if (ability === "settings") return "config";
  if (ability === "chance") return entries.has("trouble") ? "trouble" : "accidents";
  return ability;
}

function readSettle(reader: YamlReader, entries: ReadonlyMap<string, Entry>): { readonly settle?: false } {
  const entry = entries.get("settle");
  if (entry === undefined) return {};
  if (isScalar(entry.value) && entry.value.value === false) return { settle: false };
  reader.complain(
    entry.value ?? entry.keyNode,
    `expected "settle: false", or no such line: a scenario settles at its end`,
  );
  return {};
}

const cut = (text: string): string => (text.length > 50 ? `${text.slice(0, 50)}…` : text);

/** `before lockUser` → `before-lock-user`. */
const kebab = (text: string): string =>
  text
    .replace(/([a-z0-9])([A-Z])/gu, "$1-$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/gu, "-")
    .replace(/^-|-$/gu, "");
