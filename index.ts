// What other projects import: the simulated world, scenarios as data, the laws, plans for properties, and WaveFlow's
// part of each. `docs/own-tests.md` shows how they go together.

// A run.
export { simulate, type PlanRun, type PlanRunOptions } from "./explore/plan-run.ts";
export type { SimRun } from "./sim/run.ts";
export type { SimProtocol } from "./sim/world/protocol.ts";
export { waveflowSim } from "./sim/waveflow/binding.ts";

// Plans.
export {
  faults,
  type FaultOptions,
  type PlanOptions,
  plans,
  type StepOptions,
  steps,
  trouble,
} from "./explore/arbitraries.ts";
export { type FaultKind, faultKinds } from "./explore/fault-arbitraries.ts";
export type { PlanStep } from "./explore/plan-step.ts";
export type { Deed, PlanWords } from "./explore/plan-words.ts";
export { stormScenario } from "./explore/storm.ts";
export { scenarioProtocols } from "./scenarios/catalogue.ts";
export { formatErrors, parseScenario, type ParseResult } from "./scenarios/format/parse.ts";
export { stringifyScenario } from "./scenarios/format/stringify.ts";
export type { Scenario } from "./scenarios/format/types.ts";
export type { Vocabulary } from "./scenarios/format/vocabulary.ts";
export { waveflowVocabulary } from "./scenarios/waveflow/vocabulary.ts";

// Laws.
export { judge } from "./invariants/judge.ts";
export { laws } from "./explore/laws.ts";
export { matchers, type MatchResult, type RunMatchers } from "./explore/matcher.ts";
export { checkRelations, relations, type RelationVerdict } from "./explore/metamorphic/check-relations.ts";
export type { MetamorphicWords, Relation } from "./explore/metamorphic/relation.ts";
export { waveflowMetamorphic } from "./explore/waveflow/metamorphic.ts";
export { waveflowLaws } from "./invariants/waveflow/index.ts";
export type { History, HistoryEvent } from "./invariants/history.ts";
export type { Judgement, Law, Verdict, Witness } from "./invariants/verdict.ts";

// A device or a server of one's own.
export { withDevice } from "./sim/waveflow/with-device.ts";
export { type CreateForeignServer, type ForeignServer, withServer } from "./sim/waveflow/with-server.ts";
export type {
  CreateForeignDevice,
  ForeignAccount,
  ForeignDevice,
  ForeignDevicePorts,
  ForeignEdit,
  ForeignEntity,
  ForeignSession,
  TableDisk,
  TableWrite,
} from "./actors/waveflow/foreign-device.ts";
export {
  type Clock,
  type DeviceSocket,
  DiskFailed,
  type Ids,
  type IncomingReply,
  NoAnswer,
  type OutgoingRequest,
  type OutgoingUpgrade,
  type SocketHandlers,
  type Timer,
  type Transport,
  UpgradeRefused,
} from "./reference-client/waveflow/ports.ts";
export type { HttpRequest, HttpResponse } from "./protocol/http.ts";
export type { ServerPorts } from "./reference-server/waveflow/server.ts";
export { entityKey, foldLog, type VisibleState, visibleState } from "./protocol/waveflow/fold.ts";
export type { LogOp, OpContent, PullReply, PushOp, PushReply } from "./protocol/waveflow/types.ts";
export type { JsonValue } from "./protocol/json.ts";

// The references.
export { WaveflowServer } from "./reference-server/waveflow/index.ts";
export { Device } from "./reference-client/waveflow/index.ts";
