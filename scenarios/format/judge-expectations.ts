// Holds what was expected against what was seen, and says the difference in words. Pure.
import { isJsonObject, jsonEqual, type JsonValue } from "../../protocol/json.ts";
import type { DeviceExpectation, Expectation, ReplyExpectation } from "./types.ts";
import type { DeviceReport, ServerReport, StepOutcome } from "./world.ts";

/** One expectation and what came of it. `seen` is empty where it holds. */
export interface Finding {
  readonly pass: boolean;
  readonly expected: string;
  readonly seen: string;
}

/** What a world tells at a `check`: every device, and the server's state for each user. */
export interface WorldReport {
  readonly devices: ReadonlyMap<string, DeviceReport>;
  readonly servers: ReadonlyMap<string, ServerReport>;
  /** The user whom `state` is about. */
  readonly firstUser: string;
}

/** Holds an answer against its expectation: one finding per member that is named. */
export function judgeReply(expected: ReplyExpectation, seen: StepOutcome): readonly Finding[] {
  const findings: Finding[] = [];
  const add = (pass: boolean, what: string, saw: string): void => {
    findings.push({ pass, expected: what, seen: pass ? "" : saw });
  };
  const inFull = describeOutcome(seen);
  if (expected.outcome !== undefined)
    add(seen.outcome === expected.outcome, `outcome ${expected.outcome}`, inFull);
  if (expected.status !== undefined) {
    const codes = typeof expected.status === "number" ? [expected.status] : expected.status;
    add(seen.status !== undefined && codes.includes(seen.status), `status ${codes.join(" or ")}`, inFull);
  }
  if (expected.type !== undefined) add(seen.type === expected.type, `type ${expected.type}`, inFull);
  if (expected.body !== undefined) {
    const difference = whyDifferent(expected.body, seen.body, "body");
    add(difference === undefined, `body ${JSON.stringify(expected.body)}`, difference ?? "");
  }
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    const saw = headerOf(seen, name);
    const pass = saw !== undefined && (value === "*" || namesOf(saw).includes(value.toLowerCase()));
    add(pass, `header ${name}: ${value}`, saw === undefined ? `no header ${name}` : `${name}: ${saw}`);
  }
  for (const [name, value] of Object.entries(expected.counts ?? {})) {
    const saw = seen.counts?.[name];
    add(saw === value, `${name} ${value}`, saw === undefined ? `no count "${name}"` : `${name} ${saw}`);
  }
  return findings;
}

/** A header as it stands, and each member of one that is a list: `private, No-Store` says `no-store`. */
const namesOf = (header: string): readonly string[] =>
  [header, ...header.split(",")].map((name) => name.trim().toLowerCase());

/** Holds devices and server against an expectation: one finding per thing that is named. */
export function judgeWorld(expected: Expectation, report: WorldReport): readonly Finding[] {
  return [
    ...(expected.converged === undefined ? [] : [judgeConverged(expected.converged, report)]),
    ...(expected.state === undefined ? [] : judgeState(expected.state, report)),
    ...Object.entries(expected.devices ?? {}).flatMap(([name, device]) => judgeDevice(name, device, report)),
  ];
}

/** Where a value is not what was expected, as a sentence; `undefined` where it is. Objects are held against the named
 *  members only, lists item by item and in full; `"*"` stands for any value that is there. */
export function whyDifferent(expected: JsonValue, seen: unknown, path: string): string | undefined {
  if (expected === "*") return seen === undefined ? `${path} is missing` : undefined;
  if (Array.isArray(expected)) {
    if (!Array.isArray(seen)) return `${path} is ${short(seen)}`;
    if (seen.length !== expected.length) return `${path} has ${seen.length} items: ${short(seen)}`;
    return firstDefined(expected, (item, index) =>
      whyDifferent(item as JsonValue, seen[index], `${path}.${index}`),
    );
  }
  if (isJsonObject(expected)) {
    if (!isJsonObject(seen)) return `${path} is ${short(seen)}`;
    return firstDefined(Object.entries(expected), ([key, value]) => {
      return whyDifferent(value, Object.hasOwn(seen, key) ? seen[key] : undefined, `${path}.${key}`);
    });
  }
  return jsonEqual(expected, seen) ? undefined : `${path} is ${short(seen)}`;
}

function judgeConverged(isExpected: boolean, { devices, servers }: WorldReport): Finding {
  const connected = [...devices].filter(([, device]) => device.connected);
  const expected = isExpected
    ? "all connected devices and the server agree"
    : "devices and server do not all agree";
  if (connected.length === 0) return { pass: false, expected, seen: "no device is connected" };
  const difference = firstDefined(connected, ([name, device]) => {
    const inState = whyStatesDiffer(servers.get(device.user)?.state ?? {}, device.state);
    return inState === undefined ? undefined : `${name} and the server differ: ${inState} (server first)`;
  });
  const pass = (difference === undefined) === isExpected;
  return { pass, expected, seen: pass ? "" : (difference ?? "they all agree") };
}

type State = DeviceReport["state"];

function judgeState(state: State, { devices, firstUser }: WorldReport): readonly Finding[] {
  const connected = [...devices].filter(([, device]) => device.connected && device.user === firstUser);
  const expected = `state ${short(state)}`;
  if (connected.length === 0)
    return [{ pass: false, expected, seen: `no device of ${firstUser} is connected` }];
  return connected.map(([name, device]) => {
    const difference = whyStatesDiffer(state, device.state);
    const seen = difference === undefined ? "" : `${name} differs: ${difference} (expected first)`;
    return { pass: difference === undefined, expected: `${expected} on ${name}`, seen };
  });
}

function judgeDevice(
  name: string,
  expected: DeviceExpectation,
  { devices }: WorldReport,
): readonly Finding[] {
  const device = devices.get(name);
  if (device === undefined) return [{ pass: false, expected: `a device ${name}`, seen: "none" }];
  const findings: Finding[] = [];
  if (expected.state !== undefined) {
    const difference = whyStatesDiffer(expected.state, device.state);
    const seen = difference === undefined ? "" : `${difference} (expected first)`;
    findings.push({
      pass: difference === undefined,
      expected: `${name} shows ${short(expected.state)}`,
      seen,
    });
  }
  for (const [member, value] of Object.entries(expected.status ?? {})) {
    const difference = whyDifferent(value, device.status[member], `${name}'s ${member}`);
    const pass = difference === undefined;
    findings.push({ pass, expected: `${name}'s ${member} is ${short(value)}`, seen: difference ?? "" });
  }
  return findings;
}

/** The first register in which two states differ, as `song/1.title: "A" and "B"`. */
function whyStatesDiffer(left: State, right: State): string | undefined {
  const entities = new Set([...Object.keys(left), ...Object.keys(right)]);
  return firstDefined([...entities], (entity) => {
    const one = left[entity] ?? {};
    const other = right[entity] ?? {};
    const fields = new Set([...Object.keys(one), ...Object.keys(other)]);
    return firstDefined([...fields], (field) => {
      const isSame =
        Object.hasOwn(one, field) && Object.hasOwn(other, field) && jsonEqual(one[field], other[field]);
      return isSame ? undefined : `${entity}.${field}: ${short(one[field])} and ${short(other[field])}`;
    });
  });
}

function describeOutcome({ outcome, status, type, body }: StepOutcome): string {
  const parts = [`outcome ${outcome}`];
  if (status !== undefined) parts.push(`status ${status}`);
  if (type !== undefined) parts.push(`type ${type}`);
  if (body !== undefined) parts.push(`body ${short(body)}`);
  return parts.join(", ");
}

function headerOf(seen: StepOutcome, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return Object.entries(seen.headers ?? {}).find(([key]) => key.toLowerCase() === wanted)?.[1];
}

function short(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

function firstDefined<T, Found>(
  items: readonly T[],
  find: (item: T, index: number) => Found | undefined,
): Found | undefined {
  for (const [index, item] of items.entries()) {
    const found = find(item, index);
    if (found !== undefined) return found;
  }
  return undefined;
}
