// Defects of the server's push: sequence numbers, receipts, stamps, batches.
import type { Mutant } from "../mutant.ts";

const push = "reference-server/waveflow/push.ts";
const plan = "reference-server/waveflow/push-plan.ts";

export const pushMutants: readonly Mutant[] = [
  {
    name: "lamport-off-by-one",
    part: "server",
    story:
      "An op whose stamp equals the highest of its device is accepted: two ops of one device share a stamp.",
    requirements: ["WF-PUSH-5"],
    edits: [{ file: plan, find: "op.lamport_ts <= storedMax", replace: "op.lamport_ts < storedMax" }],
  },
  {
    name: "no-receipt",
    part: "server",
    story: "No receipt is written: the reply to a push is lost, and the retry is stored a second time.",
    requirements: ["WF-PUSH-2"],
    edits: [
      {
        file: push,
        find: "    stored.map(({ operation_id, id, lamport_ts }, place) => ({",
        replace: "    stored.slice(0, 0).map(({ operation_id, id, lamport_ts }, place) => ({",
      },
    ],
  },
];
