// What a protocol brings to plans made of arbitraries: what its people do, as data.
import type { Arbitrary } from "fast-check";
import type { DeviceAction, DeviceSpec } from "../scenarios/format/types.ts";
import type { Vocabulary } from "../scenarios/format/vocabulary.ts";

/** Something that a person does with a device. */
export interface Deed {
  /** How often against the others. A small whole number. */
  readonly weight: number;
  readonly action: Arbitrary<DeviceAction>;
}

export interface PlanWords {
  readonly vocabulary: Vocabulary;
  /** By name, the plainest first. */
  readonly deeds: Readonly<Record<string, Deed>>;
  /** By verb: what gives back before the calm what it has taken away, so that everybody can come together. */
  readonly undo: Readonly<Record<string, DeviceAction>>;
  /** What of a device every plan sets alike. */
  readonly device: Pick<DeviceSpec, "mode">;
}
