// Defects by which an outcome hangs on something that should not matter: how often a message came, in which order ids
// sort, who has acknowledged what.
import type { Mutant } from "../mutant.ts";

const acknowledge = "reference-client/waveflow/acknowledge.ts";
const plan = "reference-server/waveflow/push-plan.ts";
const pull = "reference-server/waveflow/pull.ts";
const push = "reference-server/waveflow/push.ts";
const schema = "sim/waveflow/schema.ts";
const statements = "sim/waveflow/statements.ts";

export const relationMutants: readonly Mutant[] = [
  {
    name: "every-delivery-is-an-op",
    part: "server",
    story:
      "The server tells no delivery from another: A's push arrives twice, B's newer title came in between, and the second copy of A's is stored above it.",
    requirements: ["WF-PUSH-2", "WF-PUSH-5"],
    edits: [
      { file: plan, find: "receipt !== undefined", replace: "receipt !== receipt" },
      { file: plan, find: "op.lamport_ts <= storedMax", replace: "op.lamport_ts < 0" },
      {
        file: push,
        find: "    stored.map(({ operation_id, id, lamport_ts }, place) => ({",
        replace: "    stored.slice(0, 0).map(({ operation_id, id, lamport_ts }, place) => ({",
      },
      {
        file: schema,
        find: 'columns: ["user", "device", "operation"], unique: true',
        replace: 'columns: ["user", "device", "operation"], unique: false',
      },
      {
        file: schema,
        find: 'columns: ["user", "device", "lamport"], unique: true',
        replace: 'columns: ["user", "device", "lamport"], unique: false',
      },
    ],
  },
  {
    name: "compact-keeps-the-highest-operation-id",
    part: "compactor",
    story:
      "Operation ids are taken for times: of one register the op with the highest UUID stays, and whether the newest value survives is a matter of chance and of when the job runs.",
    requirements: ["WF-COMP-2", "WF-COMP-5"],
    edits: [
      {
        file: statements,
        find: "const doomed = supersededIds(rows.value.map((row) => row.stored));",
        replace:
          "const doomed = supersededIds(rows.value.map((row) => row.stored).sort((a, b) => (a.operation_id < b.operation_id ? -1 : 1)));",
      },
    ],
  },
  {
    name: "answered-ack-clears-the-queue",
    part: "device",
    story:
      "The answer to an ACK is taken for the end of all that was to be said: A edits, acknowledges what it has read, and the edit leaves the queue unsent.",
    requirements: ["WF-DEV-4"],
    edits: [
      {
        file: acknowledge,
        find: "      if (cursor <= account.settings.cursor) account.set(step, { acknowledged: cursor });",
        replace:
          "      if (cursor <= account.settings.cursor) account.set(step, { acknowledged: cursor });\n      account.queue.clear(step);",
      },
    ],
  },
  {
    name: "pull-begins-at-the-smallest-cursor",
    part: "server",
    story:
      "What every device in touch has acknowledged is not given out any more: a device that reads from 0 misses it, unless somebody who lags behind keeps it in the log.",
    requirements: ["WF-PULL-1", "WF-PULL-5"],
    edits: [
      {
        file: pull,
        find: "const found = await transaction.opsAfter({ user, since, limit: limit + 1 });",
        replace:
          "const found = await transaction.opsAfter({ user, since: Math.max(since, (await transaction.minimumCursor({ user, contactSince: 0 })) ?? 0), limit: limit + 1 });",
      },
    ],
  },
];
