// What WaveFlow brings to the search.
import type { History } from "../../invariants/history.ts";
import { waveflowLaws, waveflowStorytelling } from "../../invariants/waveflow/index.ts";
import type { WaveflowHistory } from "../../invariants/waveflow/events.ts";
import { waveflowRequirements } from "../../protocol/waveflow/requirements.ts";
import { waveflowVocabulary } from "../../scenarios/waveflow/vocabulary.ts";
import { waveflowSim } from "../../sim/waveflow/binding.ts";
import { waveflowMutants } from "../mutants/waveflow/index.ts";
import type { SearchProtocol } from "../search-protocol.ts";
import { waveflowMetamorphic } from "./metamorphic.ts";
import { waveflowPlan } from "./plan.ts";
import { waveflowImpossiblePairs, waveflowSituations, waveflowSituationSpace } from "./situations.ts";

export const waveflowSearch: SearchProtocol = {
  id: "waveflow/1",
  name: "waveflow",
  sim: waveflowSim,
  laws: waveflowLaws,
  vocabulary: waveflowVocabulary,
  requirements: waveflowRequirements,
  storytelling: waveflowStorytelling,
  plan: waveflowPlan,
  situationsOf: (history: History) => waveflowSituations(history as WaveflowHistory),
  situationSpace: waveflowSituationSpace,
  impossiblePairs: waveflowImpossiblePairs,
  binding: { module: new URL("../../sim/waveflow/binding.ts", import.meta.url), name: "waveflowSim" },
  relations: waveflowMetamorphic,
  mutants: waveflowMutants,
};
