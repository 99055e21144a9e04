// What people do with WaveFlow devices, for plans made of arbitraries. Few entities and fields, so that edits meet.
import fc from "fast-check";
import type { JsonObject } from "../../protocol/json.ts";
import type { DeviceAction } from "../../scenarios/format/types.ts";
import { waveflowVocabulary } from "../../scenarios/waveflow/vocabulary.ts";
import type { PlanWords } from "../plan-words.ts";

const entity = fc.record({
  entityType: fc.constantFrom("song", "album"),
  entityId: fc.constantFrom("1", "2"),
});

const value = fc.oneof(fc.nat({ max: 99 }), fc.constantFrom("A", "B", ""), fc.constant(null));

const verb = (name: string, args: JsonObject = {}): DeviceAction => ({ verb: name, args });

const plain = (name: string): fc.Arbitrary<DeviceAction> => fc.constant(verb(name));

export const waveflowWords: PlanWords = {
  vocabulary: waveflowVocabulary,
  device: { mode: "hybrid" },
  undo: {
    "sign-out": verb("sign-in"),
    token: verb("sign-in"),
    mode: verb("mode", { mode: "hybrid" }),
  },
  deeds: {
    edit: {
      weight: 20,
      action: fc
        .tuple(entity, fc.constantFrom("title", "rating"), value)
        .map(([of, field, to]) => verb("edit", { ...of, edits: [{ field, value: to }] })),
    },
    delete: { weight: 3, action: entity.map((of) => verb("delete", { ...of })) },
    read: { weight: 3, action: entity.map((of) => verb("read", { ...of })) },
    sync: { weight: 6, action: plain("sync") },
    offline: { weight: 2, action: plain("offline") },
    online: { weight: 3, action: plain("online") },
    "sign-out": { weight: 1, action: plain("sign-out") },
    "sign-in": { weight: 1, action: plain("sign-in") },
    "expired-token": { weight: 1, action: fc.constant(verb("token", { kind: "expired" })) },
    "local-mode": { weight: 1, action: fc.constant(verb("mode", { mode: "local" })) },
    "hybrid-mode": { weight: 1, action: fc.constant(verb("mode", { mode: "hybrid" })) },
  },
};
