// What a scenario's line about a device's token asks the run's accounts for.
import type { TokenSpec } from "../scenarios/format/types.ts";

/** Tokens expire at whole seconds. One that is good for a while is good for at least that long, and for less than a
 *  second more. */
const secondMs = 1_000;

/** `undefined` for a token that outlives the run. `forMs`: how long it is good. */
export function tokenSpecOf(args: {
  readonly kind?: unknown;
  readonly forMs?: unknown;
}): TokenSpec | undefined {
  if (typeof args.forMs === "number") return { kind: "custom", fromNowMs: { exp: args.forMs + secondMs } };
  return args.kind === "good" ? undefined : { kind: args.kind as TokenSpec["kind"] };
}
