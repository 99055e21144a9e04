// A scenario that is written and read again is the same scenario, whatever its texts and values hold.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { JsonValue } from "../../protocol/json.ts";
import { waveflowRequirements } from "../../protocol/waveflow/requirements.ts";
import { waveflowVocabulary } from "../waveflow/vocabulary.ts";
import { accidentAddressText, kindsAt } from "./accident-lines.ts";
import { neededAbilities } from "./needs.ts";
import { abilities, formatErrors, parseScenario } from "./parse.ts";
import { stringifyScenario } from "./stringify.ts";
import type {
  Accident,
  DatabaseAction,
  DeviceAction,
  DeviceSpec,
  NetworkAction,
  RawRequest,
  Scenario,
  ServerAction,
  Step,
} from "./types.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Valid scenarios of a protocol. `deviceActions` gives the protocol's own verbs; `requirements` its rule ids.
 *  Lines at which steps stand are all 0: they are no part of what a scenario says. */
function scenarioArbitrary(
  vocabulary: Vocabulary,
  options: { readonly requirements: readonly string[]; readonly deviceActions: fc.Arbitrary<DeviceAction> },
): fc.Arbitrary<Scenario> {
  return fc
    .record({ processes: fc.integer({ min: 1, max: 3 }), count: fc.integer({ min: 1, max: 4 }) })
    .chain(({ processes, count }) => {
      const names = ["phone", "laptop", "tablet", "desk-2"].slice(0, count);
      const place = { vocabulary, names, processes, deviceActions: options.deviceActions };
      return fc.record(
        {
          id: fc.constantFrom("waveflow/made/one", "regressions/seed-7"),
          title: text,
          protocol: fc.constant(vocabulary.protocol),
          requirements: fc.uniqueArray(fc.constantFrom(...options.requirements), {
            minLength: 1,
            maxLength: 4,
          }),
          devices: fc.tuple(...names.map((name) => device({ name, vocabulary, processes }))),
          config: numbers(vocabulary.settings),
          deviceConfig: numbers(vocabulary.deviceSettings),
          trouble: numbers(["loseReply", "latencyMaxMs"]),
          accidents: fc.uniqueArray(accident(place), { selector: accidentAddressText, maxLength: 6 }),
          processes: fc.constant(processes),
          steps: fc.array(step(place), { maxLength: 8 }),
          expect: expectation(place),
          seed: fc.constantFrom("1", "swarm-7", "0x1f", "1e3", "null"),
          digest: fc.constantFrom("0123456789012345", "12345678e9012345", "00c0ffee00c0ffee"),
          recordedWith: fc.constantFrom("0.1.0", "1.0", "2.0.0-beta.1"),
          settle: fc.constant(false as const),
          why: text,
        },
        { noNullPrototype: true, requiredKeys: [...requiredKeys] },
      );
    })
    .map((scenario) => {
      const needed = neededAbilities(scenario, vocabulary);
      return { ...scenario, needs: abilities.filter((ability) => needed.has(ability)) };
    });
}

const requiredKeys = [
  "id",
  "title",
  "protocol",
  "requirements",
  "devices",
  "config",
  "deviceConfig",
  "trouble",
  "processes",
  "steps",
  "expect",
] as const;

interface Place {
  readonly vocabulary: Vocabulary;
  readonly names: readonly string[];
  readonly processes: number;
  readonly deviceActions: fc.Arbitrary<DeviceAction>;
}

/** Text without braces, which would be placeholders, and without white space at its ends. */
const text = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
  .map((raw) => raw.replaceAll(/[{}]/gu, "_").trim())
  .filter((raw) => raw !== "");

/** Any JSON value but `-0`, which JSON does not tell from 0, and texts with braces. */
const jsonArbitrary: fc.Arbitrary<JsonValue> = fc
  .jsonValue({ maxDepth: 3, stringUnit: "binary" })
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll(/\{(?=[a-z])/giu, "{ ")) as JsonValue)
  .filter((value) => !/"[^"]*\{[a-z]/iu.test(JSON.stringify(value)));

const ms = fc.oneof(fc.integer({ min: 1, max: 90_000 }), fc.constantFrom(60_000, 3_600_000, 91 * 86_400_000));
const signedMs = fc.oneof(
  ms,
  ms.map((size) => -size),
  fc.constant(0),
);
const nth = fc.integer({ min: 1, max: 12 });

const numbers = (names: readonly string[]): fc.Arbitrary<Readonly<Record<string, number>>> =>
  fc.dictionary(fc.constantFrom(...names), fc.nat(), { maxKeys: 2, noNullPrototype: true });

/** Any address with any kind that can befall it. */
function accident({ vocabulary, names, processes }: Place): fc.Arbitrary<Accident> {
  const servers =
    processes === 1 ? ["server"] : Array.from({ length: processes }, (_, at) => `server ${at + 1}`);
  const statements = [...vocabulary.statements].flatMap(([purpose, some]) =>
    some.map((statement) => `${purpose} ${statement}`),
  );
  const address = fc.oneof(
    fc.record({
      who: fc.constantFrom(...names),
      what: fc.constantFrom(...vocabulary.messages, "frame", "durable step"),
      nth,
    }),
    fc.record({ who: fc.constantFrom(...servers), what: fc.constantFrom(...statements), nth }),
  );
  return address.chain((one) =>
    fc
      .tuple(fc.constantFrom(...kindsAt(one.what)), fc.nat(90_000), fc.constantFrom(502, 503), fc.boolean())
      .map(([kind, extentMs, status, isBack]): Accident => {
        switch (kind) {
          case "crash-before":
          case "crash-after":
            return { ...one, kind, ...(isBack ? { extentMs } : {}) };
          case "delay":
          case "zombieRequest":
          case "lateFrame":
          case "duplicateRequest":
            return { ...one, kind, extentMs };
          case "refuse":
          case "refuseAfterEffect":
            return { ...one, kind, status };
          default:
            return { ...one, kind };
        }
      }),
  );
}

function device({
  name,
  vocabulary,
  processes,
}: {
  name: string;
  vocabulary: Vocabulary;
  processes: number;
}): fc.Arbitrary<DeviceSpec> {
  return fc.record({
    name: fc.constant(name),
    user: fc.oneof(fc.constantFrom("alice", "bob", "null", "7"), text),
    mode: fc.constantFrom(...vocabulary.modes),
    automatic: fc.boolean(),
    process: fc.integer({ min: 1, max: processes }),
  });
}

function step(place: Place): fc.Arbitrary<Step> {
  const { node } = fc.letrec<{ node: Step }>((tie) => ({
    node: fc.oneof({ depthSize: "small", withCrossShrink: true }, simpleStep(place), groupOf(tie("node"))),
  }));
  return node;
}

const groupOf = (inner: fc.Arbitrary<Step>): fc.Arbitrary<Step> =>
  fc.record({
    source,
    kind: fc.constantFrom("together" as const, "start" as const),
    steps: fc.array(inner, { minLength: 1, maxLength: 3 }),
  });

const source = fc.constant({ line: 0, text: "" });
const kind = <const Kind extends string>(word: Kind): fc.Arbitrary<Kind> => fc.constant(word);

function simpleStep(place: Place): fc.Arbitrary<Step> {
  const { names, deviceActions } = place;
  const answer = { expect: reply(place) };
  const withAnswer = <T>(model: { [Member in keyof T]: fc.Arbitrary<T[Member]> }) =>
    fc.record({ ...model, ...answer }, { requiredKeys: Object.keys(model) as never, noNullPrototype: true });
  const actions = fc.oneof(deviceActions, genericAction(names));
  return fc.oneof(
    withAnswer({ source, kind: kind("device"), device: fc.constantFrom(...names), action: actions }),
    withAnswer({ source, kind: kind("server"), action: serverAction(place) }),
    withAnswer({ source, kind: kind("request"), request: request(names) }),
    fc.record({
      source,
      kind: kind("sync"),
      devices: fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 }),
    }),
    fc.record({ source, kind: kind("clock"), advanceMs: ms }),
    fc.record({ source, kind: kind("wait"), forMs: fc.integer({ min: 1, max: 60_000 }) }),
    fc.record({ source, kind: kind("network"), action: networkAction(place) }),
    fc.record({ source, kind: kind("database"), action: databaseAction }),
    fc.record({ source, kind: kind("finish") }),
    fc.record({ source, kind: kind("settle"), withinMs: ms }),
    fc.record({
      source,
      kind: kind("check"),
      expect: expectation(place).filter((expect) => Object.keys(expect).length > 0),
    }),
  ) as fc.Arbitrary<Step>;
}

function genericAction(names: readonly string[]): fc.Arbitrary<DeviceAction> {
  const plain = fc.constantFrom("offline", "online", "crash", "restart", "backup", "restore", "reinstall");
  return fc.oneof(
    plain.map((verb) => ({ verb, args: {} })),
    fc
      .record({ position: fc.constantFrom("before", "after"), commit: nth })
      .map((args) => ({ verb: "crash", args })),
    signedMs.map((byMs) => ({ verb: "skew", args: { byMs } })),
    fc.constantFrom(...names).map((name) => ({ verb: "clone-from", args: { device: name } })),
  );
}

function serverAction({ vocabulary, names, processes }: Place): fc.Arbitrary<ServerAction> {
  const process = fc.record({ process: fc.integer({ min: 1, max: processes }) }, { requiredKeys: [] });
  const inside = fc.constantFrom(...vocabulary.statements.keys()).chain((purpose) =>
    fc.record(
      {
        purpose: fc.constant(purpose),
        statement: fc.constantFrom(...vocabulary.statements.get(purpose)!),
        nth,
        device: fc.constantFrom(...names),
      },
      { requiredKeys: ["purpose", "statement", "nth"] },
    ),
  );
  const position = fc.constantFrom("before" as const, "after" as const);
  return fc.oneof(
    process.map((where) => ({ verb: "compact" as const, ...where })),
    fc
      .tuple(fc.constantFrom("crash", "restart", "stop", "pause", "resume", "lose-connections"), process)
      .map(([verb, where]) => ({ verb, ...where })),
    fc.record({ verb: fc.constantFrom("backup", "restore", "roll") }),
    fc.record({ verb: kind("skew"), byMs: signedMs }),
    fc
      .tuple(fc.constantFrom("crash-during" as const, "hold-during" as const), inside, position)
      .map(([verb, place, position]) => ({ verb, ...place, position })),
    inside.map((place) => ({ verb: "lose-answer-during" as const, ...place, position: "after" as const })),
    inside.map((place) => ({
      verb: "fail-during" as const,
      ...place,
      position: "before" as const,
      sqlstate: "40P01",
    })),
    inside.map(({ purpose, device }) => ({
      verb: "release" as const,
      purpose,
      ...(device === undefined ? {} : { device }),
    })),
  ) as fc.Arbitrary<ServerAction>;
}

const databaseAction = fc.oneof(
  fc.record({
    verb: fc.constantFrom(
      "stop",
      "crash",
      "restart",
      "refuse-connections",
      "read-only",
      "full",
      "lock-tables",
      "recover",
    ),
  }),
  fc.record({ verb: fc.constantFrom("lock-timeout", "statement-timeout"), afterMs: ms }),
) as fc.Arbitrary<DatabaseAction>;

function networkAction({ vocabulary, names }: Place): fc.Arbitrary<NetworkAction> {
  const device = fc.constantFrom(...names);
  const of = fc.record({ device, message: fc.constantFrom("any", ...vocabulary.messages), nth });
  const answer = fc.record({
    verb: kind("answer"),
    of,
    status: fc.integer({ min: 200, max: 599 }),
    withEffect: fc.boolean(),
  });
  const body = fc.oneof(
    fc.constantFrom("html", "empty", "json", "truncated").map((body) => ({ body })),
    jsonArbitrary.map((json) => ({ body: "json", json })),
  );
  const retryAfter = fc.oneof(
    fc.constant({}),
    ms.map((retryAfterMs) => ({ retryAfterMs })),
  );
  return fc.oneof(
    fc.record({ verb: fc.constantFrom("lose-request", "lose-reply"), of }),
    fc.record({ verb: fc.constantFrom("reset-request", "reset-reply", "truncate-reply"), of }),
    fc.record({ verb: kind("duplicate"), of, afterMs: fc.oneof(ms, fc.constant(0)) }),
    fc.record({ verb: fc.constantFrom("delay-request", "delay-reply"), of, byMs: ms }),
    fc.tuple(answer, body, retryAfter).map(([head, says, hint]) => ({ ...head, ...says, ...hint })),
    fc.record({
      verb: kind("partition"),
      device,
      direction: fc.constantFrom("both", "to-server", "to-device"),
      inFlight: fc.constantFrom("hold", "drop"),
    }),
    fc.record({ verb: fc.constantFrom("drop-frame", "repeat-frame"), device, nth }),
    fc.record({ verb: kind("delay-frame"), device, nth, byMs: ms }),
    fc.record({ verb: kind("replace-frame"), device, nth, frame: fc.constant({ type: "hello", head: 1 }) }),
    fc.record({
      verb: fc.constantFrom("heal", "hold-frames", "release-frames", "cut-socket", "half-open"),
      device,
    }),
  ) as fc.Arbitrary<NetworkAction>;
}

function request(names: readonly string[]): fc.Arbitrary<RawRequest> {
  const claims = fc.dictionary(fc.constantFrom("sub", "device_id", "aud"), jsonArbitrary, {
    noNullPrototype: true,
  });
  const token = fc.oneof(
    fc
      .constantFrom("none", "malformed", "wrong-signature", "expired", "not-yet", "custom")
      .map((word) => ({ kind: word })),
    fc.record({
      kind: fc.constantFrom("custom", "expired"),
      claims,
      fromNowMs: fc.dictionary(fc.constantFrom("iat", "exp"), signedMs, { noNullPrototype: true }),
      without: fc.uniqueArray(fc.constantFrom("exp", "sub")),
    }),
  );
  return fc.record(
    {
      as: fc.constantFrom(...names),
      method: fc.constantFrom("GET", "POST", "DELETE"),
      path: text.map((rest) => `/${rest}`),
      headers: fc.dictionary(fc.constantFrom("X-Device-Id", "Accept"), fc.oneof(text, fc.constant(null)), {
        noNullPrototype: true,
      }),
      body: fc.oneof(
        jsonArbitrary.map((json) => ({ json })),
        text.map((raw) => ({ text: raw })),
      ),
      token,
    },
    { requiredKeys: ["as", "method", "path", "headers"], noNullPrototype: true },
  ) as fc.Arbitrary<RawRequest>;
}

function reply({
  vocabulary,
}: Place): fc.Arbitrary<NonNullable<Extract<Step, { kind: "device" }>["expect"]>> {
  return fc
    .record(
      {
        status: fc.oneof(
          fc.integer({ min: 100, max: 599 }),
          fc.uniqueArray(fc.integer({ min: 100, max: 599 })),
        ),
        type: text,
        body: jsonArbitrary,
        headers: fc.dictionary(fc.constantFrom("Cache-Control", "x"), text, { noNullPrototype: true }),
        outcome: fc.constantFrom("ok", "refused", "unknown", "blocked"),
        counts: numbers([...vocabulary.counts.keys()]),
      },
      { requiredKeys: [], noNullPrototype: true },
    )
    .filter((expect) => Object.keys(expect).length > 0);
}

const state = fc.dictionary(
  fc.tuple(text, text).map(([type, id]) => `${type.replaceAll("/", "_")}/${id}`),
  fc.dictionary(text, jsonArbitrary, { maxKeys: 3, noNullPrototype: true }),
  { maxKeys: 3, noNullPrototype: true },
);

function expectation({ vocabulary, names }: Place): fc.Arbitrary<Scenario["expect"]> {
  const status = fc.dictionary(fc.constantFrom(...vocabulary.status.keys()), jsonArbitrary, {
    minKeys: 1,
    maxKeys: 2,
    noNullPrototype: true,
  });
  const account = fc
    .record({ state, status }, { requiredKeys: [], noNullPrototype: true })
    .filter((expect) => Object.keys(expect).length > 0);
  return fc.record(
    {
      converged: fc.boolean(),
      state,
      devices: fc.dictionary(fc.constantFrom(...names), account, { minKeys: 1, noNullPrototype: true }),
      violates: fc.uniqueArray(fc.constantFrom("nothing-lost", "once"), { minLength: 1 }),
    },
    { requiredKeys: [], noNullPrototype: true },
  );
}

/** A scenario without the lines at which its steps stand. */
function withoutSources(scenario: Scenario): Scenario {
  const bare = (step: Step): Step =>
    step.kind === "together" || step.kind === "start"
      ? { ...step, source: { line: 0, text: "" }, steps: step.steps.map(bare) }
      : { ...step, source: { line: 0, text: "" } };
  return { ...scenario, steps: scenario.steps.map(bare) };
}

const requirements = waveflowRequirements.map(({ id }) => id);
const protocols = [{ vocabulary: waveflowVocabulary, requirements }];

const entity = fc.record({
  entityType: fc.string({ unit: "binary", minLength: 1, maxLength: 6 }),
  entityId: fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }),
});
const field = fc.oneof(
  fc.constantFrom("title", "rating", "1", "null"),
  fc.string({ minLength: 1, maxLength: 8 }),
);
const words = fc.oneof(fc.constantFrom("bob", "local", "true", "a b", ""), fc.string({ unit: "grapheme" }));

const deviceActions: fc.Arbitrary<DeviceAction> = fc.oneof(
  fc
    .tuple(entity, fc.array(fc.record({ field, value: jsonArbitrary }), { minLength: 1, maxLength: 3 }))
    .map(([whose, edits]) => ({ verb: "edit", args: { ...whose, edits } })),
  fc.tuple(fc.constantFrom("delete", "read"), entity).map(([verb, args]) => ({ verb, args })),
  fc
    .constantFrom("push", "pull", "resync", "sync", "connect", "disconnect", "sign-out", "sign-in")
    .map((verb) => ({ verb, args: {} })),
  fc
    .record({ id: fc.nat(), via: fc.constantFrom("socket", "http") }, { requiredKeys: [] })
    .map((args) => ({ verb: "ack", args: { ...args } })),
  words.map((mode) => ({ verb: "mode", args: { mode } })),
  words.map((user) => ({ verb: "switch-account", args: { user } })),
  words.map((url) => ({ verb: "bind", args: { url } })),
  fc
    .constantFrom("good", "none", "malformed", "wrong-signature", "expired", "not-yet")
    .map((kind) => ({ verb: "token", args: { kind } })),
  words.map((text) => ({ verb: "token", args: { kind: "text", text } })),
);

test("a written scenario parses back to an equal one", () => {
  const scenarios = scenarioArbitrary(waveflowVocabulary, { requirements, deviceActions });
  fc.assert(
    fc.property(scenarios, (scenario) => {
      const text = stringifyScenario(scenario, waveflowVocabulary);
      const result = parseScenario(text, { protocols, file: "made.yaml" });
      if (!result.ok) throw new Error(`${formatErrors(result.errors)}\n${text}`);
      expect(withoutSources(result.scenario)).toEqual(scenario);
    }),
    { numRuns: 150 },
  );
});
