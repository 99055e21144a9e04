// Defects of the job that forgets what everybody has.
import type { Mutant } from "../mutant.ts";

const compaction = "reference-server/waveflow/compaction.ts";
const statements = "sim/waveflow/statements.ts";

const supersedes = "if (fields.has(wholeEntity) || fields.has(field)) superseded.add(op.id);";
const collapsed =
  'const where = { index: "sync_op_user_id", equals: [range.user], range: { below: range.below } };';
const raised =
  "const raised = await transaction.raiseWatermark({ user, compactedUpTo: highestDeletedId, at: now });";
const announced =
  '      await transaction.announce({ kind: "watermark", user, compactedUpTo: raised.compactedUpTo });\n';
const settled = "  buffer.settle(user, merged);\n";

export const compactionMutants: readonly Mutant[] = [
  {
    name: "compact-takes-max",
    part: "compactor",
    story: "M is the highest of the cursors: what the slowest device has not acknowledged is deleted.",
    requirements: ["WF-COMP-1"],
    edits: [
      { file: statements, find: "lastSeenId < minimum) minimum", replace: "lastSeenId > minimum) minimum" },
    ],
  },
  {
    name: "compact-at-m",
    part: "compactor",
    story:
      "Ops up to M are collapsed, M itself included: two ops with the ids M-1 and M on one register lose the first, although the rule says below M.",
    requirements: ["WF-COMP-2"],
    edits: [
      {
        file: statements,
        find: "range: { below: range.below } }",
        replace: "range: { atMost: range.below } }",
      },
    ],
  },
  {
    name: "compact-looks-above-m",
    part: "compactor",
    story:
      "What supersedes is looked for in the whole log: an op that everybody has is deleted for one that a device has not acknowledged.",
    requirements: ["WF-COMP-2", "WF-COMP-1"],
    edits: [
      {
        file: statements,
        find: "const doomed = supersededIds(rows.value.map((row) => row.stored));",
        replace:
          'const whole = readNow(session, select(opTable, { index: "sync_op_user_id", equals: [range.user] }));\n    if (!whole.ok) return done(whole);\n    const doomed = supersededIds(whole.value.map((row) => row.stored));\n    for (const id of [...doomed]) if (id >= range.below) doomed.delete(id);',
      },
    ],
  },
  {
    name: "compact-includes-stale-boundary",
    part: "compactor",
    story:
      "Contacts are compared in whole minutes and the boundary itself counts as stale: a device that was there exactly 90 days ago, or some seconds less, is passed.",
    requirements: ["WF-COMP-1"],
    edits: [
      {
        file: statements,
        find: "if (Math.max(seenAt, contacts.get(device) ?? seenAt) < contactSince) continue;",
        replace:
          "const contact = Math.max(seenAt, contacts.get(device) ?? seenAt);\n      if (Math.floor(contact / 60_000) <= Math.floor(contactSince / 60_000)) continue;",
      },
    ],
  },
  {
    name: "stale-devices-hold-back",
    part: "compactor",
    story: "A device that is gone for good counts for ever: after 90 days nothing is compacted any more.",
    requirements: ["WF-COMP-1"],
    hiddenFromSearch:
      "no observer outside can be sure that a device is stale: a law would have to know every contact that the server had",
    edits: [{ file: compaction, find: "contactSince: now - stalenessMs", replace: "contactSince: 0" }],
  },
  {
    name: "compact-when-nobody-counts",
    part: "compactor",
    story:
      "No device counts, and the job takes the whole log: a device that has pulled and not acknowledged yet loses its place.",
    requirements: ["WF-COMP-1"],
    edits: [
      {
        file: compaction,
        find: "const below = await transaction.minimumCursor({ user, contactSince: now - stalenessMs });",
        replace:
          "const below = (await transaction.minimumCursor({ user, contactSince: now - stalenessMs })) ?? (await transaction.highestId(user)) + 1;",
      },
    ],
  },
  {
    name: "compact-keeps-highest-lamport",
    part: "compactor",
    story:
      "Of one register the op with the highest stamp stays: laptop sets old with stamp 100 (id 1), phone sets new with stamp 5 (id 2), and 2 is deleted.",
    requirements: ["WF-COMP-2", "WF-STATE-1"],
    edits: [
      {
        file: statements,
        find: "for (const op of ascending.toReversed()) {",
        replace:
          "for (const op of ascending.toSorted((left, right) => right.lamport_ts - left.lamport_ts)) {",
      },
    ],
  },
  {
    name: "compact-keeps-the-oldest",
    part: "compactor",
    story:
      "The rows are ranked from the oldest: of one register the first op stays, and the newest value is gone.",
    requirements: ["WF-COMP-2", "WF-COMP-5"],
    edits: [
      {
        file: statements,
        find: "for (const op of ascending.toReversed()) {",
        replace: "for (const op of ascending) {",
      },
    ],
  },
  {
    name: "tombstone-collapsed-with-fields",
    part: "compactor",
    story:
      "A field written after a delete supersedes it: title (1), delete (2), rating (3) leaves 1 and 3, and the title is back.",
    requirements: ["WF-COMP-2", "WF-COMP-5", "WF-STATE-2"],
    edits: [
      {
        file: statements,
        find: supersedes,
        replace:
          'if (fields.has(wholeEntity) || fields.has(field) || (op.op === "delete" && fields.size > 0)) superseded.add(op.id);',
      },
    ],
  },
  {
    name: "tombstone-takes-later-fields",
    part: "compactor",
    story:
      "A delete takes every field of its entity, also those written after it: delete (1), title (2), and the title is gone.",
    requirements: ["WF-COMP-2", "WF-COMP-5", "WF-STATE-2"],
    edits: [
      {
        file: statements,
        find: supersedes,
        replace:
          'if (op.op === "upsert" && ascending.some((other) => other.op === "delete" && other.entity_id === op.entity_id && other.entity_type === op.entity_type)) superseded.add(op.id);\n    else if (fields.has(wholeEntity) || fields.has(field)) superseded.add(op.id);',
      },
    ],
  },
  {
    name: "tombstones-expire",
    part: "compactor",
    story:
      "Compaction drops the deletes with the fields that they ended below M, and leaves a field whose delete was dropped: what was deleted is back.",
    requirements: ["WF-COMP-2", "WF-COMP-5"],
    edits: [
      {
        file: statements,
        find: supersedes,
        replace:
          'if (op.op === "delete") superseded.add(op.id);\n    else if (fields.has(field)) superseded.add(op.id);',
      },
    ],
  },
  {
    name: "compact-forgets-the-type",
    part: "compactor",
    story:
      "Entities are told apart by their id alone: title of song/1 is deleted because album/1 got a title.",
    requirements: ["WF-COMP-2", "WF-COMP-5"],
    edits: [{ file: statements, find: "emplace(later, op.entity_type,", replace: 'emplace(later, "",' }],
  },
  {
    name: "compact-forgets-the-user",
    part: "compactor",
    story: "The job's DELETE forgets the user: alice's title of song/1 goes because bob has written one.",
    requirements: ["WF-AUTH-2", "WF-COMP-1", "WF-COMP-2"],
    edits: [
      {
        file: statements,
        find: collapsed,
        replace:
          'const where = { index: "sync_op_user_id", filter: (row: { id: number }) => row.id < range.below };',
      },
      {
        file: statements,
        find: "remove(opTable, { ...where, filter: (row) => doomed.has(row.id) }),",
        replace: 'remove(opTable, { index: "sync_op_user_id", filter: (row) => doomed.has(row.id) }),',
      },
    ],
  },
  {
    name: "smallest-cursor-of-anybody",
    part: "compactor",
    story:
      "The smallest cursor is taken over all users: nobody of alice's has acknowledged, bob has, and alice's log is compacted up to bob's cursor.",
    requirements: ["WF-AUTH-2", "WF-COMP-1"],
    edits: [
      {
        file: statements,
        find: 'select(cursorTable, { index: "device_sync_cursor_pkey", equals: [user] }),',
        replace: 'select(cursorTable, { index: "device_sync_cursor_pkey" }),',
      },
    ],
  },
  {
    name: "watermark-outside-transaction",
    part: "compactor",
    story:
      "The deletes are committed and the watermark after them: the process dies in between, and a device from before passes the guard.",
    requirements: ["WF-COMP-3"],
    edits: [
      { file: compaction, find: raised, replace: "const raised = { compactedUpTo: highestDeletedId };" },
      { file: compaction, find: announced, replace: "" },
      {
        file: compaction,
        find: settled,
        replace: `${settled}  if (outcome.deleted > 0) {
    await database.transaction({ isolation: "read committed", purpose: "compact" }, async (transaction) => {
      const raised = await transaction.raiseWatermark({ user, compactedUpTo: outcome.compactedUpTo, at: clock.now() });
${announced}    });
  }
`,
      },
    ],
  },
  {
    name: "watermark-before-the-deletes",
    part: "compactor",
    story:
      "The watermark is raised to M in a transaction of its own before anything is deleted: the process dies in between, and devices are sent to resync for nothing.",
    requirements: ["WF-COMP-3", "WF-COMP-4"],
    edits: [
      {
        file: compaction,
        find: "const collapsed = below === undefined ? undefined : await transaction.collapse({ user, below });",
        replace: `if (below !== undefined && below > 1) {
        await database.transaction({ isolation: "read committed", purpose: "compact" }, (other) =>
          other.raiseWatermark({ user, compactedUpTo: below, at: now }),
        );
      }
      const collapsed = below === undefined ? undefined : await transaction.collapse({ user, below });`,
      },
    ],
  },
  {
    name: "watermark-falls",
    part: "compactor",
    story:
      "The watermark is written and not raised: a second job deletes an op below it and takes it back, and a device in between passes the guard.",
    requirements: ["WF-COMP-3", "WF-COMP-4"],
    edits: [
      {
        file: statements,
        find: "compactedUpTo: Math.max(present.compactedUpTo, compactedUpTo),",
        replace: "compactedUpTo,",
      },
    ],
  },
  {
    name: "watermark-counts-the-deleted",
    part: "compactor",
    story:
      "The watermark is raised by the number of deleted ops: ids have gaps, and it stays below what is gone.",
    requirements: ["WF-COMP-3"],
    edits: [
      {
        file: statements,
        find: "highestDeletedId: gone.reduce((highest, row) => Math.max(highest, row.id), 0),",
        replace: "highestDeletedId: gone.length,",
      },
    ],
  },
  {
    name: "watermark-of-the-lowest",
    part: "compactor",
    story:
      "The watermark is the lowest deleted id: a device between the first and the last of them passes the guard.",
    requirements: ["WF-COMP-3"],
    edits: [
      {
        file: statements,
        find: "highestDeletedId: gone.reduce((highest, row) => Math.max(highest, row.id), 0),",
        replace: "highestDeletedId: gone[0]?.id ?? 0,",
      },
    ],
  },
  {
    name: "watermark-without-deletes",
    part: "compactor",
    story:
      "The watermark goes to M at every run, deleted or not: a device that has missed nothing is sent to resync.",
    requirements: ["WF-COMP-4"],
    edits: [
      {
        file: compaction,
        find: "        const { compactedUpTo } = await transaction.readWatermark(user);\n",
        replace:
          "        const { compactedUpTo } = below === undefined ? await transaction.readWatermark(user) : await transaction.raiseWatermark({ user, compactedUpTo: below, at: now });\n",
      },
    ],
  },
];
