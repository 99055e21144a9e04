// All laws of WaveFlow: the seven promises of the page, then what a history can show of the server's rules, then of the
// device's.
import type { Law } from "../verdict.ts";
import type { WaveflowEvent } from "./events.ts";
import { acceptedSurvives } from "./accepted-survives.ts";
import { accountsKeepTheirEdits } from "./accounts-keep-their-edits.ts";
import { ackBehindCursor } from "./ack-behind-cursor.ts";
import { ackWithinHead } from "./ack-within-head.ts";
import { alone } from "./alone.ts";
import { answersHaveTheirForm } from "./answers-have-their-form.ts";
import { clockLeapsAreRefused } from "./clock-leaps-are-refused.ts";
import { compactionAdvances } from "./compaction-advances.ts";
import { compactionIsInvisible } from "./compaction-is-invisible.ts";
import { compactionStaysBelow } from "./compaction-stays-below.ts";
import { compactionWaits } from "./compaction-waits.ts";
import { confirmedIsTheFold } from "./confirmed-is-the-fold.ts";
import { contentComesBackEqual } from "./content-comes-back-equal.ts";
import { convergingIsBounded } from "./converging-is-bounded.ts";
import { cursorAheadIsTold } from "./cursor-ahead-is-told.ts";
import { cursorComesFromReading } from "./cursor-comes-from-reading.ts";
import { dropNeedsProof } from "./drop-needs-proof.ts";
import { editsStayVisible } from "./edits-stay-visible.ts";
import { formDecides } from "./form-decides.ts";
import { framesAreCommitted } from "./frames-are-committed.ts";
import { framesRise } from "./frames-rise.ts";
import { framesShowGaps } from "./frames-show-gaps.ts";
import { guardIsExact } from "./guard-is-exact.ts";
import { headNeverFalls } from "./head-never-falls.ts";
import { itEnds } from "./it-ends.ts";
import { lamportGrows } from "./lamport-grows.ts";
import { modesDecideWhatLeaves } from "./modes-decide-what-leaves.ts";
import { noNeedlessResync } from "./no-needless-resync.ts";
import { noServerFault } from "./no-server-fault.ts";
import { nothingGoesBackwards } from "./nothing-goes-backwards.ts";
import { nothingLost } from "./nothing-lost.ts";
import { nothingSkipped } from "./nothing-skipped.ts";
import { once } from "./once.ts";
import { oneDrainAtATime } from "./one-drain-at-a-time.ts";
import { oneEditOneOperation } from "./one-edit-one-operation.ts";
import { oneOperationPerId } from "./one-operation-per-id.ts";
import { order } from "./order.ts";
import { otherContentConflicts } from "./other-content-conflicts.ts";
import { outrunSocketsAreTold } from "./outrun-sockets-are-told.ts";
import { ownWritesAreRead } from "./own-writes-are-read.ts";
import { pullIsAscending } from "./pull-is-ascending.ts";
import { pullIsComplete } from "./pull-is-complete.ts";
import { queueKeepsOrder } from "./queue-keeps-order.ts";
import { refusedBatchesLeaveNothing } from "./refused-batches-leave-nothing.ts";
import { refusedRowsAreShown } from "./refused-rows-are-shown.ts";
import { refusedTokenWaits } from "./refused-token-waits.ts";
import { regressionNamesAStamp } from "./regression-names-a-stamp.ts";
import { repliesFollowTheBatch } from "./replies-follow-the-batch.ts";
import { restampKeepsTheQueue } from "./restamp-keeps-the-queue.ts";
import { resyncWalksEnd } from "./resync-walks-end.ts";
import { retriesAreDuplicates } from "./retries-are-duplicates.ts";
import { rowsLeaveOnce } from "./rows-leave-once.ts";
import { sameEverywhere } from "./same-everywhere.ts";
import { socketsAreFed } from "./sockets-are-fed.ts";
import { stablePrefix } from "./stable-prefix.ts";
import { watermarkOnlyGrows } from "./watermark-only-grows.ts";

/** In the order in which reports list them.  Source: waveflow.md section 11, then sections 3 to 10. */
export const waveflowLaws: readonly Law<WaveflowEvent>[] = [
  nothingLost,
  once,
  order,
  nothingSkipped,
  sameEverywhere,
  itEnds,
  alone,
  oneOperationPerId,
  retriesAreDuplicates,
  otherContentConflicts,
  regressionNamesAStamp,
  clockLeapsAreRefused,
  refusedBatchesLeaveNothing,
  repliesFollowTheBatch,
  contentComesBackEqual,
  noServerFault,
  formDecides,
  answersHaveTheirForm,
  stablePrefix,
  acceptedSurvives,
  pullIsAscending,
  pullIsComplete,
  headNeverFalls,
  guardIsExact,
  cursorAheadIsTold,
  resyncWalksEnd,
  noNeedlessResync,
  ackWithinHead,
  watermarkOnlyGrows,
  compactionWaits,
  compactionStaysBelow,
  compactionAdvances,
  compactionIsInvisible,
  framesAreCommitted,
  framesShowGaps,
  framesRise,
  socketsAreFed,
  outrunSocketsAreTold,
  dropNeedsProof,
  cursorComesFromReading,
  ackBehindCursor,
  lamportGrows,
  restampKeepsTheQueue,
  queueKeepsOrder,
  oneEditOneOperation,
  oneDrainAtATime,
  refusedRowsAreShown,
  rowsLeaveOnce,
  refusedTokenWaits,
  modesDecideWhatLeaves,
  accountsKeepTheirEdits,
  confirmedIsTheFold,
  editsStayVisible,
  ownWritesAreRead,
  nothingGoesBackwards,
  convergingIsBounded,
];
