// The laws that can be held against a client of which nobody knows more than the wire and what its driver shows. Laws
// that need to know of a device's insides are not among them: they would be silent, or wrong.
import { convergingIsBounded } from "../../../invariants/waveflow/converging-is-bounded.ts";
import type { WaveflowEvent } from "../../../invariants/waveflow/events.ts";
import { modesDecideWhatLeaves } from "../../../invariants/waveflow/modes-decide-what-leaves.ts";
import { oneDrainAtATime } from "../../../invariants/waveflow/one-drain-at-a-time.ts";
import type { Law } from "../../../invariants/verdict.ts";
import { editsArrive } from "./edits-arrive.ts";
import { oneOperationAnEdit } from "./one-operation-an-edit.ts";
import { readsWithoutGaps } from "./reads-without-gaps.ts";
import { refusedTokenRests } from "./refused-token-rests.ts";
import { restampsAtOnce } from "./restamps-at-once.ts";
import { rowsLeaveWithProof } from "./rows-leave-with-proof.ts";
import { showsTheFold } from "./shows-the-fold.ts";
import { stampsRise } from "./stamps-rise.ts";

export const clientLaws: readonly Law<WaveflowEvent>[] = [
  rowsLeaveWithProof,
  editsArrive,
  oneOperationAnEdit,
  stampsRise,
  restampsAtOnce,
  readsWithoutGaps,
  showsTheFold,
  refusedTokenRests,
  oneDrainAtATime,
  modesDecideWhatLeaves,
  convergingIsBounded,
];
