// What other projects import: the simulated world, scenarios as data, the laws, and WaveFlow's part of each.
export { simulate, type SimRun, type SimRunOptions } from "./sim/run.ts";
export type { SimProtocol } from "./sim/world/protocol.ts";
export { waveflowSim } from "./sim/waveflow/binding.ts";
export { formatErrors, parseScenario, type ParseResult } from "./scenarios/format/parse.ts";
export { stringifyScenario } from "./scenarios/format/stringify.ts";
export type { Scenario } from "./scenarios/format/types.ts";
export { waveflowVocabulary } from "./scenarios/waveflow/vocabulary.ts";
export { stormScenario } from "./explore/storm.ts";
export { judge } from "./invariants/judge.ts";
export { waveflowLaws } from "./invariants/waveflow/index.ts";
export type { History, HistoryEvent } from "./invariants/history.ts";
export type { Judgement, Law, Verdict, Witness } from "./invariants/verdict.ts";
export { WaveflowServer } from "./reference-server/waveflow/index.ts";
export { Device } from "./reference-client/waveflow/index.ts";
