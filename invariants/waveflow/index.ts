// The judges of WaveFlow.
export type { WaveflowEvent, WaveflowHistory } from "./events.ts";
export { waveflowLaws } from "./laws.ts";
export { describeWaveflowEvent } from "./describe.ts";
export { waveflowStorytelling } from "./storytelling.ts";
export { waveflowSubjects } from "./subjects.ts";
