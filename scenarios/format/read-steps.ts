// `steps:` as data. A step says one thing: a device's line, or one of the words below; `expect` and `remember` may
// stand beside it. `repeat` is unrolled here, so that whoever runs steps knows nothing of it.
import { isMap, isScalar, isSeq, type Node } from "yaml";
import type { JsonObject } from "../../protocol/json.ts";
import { readDatabaseLine } from "./database-lines.ts";
import { deviceVerbs } from "./device-verbs.ts";
import { LineProblem, unknownDevice, type LineReader } from "./line-reader.ts";
import { readNetworkLine } from "./network-lines.ts";
import {
  assign,
  readExpectation,
  readReplyExpectation,
  readTexts,
  unknownName,
  type Scope,
} from "./read-expectations.ts";
import { readRequest } from "./read-request.ts";
import { readServerLine } from "./server-lines.ts";
import { didYouMean } from "./suggest.ts";
import type { DeviceAction, Step } from "./types.ts";
import { settleWithinMs } from "./world.ts";
import type { Entry, YamlReader } from "./yaml-reader.ts";

/** What a scenario has said before its steps. */
export interface StepScope extends Scope {
  readonly processes: number;
}

/** The words that a step can begin with, beside the names of devices. No device may be called like one. */
export const stepWords = [
  "sync",
  "settle",
  "finish",
  "clock",
  "wait",
  "together",
  "start",
  "repeat",
  "check",
  "server",
  "network",
  "database",
  "request",
  "expect",
  "remember",
] as const;

/** A real run waits in real time; who needs more moves the clock. Units: milliseconds. */
const waitMaxMs = 60_000;

export function readSteps(reader: YamlReader, node: Node | null, scope: StepScope): readonly Step[] {
  return reader.items(node, "steps").flatMap((item) => readStep(reader, item, scope));
}

type Beside = { expect?: Entry; remember?: Entry };

function readStep(reader: YamlReader, node: Node, scope: StepScope): readonly Step[] {
  const source = reader.file.lineOf(node);
  if (isScalar(node)) {
    const word = reader.oneOf(node, "a step without a colon", ["settle", "finish"]);
    if (word === "settle") return [{ source, kind: "settle", withinMs: settleWithinMs }];
    return word === "finish" ? [{ source, kind: "finish" }] : [];
  }
  const entries = reader.entries(node, "a step");
  const beside: Beside = {};
  for (const entry of entries)
    if (entry.key === "expect" || entry.key === "remember") beside[entry.key] = entry;
  const [what, more] = entries.filter(({ key }) => key !== "expect" && key !== "remember");
  if (what === undefined) {
    if (isMap(node))
      reader.complain(
        node,
        `expected a step, saw only ${entries.map(({ key }) => key).join(", ") || "nothing"}`,
      );
    return [];
  }
  if (more !== undefined) {
    reader.complain(
      more.keyNode,
      `a step says one thing: "${what.key}" is said already; begin a new step with "- ${more.key}:"`,
    );
  }
  return readNamedStep({ reader, source, what, beside, scope });
}

interface NamedStep {
  readonly reader: YamlReader;
  readonly source: Step["source"];
  readonly what: Entry;
  readonly beside: Beside;
  readonly scope: StepScope;
}

function readNamedStep(step: NamedStep): readonly Step[] {
  const { reader, source, what, beside, scope } = step;
  const { key, keyNode, value } = what;
  const hasAnswer = scope.devices.includes(key) || key === "request" || /^server\b/u.test(key);
  if (!hasAnswer) {
    const stray = beside.expect ?? beside.remember;
    if (stray !== undefined)
      reader.complain(
        stray.keyNode,
        `"${stray.key}" needs a step that has an answer (a device, server or request); write "check:" for states`,
      );
  }
  const { devices } = scope;
  switch (key) {
    case "sync":
      return readSync(step);
    case "settle":
      return [{ source, kind: "settle", withinMs: readWithin(reader, value) }];
    case "finish":
      reader.complain(keyNode, `"finish" stands alone: expected "- finish"`);
      return [];
    case "clock": {
      const advanceMs = reader.line(value, { what: "advance <duration>", devices }, readAdvance);
      return advanceMs === undefined ? [] : [{ source, kind: "clock", advanceMs }];
    }
    case "wait": {
      const forMs = reader.line(value, { what: "a duration", devices }, readWait);
      return forMs === undefined ? [] : [{ source, kind: "wait", forMs }];
    }
    case "together":
    case "start": {
      const steps = readSteps(reader, value, scope);
      if (steps.length === 0 && isSeq(value))
        reader.complain(value, `expected at least one step in "${key}"`);
      return [{ source, kind: key, steps }];
    }
    case "repeat":
      return readRepeat(step);
    case "check":
      return [{ source, kind: "check", expect: readExpectation(reader, value, scope) }];
    case "network": {
      const action = reader.line(value, { what: "a network line", devices }, (line) =>
        readNetworkLine(line, scope.vocabulary),
      );
      return action === undefined ? [] : [{ source, kind: "network", action }];
    }
    case "database": {
      const action = reader.line(value, { what: "a database line", devices }, readDatabaseLine);
      return action === undefined ? [] : [{ source, kind: "database", action }];
    }
    case "request":
      return readRequestStep(step);
    default:
      return devices.includes(key) ? readDeviceStep(step) : readServerStep(step);
  }
}

function readDeviceStep({ reader, source, what, beside, scope }: NamedStep): readonly Step[] {
  const { devices } = scope;
  const action = reader.line(what.value, { what: "what the device does", devices }, (line) =>
    readDeviceLine(line, reader, scope),
  );
  const answer = readAnswer({ reader, beside, scope });
  return action === undefined ? [] : [{ source, kind: "device", device: what.key, action, ...answer }];
}

function readDeviceLine(line: LineReader, reader: YamlReader, scope: Scope): DeviceAction {
  const { text: verb, offset } = line.word("what the device does");
  const spec = scope.vocabulary.verbs.get(verb) ?? deviceVerbs.get(verb);
  if (spec === undefined) {
    const known = [...scope.vocabulary.verbs.keys(), ...deviceVerbs.keys()];
    throw new LineProblem(
      offset,
      `a device cannot "${verb}": expected ${known.join(", ")}${didYouMean(verb, known)}`,
    );
  }
  const args: JsonObject = spec.parse(line);
  line.end(`"${spec.form}"`);
  for (const arg of Object.values(args)) {
    const inner = (arg as { readonly placeholder?: unknown } | null)?.placeholder;
    if (typeof inner !== "string") continue;
    const problem = unknownName(reader, inner.replace(/[+:-]\d+$/u, ""), scope);
    if (problem !== undefined) throw new LineProblem(line.text.indexOf(`{${inner}}`), problem);
  }
  return { verb, args };
}

function readServerStep({ reader, source, what, beside, scope }: NamedStep): readonly Step[] {
  const { key, keyNode, value } = what;
  const match = /^server(?: ([1-9]\d*))?$/u.exec(key);
  if (match === null) {
    const known = [...scope.devices, ...stepWords];
    reader.complain(
      keyNode,
      `no step begins with "${key}": expected a device (${scope.devices.join(", ")}) or one of ${stepWords.join(", ")}${didYouMean(key, known)}`,
    );
    return [];
  }
  const process = match[1] === undefined ? undefined : Number(match[1]);
  if (process !== undefined && process > scope.processes) {
    reader.complain(keyNode, `there is no server ${process}: "processes" says ${scope.processes}`);
  }
  const { devices } = scope;
  const action = reader.line(value, { what: "what happens to the server", devices }, (line) =>
    readServerLine(line, scope.vocabulary, process),
  );
  const answer = readAnswer({ reader, beside, scope });
  return action === undefined ? [] : [{ source, kind: "server", action, ...answer }];
}

function readRequestStep({ reader, source, what, beside, scope }: NamedStep): readonly Step[] {
  const { request, expect, remember } = readRequest(reader, what.value, scope);
  for (const [inner, outer] of [
    [expect, beside.expect],
    [remember, beside.remember],
  ] as const) {
    if (inner !== undefined && outer !== undefined)
      reader.complain(outer.keyNode, `"${outer.key}" stands inside the request already`);
  }
  const both: Beside = { ...beside };
  if (expect !== undefined) both.expect = expect;
  if (remember !== undefined) both.remember = remember;
  const answer = readAnswer({ reader, beside: both, scope });
  return request === undefined ? [] : [{ source, kind: "request", request, ...answer }];
}

function readAnswer({ reader, beside, scope }: { reader: YamlReader; beside: Beside; scope: Scope }) {
  const answer: {
    expect?: ReturnType<typeof readReplyExpectation>;
    remember?: Readonly<Record<string, string>>;
  } = {};
  if (beside.expect !== undefined) answer.expect = readReplyExpectation(reader, beside.expect.value, scope);
  if (beside.remember !== undefined)
    assign(answer, "remember", readRemember(reader, beside.remember.value, scope));
  return answer;
}

function readRemember(reader: YamlReader, node: Node | null, scope: Scope): Readonly<Record<string, string>> {
  const remember = readTexts(reader, node, "what to remember");
  for (const { key, keyNode, value } of reader.entries(node, "what to remember")) {
    if (!/^[a-z][\w]*$/iu.test(key))
      reader.complain(keyNode, `expected a name of letters and digits, saw "${key}"`);
    if (!/^(?:status|type|outcome|(?:body|headers|counts)(?:\.[\w-]+)*)$/u.test(remember[key] ?? "")) {
      reader.complain(
        value,
        `expected a part of the answer such as body.compacted_up_to, saw "${remember[key] ?? ""}"`,
      );
    }
    scope.remembered.add(key);
  }
  return remember;
}

function readSync({ reader, source, what, scope }: NamedStep): readonly Step[] {
  const { value } = what;
  if (isScalar(value) && value.value === "all") return [{ source, kind: "sync", devices: scope.devices }];
  const items = isScalar(value) ? [value] : reader.items(value, "devices");
  const devices: string[] = [];
  for (const item of items) {
    const name = reader.text(item, "the name of a device");
    if (name === undefined) continue;
    if (!scope.devices.includes(name)) reader.complain(item, unknownDevice(name, scope.devices));
    else devices.push(name);
  }
  if (items.length === 0) reader.complain(value, "expected at least one device");
  return [{ source, kind: "sync", devices }];
}

function readRepeat({ reader, what, scope }: NamedStep): readonly Step[] {
  const members = new Map(
    reader.entries(what.value, "a repeat", ["times", "steps"]).map((entry) => [entry.key, entry.value]),
  );
  for (const key of ["times", "steps"])
    if (!members.has(key) && isMap(what.value)) reader.complain(what.value, `a repeat needs "${key}"`);
  if (members.size < 2) return [];
  const times = reader.whole(members.get("times")!, "how many times", 1) ?? 0;
  if (!reader.isFewRounds(times, members.get("times")!)) return [];
  return Array.from({ length: times }, (_, index) => {
    return readSteps(reader.with("n", index + 1), members.get("steps")!, scope);
  }).flat();
}

function readWithin(reader: YamlReader, node: Node | null): number {
  const within = reader.entries(node, "settle", ["within"])[0];
  if (within === undefined) {
    if (isMap(node)) reader.complain(node, `expected "within", or just "- settle"`);
    return settleWithinMs;
  }
  const withinMs = reader.line(within.value, { what: "a duration", devices: [] }, readPositive);
  return withinMs ?? settleWithinMs;
}

function readAdvance(line: LineReader): number {
  line.keyword("advance");
  return readPositive(line);
}

function readWait(line: LineReader): number {
  const forMs = readPositive(line);
  if (forMs > waitMaxMs)
    throw new LineProblem(
      0,
      `a wait is at most 60s, because a real run waits in real time: write "clock: advance ${line.text}"`,
    );
  return forMs;
}

function readPositive(line: LineReader): number {
  const ms = line.duration("how long");
  line.end("the duration");
  if (ms <= 0) throw new LineProblem(0, `expected a duration above 0, saw "${line.text}"`);
  return ms;
}
