// What a protocol brings to a soak: everything in it that chance decides, drawn from the seed before it happens.
import type { Scenario } from "../scenarios/format/types.ts";

export interface SoakPlanOptions {
  /** Server processes on one database. */
  readonly processes: number;
  /** Settings of the servers, the same for all accounts. */
  readonly config: Readonly<Record<string, number>>;
  /** How long an account's trouble lasts, not counting what its steps wait for. Units: milliseconds. */
  readonly stayMs: { readonly least: number; readonly most: number };
}

/** What befalls the server processes. `kill`: SIGKILL. `stop`: an end in good order. `pause`: it stands still
 *  with its connections open. Several are struck one after the other, each when the one before is up again. */
export interface SoakUpheaval {
  readonly kind: "kill" | "stop" | "pause";
  /** From 1. */
  readonly processes: readonly number[];
  /** How long each is down, or stands still. Units: milliseconds. */
  readonly downMs: number;
  /** How long after the one before, as a part of the usual pause. */
  readonly pause: { readonly numerator: number; readonly denominator: number };
}

export interface SoakPlans {
  /** Settings of the servers. */
  config(seed: string): Readonly<Record<string, number>>;
  /** The plan of the n-th account, from 1; the same for the same seed, whatever the others do. */
  stay(seed: string, n: number, options: SoakPlanOptions): Scenario;
  /** What befalls the servers for the n-th time, from 1. */
  upheaval(seed: string, n: number, options: { readonly processes: number }): SoakUpheaval;
}
