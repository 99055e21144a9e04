// Defects of acknowledgements: what counts as one, what is kept of it, and what counts as a sign of life.
import type { Mutant } from "../mutant.ts";

const ack = "reference-server/waveflow/ack.ts";
const buffer = "reference-server/waveflow/ack-buffer.ts";
const compaction = "reference-server/waveflow/compaction.ts";
const statements = "sim/waveflow/statements.ts";
const merge = "const merged = await buffer.merge(transaction, user);";

export const ackMutants: readonly Mutant[] = [
  {
    name: "ack-unbounded",
    part: "server",
    story:
      "An ACK of 2^53-1 is taken: the device counts as having everything that will ever come, and compaction passes it.",
    requirements: ["WF-ACK-3"],
    edits: [
      { file: ack, find: "lastSeenId <= head && stored === undefined", replace: "stored === undefined" },
      {
        file: ack,
        find: '  if (lastSeenId > found.head) return { kind: "beyond head", head: found.head };\n',
        replace: "",
      },
      { file: buffer, find: "if (lastSeenId <= head) await", replace: "if (head >= 0) await" },
    ],
  },
  {
    name: "refused-ack-counts",
    part: "server",
    story: "A first ACK above head is answered 422 and written all the same: compaction believes it.",
    requirements: ["WF-ACK-3", "WF-ACK-1"],
    edits: [
      { file: ack, find: "lastSeenId <= head && stored === undefined", replace: "stored === undefined" },
    ],
  },
  {
    name: "negative-ack-taken",
    part: "server",
    story: "An ACK of -1 is taken: the device holds compaction back for ever.",
    requirements: ["WF-ACK-3"],
    edits: [
      {
        file: "protocol/waveflow/messages.ts",
        find: "z.object({ last_seen_id: integer(0) })",
        replace: "z.object({ last_seen_id: integer(-1_000) })",
      },
    ],
  },
  {
    name: "ack-goes-back",
    part: "server",
    story:
      "The last ACK to arrive is kept: an old one that was delayed takes the device back, and compaction waits for what it has.",
    requirements: ["WF-ACK-2"],
    edits: [
      { file: ack, find: "found.stored < lastSeenId)", replace: "found.stored !== lastSeenId)" },
      {
        file: buffer,
        find: "present === undefined || present.lastSeenId < ack.lastSeenId",
        replace: "present === undefined || ack.seenAt >= 0",
      },
      {
        file: statements,
        find: "lastSeenId: Math.max(present.lastSeenId, row.lastSeenId),",
        replace: "lastSeenId: row.lastSeenId,",
      },
      {
        file: statements,
        find: "present.lastSeenId < row.lastSeenId || present.seenAt < row.seenAt",
        replace: "present.lastSeenId !== row.lastSeenId",
      },
    ],
  },
  {
    name: "ack-buffer-ignored",
    part: "server",
    story:
      "A device's first ACK waits in memory, and the job does not look there: it does not know the device and passes it.",
    requirements: ["WF-ACK-5", "WF-COMP-1"],
    edits: [
      { file: ack, find: "lastSeenId <= head && stored === undefined", replace: "lastSeenId < 0" },
      {
        file: ack,
        find: "found.stored !== undefined && found.stored < lastSeenId",
        replace: "(found.stored ?? -1) < lastSeenId",
      },
      { file: compaction, find: merge, replace: "const merged = [];" },
    ],
  },
  {
    name: "ack-memory-not-counted",
    part: "server",
    story: "Compaction reads the table only: an ACK that was answered a moment ago does not count for it.",
    requirements: ["WF-ACK-5"],
    edits: [{ file: compaction, find: merge, replace: "const merged = [];" }],
  },
  {
    name: "flush-loses-ack",
    part: "server",
    story: "The buffer is emptied before the write: the write fails, and the ACK is nowhere.",
    requirements: ["WF-ACK-5"],
    edits: [
      {
        file: buffer,
        find: "    } catch (error) {\n",
        replace: "    } catch (error) {\n      this.#acksByUser.delete(user);\n",
      },
    ],
  },
  {
    name: "ack-of-another-device",
    part: "server",
    story: "The buffer keeps one ACK per user: laptop's ACK of 9 is written for phone, which has 4.",
    requirements: ["WF-ACK-1", "WF-AUTH-3"],
    edits: [
      {
        file: buffer,
        find: "      if (lastSeenId <= head) await transaction.raiseCursor({ user, device, lastSeenId, seenAt });\n",
        replace:
          "      const latest = merged.at(-1)![1].lastSeenId;\n      if (lastSeenId <= head) await transaction.raiseCursor({ user, device, lastSeenId: Math.max(lastSeenId, latest), seenAt });\n",
      },
    ],
  },
  {
    name: "stale-by-silence",
    part: "compactor",
    story:
      "Only an ACK that moves the cursor counts as contact: a device that is there daily and has nothing new to acknowledge turns stale after 90 days.",
    requirements: ["WF-ACK-4", "WF-COMP-1"],
    edits: [
      {
        file: statements,
        find: "if (Math.max(seenAt, contacts.get(device) ?? seenAt) < contactSince) continue;",
        replace: "if (seenAt < contactSince) continue;",
      },
    ],
  },
  {
    name: "pull-is-no-contact",
    part: "server",
    story: "A pull writes no time of contact: a device that only reads, day after day, turns stale.",
    requirements: ["WF-ACK-4"],
    edits: [
      {
        file: "reference-server/waveflow/pull.ts",
        find: "      await transaction.raiseDevice({ user, device: deviceKey, highestLamport: 0, contactAt: arrivedAt });\n",
        replace: "",
      },
    ],
  },
  {
    name: "contact-lost-with-a-restart",
    part: "compactor",
    story:
      "The job knows the devices that were heard of since its process began: after a crash it passes whoever has not spoken yet.",
    requirements: ["WF-ACK-6", "WF-COMP-1"],
    edits: [
      {
        file: "reference-server/waveflow/server.ts",
        find: "this.#compaction = { database, clock, buffer, stalenessMs, onFault };",
        replace:
          "this.#compaction = { database, clock, buffer, stalenessMs, onFault, begunAt: clock.now() };",
      },
      {
        file: compaction,
        find: "contactSince: now - stalenessMs",
        replace: "contactSince: Math.max(now - stalenessMs, ports.begunAt)",
      },
    ],
  },
];
