// The laws of every protocol by its name, for whoever has a run and wants to know.
import type { Law } from "../invariants/verdict.ts";
import { waveflowLaws } from "../invariants/waveflow/index.ts";

/** All laws by the name of their protocol: `judge(run.history, laws.waveflow)`. */
export const laws = { waveflow: waveflowLaws } as const satisfies Readonly<Record<string, readonly Law[]>>;
