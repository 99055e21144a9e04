// The laws of every protocol, and how its violations are told, for whoever has a run and wants to know.
import type { Storytelling } from "../invariants/story.ts";
import type { Law } from "../invariants/verdict.ts";
import { waveflowLaws, waveflowStorytelling } from "../invariants/waveflow/index.ts";

/** All laws by the name of their protocol: `judge(run.history, laws.waveflow)`. */
export const laws = { waveflow: waveflowLaws } as const satisfies Readonly<Record<string, readonly Law[]>>;

const storytelling: Readonly<Record<string, Storytelling>> = {
  waveflow: waveflowStorytelling,
};

/** Of a history's `protocol`.  Errors: RangeError for one that is not known here. */
export function lawsOf(protocol: string): {
  readonly laws: readonly Law[];
  readonly storytelling: Storytelling;
} {
  const name = protocol.split("/")[0]!;
  const found: readonly Law[] | undefined = (laws as Readonly<Record<string, readonly Law[]>>)[name];
  if (found === undefined) {
    throw new RangeError(`there are no laws of ${protocol}; expected one of ${Object.keys(laws).join(", ")}`);
  }
  return { laws: found, storytelling: storytelling[name]! };
}
