// A scenario as YAML, as a person would have written it: short lines, small maps on one line, nothing that is a
// default. Reading it gives an equal scenario back (apart from the lines at which its steps stand). What the parser
// unrolls (`repeat`, `for-each`, generators) comes out unrolled.
import { Document, isMap, isScalar, isSeq, visit, type Node } from "yaml";
import { isJsonObject, type JsonObject, type JsonValue } from "../../protocol/json.ts";
import { accidentEntry } from "./accident-lines.ts";
import { databaseLine } from "./database-lines.ts";
import { deviceVerbs } from "./device-verbs.ts";
import { msToDuration } from "./duration.ts";
import { networkLine } from "./network-lines.ts";
import { serverKey, serverLine } from "./server-lines.ts";
import type {
  DeviceAction,
  DeviceSpec,
  Expectation,
  RawRequest,
  Scenario,
  Step,
  TokenSpec,
} from "./types.ts";
import type { Vocabulary } from "./vocabulary.ts";
import { settleWithinMs } from "./world.ts";

/** The file of a scenario.  Errors: an Error for a verb that the vocabulary does not have. */
export function stringifyScenario(scenario: Scenario, vocabulary: Vocabulary): string {
  const document = new Document(plainScenario(scenario, vocabulary), { aliasDuplicateObjects: false });
  visit(document, {
    Pair(_, { key, value }) {
      const isOfSteps = isScalar(key) && blockKeys.has(String(key.value));
      if ((isMap(value) || isSeq(value)) && !isOfSteps) value.flow = isShort(value);
    },
  });
  return document.toString({ lineWidth: 0 });
}

/** What always stands on lines of its own. */
const blockKeys: ReadonlySet<string> = new Set(["accidents", "steps", "together", "start"]);

const lineLengthMax = 90;

const isShort = (node: Node): boolean => JSON.stringify(node.toJSON()).length <= lineLengthMax;

function plainScenario(scenario: Scenario, vocabulary: Vocabulary): JsonObject {
  const { config, deviceConfig, trouble, accidents, processes } = scenario;
  return {
    id: scenario.id,
    title: scenario.title,
    protocol: scenario.protocol,
    requirements: scenario.requirements,
    ...(scenario.needs.length > 0 ? { needs: scenario.needs } : {}),
    ...(scenario.why === undefined ? {} : { why: scenario.why }),
    devices: scenario.devices.map((device, index) => plainDevice(device, { index, processes, vocabulary })),
    ...(processes === 1 ? {} : { processes }),
    ...(isEmpty(config) ? {} : { config }),
    ...(isEmpty(deviceConfig) ? {} : { "device-config": deviceConfig }),
    ...(isEmpty(trouble) ? {} : { trouble }),
    ...(accidents === undefined
      ? {}
      : { accidents: accidents.map((accident) => Object.fromEntries([accidentEntry(accident)])) }),
    ...(scenario.seed === undefined ? {} : { seed: scenario.seed }),
    ...(scenario.digest === undefined ? {} : { digest: scenario.digest }),
    ...(scenario.recordedWith === undefined ? {} : { "recorded-with": scenario.recordedWith }),
    steps: scenario.steps.map((step) => plainStep(step, vocabulary)),
    ...(scenario.settle === false ? { settle: false } : {}),
    ...(isEmpty(scenario.expect) ? {} : { expect: plainExpectation(scenario.expect) }),
  };
}

function plainDevice(
  device: DeviceSpec,
  { index, processes, vocabulary }: { index: number; processes: number; vocabulary: Vocabulary },
): JsonValue {
  const settings: Record<string, JsonValue> = {};
  if (device.user !== "alice") settings.user = device.user;
  if (device.mode !== vocabulary.modes[0]) settings.mode = device.mode;
  if (device.automatic) settings.automatic = true;
  if (device.process !== (index % processes) + 1) settings.process = device.process;
  return isEmpty(settings) ? device.name : { [device.name]: settings };
}

function plainStep(step: Step, vocabulary: Vocabulary): JsonValue {
  switch (step.kind) {
    case "device":
      return { [step.device]: deviceLine(step.action, vocabulary), ...plainAnswer(step) };
    case "server":
      return { [serverKey(step.action)]: serverLine(step.action), ...plainAnswer(step) };
    case "request":
      return { request: plainRequest(step.request), ...plainAnswer(step) };
    case "sync":
      return { sync: step.devices };
    case "clock":
      return { clock: `advance ${msToDuration(step.advanceMs)}` };
    case "wait":
      return { wait: msToDuration(step.forMs) };
    case "network":
      return { network: networkLine(step.action) };
    case "database":
      return { database: databaseLine(step.action) };
    case "together":
    case "start":
      return { [step.kind]: step.steps.map((inner) => plainStep(inner, vocabulary)) };
    case "finish":
      return "finish";
    case "settle":
      return step.withinMs === settleWithinMs
        ? "settle"
        : { settle: { within: msToDuration(step.withinMs) } };
    case "check":
      return { check: plainExpectation(step.expect) };
  }
}

/** The line of a device's step, without the device.  Errors: an Error for a verb that nobody knows. */
export function deviceLine({ verb, args }: DeviceAction, vocabulary: Vocabulary): string {
  const spec = vocabulary.verbs.get(verb) ?? deviceVerbs.get(verb);
  if (spec === undefined) throw new Error(`${vocabulary.protocol} has no device verb "${verb}"`);
  const words = spec.print(isJsonObject(args) ? args : {});
  return words === "" ? verb : `${verb} ${words}`;
}

function plainAnswer(step: Extract<Step, { readonly kind: "device" | "server" | "request" }>): JsonObject {
  return {
    ...(step.expect === undefined ? {} : { expect: step.expect as unknown as JsonObject }),
    ...(step.remember === undefined ? {} : { remember: step.remember }),
  };
}

function plainRequest({ body, token, headers, ...rest }: RawRequest): JsonObject {
  return {
    ...rest,
    ...(token === undefined ? {} : { token: plainToken(token) }),
    ...(isEmpty(headers) ? {} : { headers }),
    ...(body === undefined ? {} : "json" in body ? { body: body.json } : { text: body.text }),
  };
}

function plainToken({ kind, claims, fromNowMs, without }: TokenSpec): JsonValue {
  const isWord = claims === undefined && fromNowMs === undefined && without === undefined;
  if (isWord) return kind;
  const times = Object.entries(fromNowMs ?? {}).map(([claim, ms]) => [claim, msToDuration(ms)]);
  return {
    ...(kind === "custom" ? {} : { kind }),
    ...(claims === undefined ? {} : { claims }),
    ...(fromNowMs === undefined ? {} : { fromNow: Object.fromEntries(times) as JsonObject }),
    ...(without === undefined ? {} : { without }),
  };
}

function plainExpectation({ devices, ...rest }: Expectation): JsonObject {
  const plain = rest as unknown as JsonObject;
  if (devices === undefined) return plain;
  const accounts = Object.entries(devices).map(([name, { state, status }]) => {
    return [name, { ...(state === undefined ? {} : { state }), ...status }];
  });
  return { ...plain, devices: Object.fromEntries(accounts) as JsonObject };
}

const isEmpty = (object: object): boolean => Object.keys(object).length === 0;
