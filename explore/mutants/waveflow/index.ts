// All mutants of WaveFlow, in the order of its page.
import type { Mutant } from "../mutant.ts";
import { pushMutants } from "./push.ts";

export const waveflowMutants: readonly Mutant[] = [...pushMutants];
