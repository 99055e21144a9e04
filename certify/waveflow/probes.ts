// The probes of WaveFlow: suites that are generated instead of written.
import type { Probe } from "../probe.ts";
import { badInputProbe } from "./bad-input.ts";
import { declaredProbe } from "./declared.ts";
import { hooksProbe } from "./hooks.ts";
import { isolationProbe } from "./isolation.ts";

/** In the order in which they are run and shown. */
export const waveflowProbes: readonly Probe[] = [badInputProbe, isolationProbe, hooksProbe, declaredProbe];
