// Defects of the server's memory: what it knows of an operation that comes again.
import type { Mutant } from "../mutant.ts";

const push = "reference-server/waveflow/push.ts";
const plan = "reference-server/waveflow/push-plan.ts";
const fingerprint = "reference-server/waveflow/fingerprint.ts";
const statements = "sim/waveflow/statements.ts";

const receiptRows =
  "      stored.map(({ operation_id, id, lamport_ts }, place) => ({\n        operationId: operation_id,\n        deviceId: device,\n        id,\n        lamportTs: lamport_ts,\n        fingerprint: fresh[place]!.fingerprint,\n      }))";
const storedReply = "      return json(200, pushReply(planned, stored, head));\n    },\n  );";
const whenFound = "for (const { receipt } of rows.value) found.set(operation, receipt);";

export const receiptMutants: readonly Mutant[] = [
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
  {
    name: "receipt-dies-with-op",
    part: "compactor",
    story:
      "Compaction takes the receipts of the ops that it deletes: laptop's push of A is stored and its reply lost, B overwrites it, A is compacted away, and the retry of A is a new op that wins.",
    requirements: ["WF-PUSH-3", "WF-COMP-6"],
    edits: [
      {
        file: statements,
        find: "      answerWith(done, (gone) => ({\n",
        replace: `      answerWith(done, (gone) => ({
        receipts: gone.map((row) =>
          readNow(
            session,
            remove(receiptTable, { index: "sync_receipt_pkey", equals: [row.user, row.operation] }),
          ),
        ),
`,
      },
    ],
  },
  {
    name: "receipt-after-commit",
    part: "server",
    story:
      "The receipt is written after the commit: the process dies in between, and the retry finds no receipt.",
    requirements: ["WF-PUSH-2", "WF-PUSH-10"],
    edits: [
      { file: push, find: "export function push(", replace: "export async function push(" },
      {
        file: push,
        find: "  return ports.database.transaction(",
        replace: "  let receiptsLater = [];\n  const reply = await ports.database.transaction(",
      },
      {
        file: push,
        find: "      await storeOps(transaction, { caller, stored, fresh });\n",
        replace: `      await transaction.insertOps(user, stored);\n      receiptsLater =\n${receiptRows};\n`,
      },
      {
        file: push,
        find: storedReply,
        replace: `${storedReply}
  if (receiptsLater.length > 0) {
    await ports.database.transaction(
      { isolation: "read committed", purpose: "push", device },
      (transaction) => transaction.insertReceipts(user, receiptsLater),
    );
  }
  return reply;`,
      },
    ],
  },
  {
    name: "receipt-scope-device",
    part: "server",
    story:
      "Receipts are looked up by device: a device has lost its id and kept its queue, and what was accepted is accepted again.",
    requirements: ["WF-PUSH-2"],
    edits: [
      {
        file: push,
        find: "ops.map((op) => op.operation_id),",
        replace: "ops.map((op) => `${deviceKey} ${op.operation_id}`),",
      },
      {
        file: statements,
        find: whenFound,
        replace: whenFound.replace("operation, receipt)", "uuidKey(receipt.operationId), receipt)"),
      },
      {
        file: statements,
        find: "operation: uuidKey(receipt.operationId), receipt",
        replace: "operation: uuidKey(`${receipt.deviceId} ${receipt.operationId}`), receipt",
      },
    ],
  },
  {
    name: "cross-user-receipt",
    part: "server",
    story:
      "The lookup forgets the user: bob pushes an operation_id that alice has used, is told that it is a duplicate, and his edit is gone.",
    requirements: ["WF-AUTH-2", "WF-PUSH-2"],
    edits: [
      {
        file: statements,
        find: 'select(receiptTable, { index: "sync_receipt_pkey", equals: [user, operation] }),',
        replace:
          'select(receiptTable, { index: "sync_receipt_pkey", filter: (row) => row.operation === operation }),',
      },
    ],
  },
  {
    name: "receipt-by-case",
    part: "server",
    story:
      "Receipts are kept as they were spelled: a retry that writes its operation_id in capitals finds none.",
    requirements: ["WF-PUSH-2"],
    edits: [
      {
        file: statements,
        find: "operation: uuidKey(receipt.operationId), receipt",
        replace: "operation: receipt.operationId, receipt",
      },
      {
        file: statements,
        find: '"sync_receipt_pkey", equals: [user, operation] }',
        replace: '"sync_receipt_pkey", equals: [user, operationId] }',
      },
    ],
  },
  {
    name: "copy-in-batch-unnoticed",
    part: "server",
    story:
      "Receipts are asked of the database only: a batch that carries an op twice is told that the copy's stamp is too low.",
    requirements: ["WF-PUSH-2", "WF-PUSH-1"],
    edits: [{ file: plan, find: "      freshByKey.set(key, fresh.length);\n", replace: "" }],
  },
  {
    name: "retry-answers-the-new-stamp",
    part: "server",
    story:
      "A duplicate is answered with the stamp that was sent: a device that has restamped its queue and retries is told a stamp that the log does not have.",
    requirements: ["WF-PUSH-2"],
    edits: [
      { file: push, find: "lamport_ts: plan.receipt.lamportTs", replace: "lamport_ts: plan.op.lamport_ts" },
    ],
  },
  {
    name: "content-ignored",
    part: "server",
    story:
      "The same operation_id with another value is answered as a duplicate: the second edit is gone without a word.",
    requirements: ["WF-PUSH-4"],
    edits: [{ file: plan, find: "receipt.fingerprint !== fingerprint", replace: "false" }],
  },
  {
    name: "content-in-batch-ignored",
    part: "server",
    story:
      "Content is compared with receipts only: two ops of one batch share an id, and the second value is gone.",
    requirements: ["WF-PUSH-4"],
    edits: [{ file: plan, find: "fresh[earlier]!.fingerprint !== fingerprint", replace: "false" }],
  },
  {
    name: "conflict-overlooks-the-type",
    part: "server",
    story:
      "The fingerprint leaves out entity_type: the same operation_id for album/1 instead of song/1 is a duplicate.",
    requirements: ["WF-PUSH-4"],
    edits: [
      {
        file: fingerprint,
        find: "canonicalJson([entity_type, entity_id, op, field, value])",
        replace: "canonicalJson([entity_id, op, field, value])",
      },
    ],
  },
  {
    name: "conflict-by-member-order",
    part: "server",
    story:
      "Content is compared as text: a retry that writes the members of its value in another order is a conflict.",
    requirements: ["WF-PUSH-4"],
    edits: [
      {
        file: fingerprint,
        find: "canonicalJson([entity_type, entity_id, op, field, value])",
        replace: "JSON.stringify([entity_type, entity_id, op, field, value])",
      },
    ],
  },
  {
    name: "stamp-from-the-log",
    part: "server",
    story:
      "The highest stamp is read from the log: compaction deletes the op that had it, and a clone stores a lower one.",
    requirements: ["WF-PUSH-6", "WF-COMP-6"],
    edits: [
      {
        file: statements,
        find: 'const rows = readNow(session, select(deviceTable, { index: "sync_device_pkey", equals: [user] }));',
        replace:
          'const rows = readNow(session, select(opTable, { index: "sync_op_user_id", equals: [user] }));',
      },
      {
        file: statements,
        find: "if (row.device === key) ofDevice = row.highestLamport;",
        replace: "if (row.device === key) ofDevice = Math.max(ofDevice, row.lamport);",
      },
      {
        file: statements,
        find: "ofUser = Math.max(ofUser, row.highestLamport);",
        replace: "ofUser = Math.max(ofUser, row.lamport);",
      },
    ],
  },
  {
    name: "contact-resets-the-stamp",
    part: "server",
    story:
      "Every contact writes the device's whole row: a pull sets the highest stamp to 0, and a clone stores what its model has stamped before.",
    requirements: ["WF-PUSH-5", "WF-PUSH-6"],
    edits: [
      {
        file: statements,
        find: "highestLamport: Math.max(present.highestLamport, row.highestLamport),",
        replace: "highestLamport: row.highestLamport,",
      },
    ],
  },
  {
    name: "device-row-by-case",
    part: "server",
    story:
      "The device's row is kept as its id was spelled: the same device in capitals starts at stamp 0 again.",
    requirements: ["WF-AUTH-3", "WF-PUSH-5"],
    edits: [
      {
        file: "reference-server/waveflow/identity.ts",
        find: "const deviceKey = uuidKey(device);",
        replace: "const deviceKey = device;",
      },
      {
        file: statements,
        find: "const proposed: DeviceRow = { ...row, device: uuidKey(row.device) };",
        replace: "const proposed: DeviceRow = { ...row };",
      },
      { file: statements, find: "const key = uuidKey(device);", replace: "const key = device;" },
    ],
  },
];
