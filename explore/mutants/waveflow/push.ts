// Defects of the server's push: the order of lock, number and commit; stamps; batches; replies.
import type { Mutant } from "../mutant.ts";

const push = "reference-server/waveflow/push.ts";
const plan = "reference-server/waveflow/push-plan.ts";
const replies = "reference-server/waveflow/replies.ts";

const lock = "      await transaction.lockUser(user);\n";
const readStamps = "      const { ofDevice, ofUser } = await transaction.highestLamport(user, deviceKey);\n";
const storedReply = "      return json(200, pushReply(planned, stored, head));\n    },\n  );";

export const pushMutants: readonly Mutant[] = [
  {
    name: "id-before-lock",
    part: "server",
    story:
      "Ids are taken before the user's lock: laptop takes 1 and stalls, phone takes 2 and commits, a reader gets 2 and moves its cursor there, laptop commits 1, and nobody ever sees 1.",
    requirements: ["WF-PUSH-8", "WF-PUSH-9"],
    edits: [
      {
        file: push,
        find: lock,
        replace: `      const early = await transaction.takeIds(ops.length);\n${lock}`,
      },
      { file: push, find: "ids: await transaction.takeIds(fresh.length),", replace: "ids: early," },
      { file: push, find: "id === undefined || id <= prevId", replace: "id === undefined" },
    ],
  },
  {
    name: "id-before-lock-then-compact",
    part: "server",
    story:
      "The lock is the device's and not the user's: laptop takes 1 and stalls, phone takes 2 and commits, everybody acknowledges 2, and compaction, which waits for no push, goes past 1 before it is there.",
    requirements: ["WF-PUSH-8", "WF-PUSH-9", "WF-COMP-7"],
    edits: [{ file: push, find: "lockUser(user)", replace: "lockUser(`${user} ${deviceKey}`)" }],
  },
  {
    name: "raw-unique-violation",
    part: "server",
    story:
      "Receipts and stamps are read before the lock: two copies of one push are in flight at once, neither finds the other, and the second dies of the unique index with a 500.",
    requirements: ["WF-PUSH-2", "WF-PUSH-6"],
    edits: [
      { file: push, find: lock, replace: "" },
      {
        file: push,
        find: "      const headBefore =",
        replace: `${lock}      const headBefore =`,
      },
    ],
  },
  {
    name: "stamp-read-before-lock",
    part: "server",
    story:
      "The highest stamp is read before the lock: two pushes of one device (a clone and its model) run side by side, and the later one may have the lower stamp.",
    requirements: ["WF-PUSH-5", "WF-PUSH-6"],
    edits: [
      { file: push, find: readStamps, replace: "" },
      { file: push, find: lock, replace: `${readStamps}${lock}` },
    ],
  },
  {
    name: "lamport-unchecked",
    part: "server",
    story: "Stamps are not compared: a device that was put back to a backup stores ops below its own stamps.",
    requirements: ["WF-PUSH-5"],
    edits: [{ file: plan, find: "op.lamport_ts <= storedMax", replace: "op.lamport_ts < 0" }],
  },
  {
    name: "lamport-off-by-one",
    part: "server",
    story:
      "An op whose stamp equals the highest of its device is accepted: two ops of one device share a stamp.",
    requirements: ["WF-PUSH-5"],
    edits: [{ file: plan, find: "op.lamport_ts <= storedMax", replace: "op.lamport_ts < storedMax" }],
  },
  {
    name: "stamp-before-receipt",
    part: "server",
    story:
      "The stamp is judged before the receipt: a reply is lost, and the retry is told that its stamp is too low.",
    requirements: ["WF-PUSH-1", "WF-PUSH-2"],
    edits: [
      {
        file: plan,
        find: "    if (receipt !== undefined) {",
        replace:
          "    if (op.lamport_ts <= storedMax) {\n      return { refused: lamportRegression(at, { lamportTs: op.lamport_ts, storedMax }) };\n    } else if (receipt !== undefined) {",
      },
    ],
  },
  {
    name: "no-stored-max",
    part: "server",
    story:
      "The 409 does not say which stamp to exceed: a device that was put back to a backup can never push again.",
    requirements: ["WF-PUSH-5"],
    edits: [{ file: replies, find: "    stored_max: stamps.storedMax,\n", replace: "" }],
  },
  {
    name: "stored-max-before-the-batch",
    part: "server",
    story:
      "stored_max is what stood before the request: the third op of a batch has a lower stamp than the second, and is told to exceed a number that it exceeds.",
    requirements: ["WF-PUSH-5"],
    edits: [
      {
        file: plan,
        find: "{ lamportTs: op.lamport_ts, storedMax }",
        replace: "{ lamportTs: op.lamport_ts, storedMax: known.ofDevice }",
      },
    ],
  },
  {
    name: "stamps-within-a-batch-unchecked",
    part: "server",
    story: "Each stamp is held against the device's row only: a batch with the stamps 5 and 3 is stored.",
    requirements: ["WF-PUSH-5", "WF-PUSH-1"],
    edits: [{ file: plan, find: "      storedMax = op.lamport_ts;\n", replace: "" }],
  },
  {
    name: "duplicate-raises-the-stamp",
    part: "server",
    story:
      "A duplicate counts as a new stamp: a device sends old rows with new stamps and then one with a stamp in between, which is refused although nothing accepted stands above it.",
    requirements: ["WF-PUSH-2", "WF-PUSH-5"],
    edits: [
      {
        file: plan,
        find: "      planned.push({ op, receipt });",
        replace:
          "      planned.push({ op, receipt });\n      storedMax = Math.max(storedMax, op.lamport_ts);",
      },
    ],
  },
  {
    name: "batch-half-stored",
    part: "server",
    story: "Op 3 of 5 is refused for its stamp, and ops 1 and 2 are stored all the same.",
    requirements: ["WF-PUSH-7"],
    edits: [
      {
        file: push,
        find: '      if ("refused" in plan) {\n',
        replace: `      if ("refused" in plan) {
        const good = planPush(ops.slice(0, plan.refused.body.index ?? 0), { receipts, ofDevice, ofUser });
        if (good.fresh.length > 0) {
          const kept = numberOps(good.fresh, {
            device,
            headBefore: await transaction.highestId(user),
            ids: await transaction.takeIds(good.fresh.length),
            wallClock: new Date(ports.clock.now()).toISOString(),
          });
          await storeOps(transaction, { caller, stored: kept, fresh: good.fresh });
          await transaction.raiseDevice({ ...contact, highestLamport: kept.at(-1).lamport_ts });
          await transaction.announce({ kind: "ops", user, head: kept.at(-1).id });
        }
`,
      },
    ],
  },
  {
    name: "broadcast-before-commit",
    part: "server",
    story:
      "The frames go out when the rows are written: phone applies op 1, the process dies before the commit, and op 1 was never there.",
    requirements: ["WF-PUSH-11", "WF-WS-1"],
    edits: [
      {
        file: push,
        find: "      await storeOps(transaction, { caller, stored, fresh });\n",
        replace:
          "      await storeOps(transaction, { caller, stored, fresh });\n      ports.broadcast(user, stored);\n",
      },
      {
        file: "reference-server/waveflow/server.ts",
        find: "{ database, clock, buffer, pullLimitDefault };",
        replace:
          "{ database, clock, buffer, pullLimitDefault, broadcast: (user, ops) => this.#hub.broadcast(user, ops) };",
      },
      {
        file: "reference-server/waveflow/socket-hub.ts",
        find: "  onGap(): void {",
        replace: `  broadcast(user, ops): void {
    for (const socket of this.#feeds.get(user)?.sockets() ?? []) {
      for (const stored of ops) {
        const { prevId, ...op } = stored;
        socket.deliver(stored, { type: "op", prev_id: prevId, op });
      }
    }
  }

  onGap(): void {`,
      },
    ],
  },
  {
    name: "ack-200-before-commit",
    part: "server",
    story:
      "The 200 goes out before the commit: the process dies between the two, and the device has dropped its row.",
    requirements: ["WF-PUSH-10"],
    edits: [
      {
        file: push,
        find: "  return ports.database.transaction(",
        replace:
          "  let answerNow;\n  const early = new Promise((resolve) => {\n    answerNow = resolve;\n  });\n  const late = ports.database.transaction(",
      },
      {
        file: push,
        find: storedReply,
        replace: `      answerNow(json(200, pushReply(planned, stored, head)));\n${storedReply}\n  return Promise.race([early, late]);`,
      },
    ],
  },
  {
    name: "ids-against-the-order",
    part: "server",
    story:
      "A batch is numbered from its end: the first op of two gets the higher id, and the older edit wins.",
    requirements: ["WF-PUSH-8"],
    edits: [
      {
        file: push,
        find: "const id = numbers.ids[place];",
        replace: "const id = numbers.ids[fresh.length - 1 - place];",
      },
      { file: push, find: "id === undefined || id <= prevId", replace: "id === undefined" },
      { file: push, find: "const head = stored.at(-1)!.id;", replace: "const head = stored[0]!.id;" },
    ],
  },
  {
    name: "duplicates-not-listed",
    part: "server",
    story:
      "The reply lists what was stored now: the first reply is lost, and the retry's row is in no list, so it stays in the queue for ever.",
    requirements: ["WF-PUSH-1", "WF-PUSH-2"],
    edits: [
      {
        file: push,
        find: "  return { results, head };",
        replace: '  return { results: results.filter(({ status }) => status === "stored"), head };',
      },
    ],
  },
  {
    name: "duplicates-listed-last",
    part: "server",
    story:
      "The reply lists what is new and then the duplicates: a device that goes by places drops the wrong rows.",
    requirements: ["WF-PUSH-1"],
    edits: [
      {
        file: push,
        find: "  return { results, head };",
        replace:
          "  return { results: results.toSorted((left, right) => (left.status > right.status ? -1 : left.status < right.status ? 1 : 0)), head };",
      },
    ],
  },
  {
    name: "push-answers-the-old-head",
    part: "server",
    story:
      "The head in the reply is read before the ops are stored: it is below the ids that the same reply lists.",
    requirements: ["WF-PUSH-8"],
    edits: [
      {
        file: push,
        find: storedReply,
        replace: storedReply.replace("stored, head", "stored, headBefore"),
      },
    ],
  },
  {
    name: "leap-unchecked",
    part: "server",
    story: "Any stamp is taken: one broken device sends 2^53-1, and nobody of the user can stamp above it.",
    requirements: ["WF-PUSH-13"],
    edits: [{ file: plan, find: "op.lamport_ts > leapTop", replace: "op.lamport_ts > Infinity" }],
  },
  {
    name: "leap-above-the-device",
    part: "server",
    story:
      "The leap is measured from the device's own stamps: phone learns a high stamp from laptop, stamps above it, and is locked out.",
    requirements: ["WF-PUSH-13"],
    edits: [{ file: plan, find: "known.ofUser + limits", replace: "known.ofDevice + limits" }],
  },
  {
    name: "leap-in-two-steps",
    part: "server",
    story: "The bound moves with each op: a batch climbs over it in two steps, 2^32 each.",
    requirements: ["WF-PUSH-13"],
    edits: [
      {
        file: plan,
        find: "op.lamport_ts > leapTop",
        replace: "op.lamport_ts > Math.max(storedMax, known.ofUser) + limits.lamportLeapMax",
      },
    ],
  },
  {
    name: "batch-answered-with-one-id",
    part: "server",
    story:
      "The answer to a batch names the first op's id for all of its new ops: the device takes two operations for one.",
    requirements: ["WF-PUSH-8"],
    edits: [
      {
        file: push,
        find: "const { id, lamport_ts } = stored[plan.fresh]!;",
        replace: "const { id, lamport_ts } = stored[0]!;",
      },
    ],
  },
];
