// The judges of WaveFlow.
export type { WaveflowEvent, WaveflowHistory } from "./events.ts";
export { waveflowLaws } from "./laws.ts";
