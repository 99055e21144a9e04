// The shape of scenario files as JSON Schema, for editors and for people who write scenarios with other tools. It
// knows keys, types and the verbs of every protocol; the grammar of lines, names, needs and ids are the parser's.
// `scenarios/scenario.schema.json` is this value, written out; schema.test.ts holds the two together.
import type { JsonObject, JsonValue } from "../../protocol/json.ts";
import { deviceVerbs } from "./device-verbs.ts";
import { abilities } from "./parse.ts";
import type { stepWords } from "./read-steps.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** The schema of files that speak one of these protocols. */
export function scenarioSchema(vocabularies: readonly Vocabulary[]): JsonObject {
  const words = (of: (vocabulary: Vocabulary) => Iterable<string>): readonly string[] => [
    ...new Set(vocabularies.flatMap((vocabulary) => [...of(vocabulary)])),
  ];
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Seatrial scenario",
    description: "What happens to devices and servers, and what must be true then. See docs/scenarios.md.",
    type: "object",
    additionalProperties: false,
    required: ["id", "title", "protocol", "requirements", "devices", "steps"],
    properties: {
      id: {
        type: "string",
        pattern: "^[a-z0-9-]+(/[a-z0-9-]+)+$",
        description: "The path of the file, without .yaml.",
      },
      title: { type: "string", minLength: 1, description: "One sentence: what is promised." },
      protocol: { enum: words(({ protocol }) => [protocol]) },
      requirements: { ...texts, description: "Rules that this scenario bears on." },
      needs: {
        type: "array",
        uniqueItems: true,
        items: { enum: abilities },
        description: "What a world must be able to do.",
      },
      devices: { type: "array", minItems: 1, items: device(words(({ modes }) => modes)) },
      config: { ...numbers(words(({ settings }) => settings)), description: "Settings of the server." },
      "device-config": {
        ...numbers(words(({ deviceSettings }) => deviceSettings)),
        description: "Settings of the devices.",
      },
      trouble: { type: "object", additionalProperties: whole, description: "What may go wrong by chance." },
      accidents: {
        type: "array",
        items: { type: "object", minProperties: 1, maxProperties: 1, additionalProperties: line },
        description: "Exactly these strike by chance: where it happens, and what happens.",
      },
      seed: { type: ["string", "number"] },
      digest: { type: ["string", "number"], description: "Of the simulated run under the seed; by machine." },
      "recorded-with": { type: ["string", "number"], description: "The version that wrote the digest." },
      processes: { type: "integer", minimum: 1, description: "Server processes on one database." },
      "for-each": {
        type: "object",
        minProperties: 1,
        maxProperties: 1,
        description: "One scenario for each value; {name} stands for it in every text.",
        additionalProperties: { type: ["array", "object"] },
      },
      steps: reference("steps"),
      settle: { const: false, description: "The run ends as the last step leaves it." },
      expect: reference("expectation"),
      why: { type: "string" },
    },
    definitions: {
      steps: { type: "array", items: reference("step") },
      step: step(words(({ verbs }) => [...verbs.keys(), ...deviceVerbs.keys()])),
      request,
      reply: reply(words(({ counts }) => counts.keys())),
      expectation: expectation(words(({ status }) => status.keys())),
      state: { type: "object", additionalProperties: { type: "object" } },
      remember: {
        type: "object",
        additionalProperties: { type: "string" },
        description: "{ w: body.compacted_up_to }",
      },
    },
  };
}

const reference = (name: string): JsonObject => ({ $ref: `#/definitions/${name}` });
const whole: JsonObject = { type: "integer", minimum: 0 };
const line: JsonObject = { type: "string", minLength: 1 };
const texts: JsonObject = { type: "array", items: { type: "string" }, uniqueItems: true };
/** YAML reads some words of a text as numbers; the parser takes them as they stand. */
const text: JsonObject = { type: ["string", "number", "boolean"] };

const numbers = (names: readonly string[]): JsonObject => ({
  type: "object",
  additionalProperties: false,
  properties: Object.fromEntries(names.map((name) => [name, whole])),
});

const closed = (properties: Readonly<Record<string, JsonValue>>, more: JsonObject = {}): JsonObject => ({
  type: "object",
  additionalProperties: false,
  properties,
  ...more,
});

function device(modes: readonly string[]): JsonObject {
  const name = "^[a-z][a-z0-9-]*$";
  const settings = closed({
    user: text,
    mode: { enum: modes },
    automatic: { type: "boolean" },
    process: { type: "integer", minimum: 1 },
  });
  const one = {
    minProperties: 1,
    maxProperties: 1,
    additionalProperties: false,
    patternProperties: { [name]: settings },
  };
  return {
    anyOf: [
      { type: "string", pattern: name },
      { type: "object", ...one },
    ],
  };
}

function step(verbs: readonly string[]): JsonObject {
  const deviceLine = {
    ...line,
    pattern: `^(${verbs.join("|")}|\\{)`,
    description: "What a device does: the name of the device, and its line.",
  };
  const nested = reference("steps");
  const words: Record<(typeof stepWords)[number], JsonObject> = {
    sync: { anyOf: [line, { type: "array", minItems: 1, items: { type: "string" } }] },
    settle: closed({ within: line }, { required: ["within"] }),
    finish: { not: {} },
    clock: { ...line, pattern: "^advance " },
    wait: { ...line, description: "At most 60s." },
    together: { ...nested, description: "All at once; done when all are done." },
    start: { ...nested, description: "Begun, not waited for; `finish` waits." },
    repeat: closed(
      {
        // Where `for-each` gives the number.
        times: {
          anyOf: [
            { type: "integer", minimum: 1 },
            { type: "string", pattern: "^\\{[a-zA-Z-]+\\}$" },
          ],
        },
        steps: nested,
      },
      { required: ["times", "steps"] },
    ),
    check: reference("expectation"),
    server: line,
    network: line,
    database: line,
    request: reference("request"),
    expect: reference("reply"),
    remember: reference("remember"),
  };
  return {
    anyOf: [
      { enum: ["settle", "finish"] },
      {
        type: "object",
        minProperties: 1,
        properties: words,
        patternProperties: { "^server [1-9][0-9]*$": line },
        additionalProperties: deviceLine,
      },
    ],
  };
}

const request: JsonObject = closed(
  {
    as: { type: "string" },
    method: { enum: ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] },
    path: { type: "string", pattern: "^[/{]" },
    headers: { type: "object", additionalProperties: { type: ["string", "number", "boolean", "null"] } },
    body: { description: "Sent as JSON." },
    text: { description: "Sent as it stands." },
    token: {
      anyOf: [
        { type: "string" },
        closed({
          kind: { type: "string" },
          claims: { type: "object" },
          fromNow: { type: "object", additionalProperties: { type: "string" } },
          without: texts,
        }),
      ],
    },
    expect: reference("reply"),
    remember: reference("remember"),
  },
  { required: ["as", "method", "path"] },
);

const reply = (counts: readonly string[]): JsonObject =>
  closed(
    {
      status: { anyOf: [whole, { type: "array", items: whole }] },
      type: text,
      body: { description: 'Named members only; lists in full; "*" is anything that is there.' },
      headers: { type: "object", additionalProperties: text },
      outcome: { enum: ["ok", "refused", "unknown", "blocked"] },
      counts: numbers(counts),
      requirements: texts,
    },
    { minProperties: 1 },
  );

const expectation = (status: readonly string[]): JsonObject =>
  closed(
    {
      converged: { type: "boolean" },
      state: reference("state"),
      devices: {
        type: "object",
        additionalProperties: closed(
          { state: reference("state"), ...Object.fromEntries(status.map((name) => [name, {}])) },
          { minProperties: 1 },
        ),
      },
      violates: texts,
      requirements: texts,
    },
    { minProperties: 1 },
  );
