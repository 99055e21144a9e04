// Defects of the server's pull: what is on a page, and what the page says about itself.
import type { Mutant } from "../mutant.ts";

const pull = "reference-server/waveflow/pull.ts";
const statements = "sim/waveflow/statements.ts";

const opsOfUser =
  'const where = { index: "sync_op_user_id", equals: [page.user], range: { above: page.since } };';

export const pullMutants: readonly Mutant[] = [
  {
    name: "wall-clock-is-a-day",
    part: "server",
    story: "Ops come back with the day of their storing, and no time: no reader of RFC 3339 takes them.",
    requirements: ["WF-PULL-1"],
    edits: [
      {
        file: pull,
        find: "    wall_clock: stored.wall_clock,\n",
        replace: "    wall_clock: stored.wall_clock.slice(0, 10),\n",
      },
    ],
  },
  {
    name: "pull-writes-cursor",
    part: "server",
    story:
      "A pull counts as an ACK of the device's page: the reply is lost, and compaction believes that the device has it.",
    requirements: ["WF-PULL-2", "WF-ACK-1"],
    edits: [
      {
        file: pull,
        find: "      const hasMore = found.length > limit;\n",
        replace: `      const hasMore = found.length > limit;
      const given = hasMore ? found[limit - 1]!.id : head;
      if (given > 0) await transaction.raiseCursor({ user, device: deviceKey, lastSeenId: given, seenAt: arrivedAt });
`,
      },
    ],
  },
  {
    name: "pull-skips-own",
    part: "server",
    story:
      "A page leaves out the caller's own ops: a device comes back from a wipe and never gets its own history.",
    requirements: ["WF-PULL-1"],
    edits: [
      {
        file: pull,
        find: "page.map(toLogOp)",
        replace: "page.filter((op) => op.device_id !== device).map(toLogOp)",
      },
    ],
  },
  {
    name: "pull-not-one-snapshot",
    part: "server",
    story:
      "Guard, head and ops are read one after the other without a snapshot: a compaction commits between the guard and the ops, and a device below it is given a log with holes.",
    requirements: ["WF-PULL-4"],
    edits: [{ file: pull, find: 'isolation: "repeatable read"', replace: 'isolation: "read committed"' }],
  },
  {
    name: "since-inclusive",
    part: "server",
    story: "A page begins with the op at since itself: the device is given what it has.",
    requirements: ["WF-PULL-1"],
    edits: [
      { file: statements, find: "range: { above: page.since }", replace: "range: { atLeast: page.since }" },
    ],
  },
  {
    name: "has-more-never",
    part: "server",
    story:
      "The page is read to its limit and not one beyond: it never says that there is more, the device takes head for its cursor, and skips the rest.",
    requirements: ["WF-PULL-1", "WF-PULL-6"],
    edits: [{ file: pull, find: "since, limit: limit + 1 });", replace: "since, limit });" }],
  },
  {
    name: "head-of-the-page",
    part: "server",
    story:
      "Head is the last id of the page: after compaction took the newest ops of a device's reach, an empty page leaves it where it is, below the watermark.",
    requirements: ["WF-PULL-4", "WF-PULL-6"],
    edits: [
      {
        file: pull,
        find: "        head,\n        has_more",
        replace: "        head: page.at(-1)?.id ?? since,\n        has_more",
      },
    ],
  },
  {
    name: "head-of-everybody",
    part: "server",
    story:
      "Head is the highest id of all users: alice's push takes 5 and stalls, bob's takes 6 and commits, alice's phone takes 6 for its cursor, and never gets 5.",
    requirements: ["WF-PULL-6", "WF-PUSH-9", "WF-AUTH-2"],
    edits: [
      {
        file: statements,
        find: `    session.execute(
      max(opTable, { index: "sync_op_user_id", equals: [user] }),
      answerWith(done, (row) => row?.id ?? 0),
    );`,
        replace: `    session.execute(
      select(opTable, { index: "sync_op_user_id" }),
      answerWith(done, (rows) => rows.reduce((highest, row) => Math.max(highest, row.id), 0)),
    );`,
      },
      {
        file: "reference-server/waveflow/push.ts",
        find: "id === undefined || id <= prevId",
        replace: "id === undefined",
      },
    ],
  },
  {
    name: "cross-user-pull",
    part: "server",
    story: "The page's WHERE forgets the user: bob is given what alice wrote.",
    requirements: ["WF-AUTH-2", "WF-PULL-1"],
    edits: [
      {
        file: statements,
        find: opsOfUser,
        replace:
          'const where = { index: "sync_op_user_id", filter: (row: { id: number }) => row.id > page.since };',
      },
      {
        file: statements,
        find: "select(opTable, where, { limit: page.limit }),\n      answerWith(done, (rows) => rows.map((row) => row.stored)),",
        replace:
          "select(opTable, where),\n      answerWith(done, (rows) => rows.map((row) => row.stored).sort((left, right) => left.id - right.id).slice(0, page.limit)),",
      },
    ],
  },
  {
    name: "bad-since-taken-for-zero",
    part: "server",
    story:
      "A since that is no number counts as 0: a client that writes it wrongly reads everything each time instead of being told.",
    requirements: ["WF-PULL-1"],
    edits: [
      {
        file: pull,
        find: 'if (since === undefined) return refuse("since"',
        replace:
          'if (since === undefined) return readPull({ ...query, since: "0" }, limitDefault);\n  if (since < 0) return refuse("since"',
      },
    ],
  },
  {
    name: "limit-is-advice",
    part: "server",
    story:
      "A page takes two ops more than the limit, to save a round trip: a device with a fixed buffer overruns it.",
    requirements: ["WF-PULL-1"],
    edits: [
      {
        file: pull,
        find: "const { since, limit } = query;",
        replace: "const { since } = query;\n  const limit = query.limit + 2;",
      },
    ],
  },
];
