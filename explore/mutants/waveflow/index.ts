// All mutants of WaveFlow, in the order of its page.
import type { Mutant } from "../mutant.ts";
import { ackMutants } from "./ack.ts";
import { authMutants } from "./auth.ts";
import { compactionMutants } from "./compaction.ts";
import { deviceApplyMutants } from "./device-apply.ts";
import { deviceClockMutants } from "./device-clock.ts";
import { deviceDrainMutants } from "./device-drain.ts";
import { deviceModesMutants } from "./device-modes.ts";
import { devicePullMutants } from "./device-pull.ts";
import { deviceQueueMutants } from "./device-queue.ts";
import { deviceResyncMutants } from "./device-resync.ts";
import { deviceSocketMutants } from "./device-socket.ts";
import { guardMutants } from "./guard.ts";
import { intentMutants } from "./intent.ts";
import { inputMutants } from "./input.ts";
import { onPostgres } from "./on-postgres.ts";
import { pullMutants } from "./pull.ts";
import { pushMutants } from "./push.ts";
import { receiptMutants } from "./receipts.ts";
import { relationMutants } from "./relations.ts";
import { socketMutants } from "./socket.ts";

const mutants: readonly Mutant[] = [
  ...authMutants,
  ...pushMutants,
  ...receiptMutants,
  ...inputMutants,
  ...pullMutants,
  ...guardMutants,
  ...ackMutants,
  ...compactionMutants,
  ...socketMutants,
  ...deviceApplyMutants,
  ...deviceClockMutants,
  ...deviceDrainMutants,
  ...deviceModesMutants,
  ...devicePullMutants,
  ...deviceQueueMutants,
  ...deviceResyncMutants,
  ...deviceSocketMutants,
  ...intentMutants,
  ...relationMutants,
];

export const waveflowMutants: readonly Mutant[] = mutants.map((mutant) => {
  const edits = onPostgres[mutant.name];
  return edits === undefined ? mutant : { ...mutant, onPostgres: edits };
});
