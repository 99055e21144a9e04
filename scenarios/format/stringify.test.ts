// A scenario that is written and read again is the same scenario, whatever its texts and values hold.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { waveflowRequirements } from "../../protocol/waveflow/requirements.ts";
import { waveflowVocabulary } from "../waveflow/vocabulary.ts";
import { formatErrors, parseScenario } from "./parse.ts";
import { jsonArbitrary, scenarioArbitrary, withoutSources } from "./scenario-arbitrary.ts";
import { stringifyScenario } from "./stringify.ts";
import type { DeviceAction } from "./types.ts";

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
