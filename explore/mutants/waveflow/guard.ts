// Defects of the guard against devices from before a compaction, and of the walk that gets them through it.
import type { Mutant } from "../mutant.ts";

const pull = "reference-server/waveflow/pull.ts";
const token = "reference-server/waveflow/resync-token.ts";

const belowWatermark = "return since < compactedUpTo ? resyncRequired(compactedUpTo) : undefined;";

export const guardMutants: readonly Mutant[] = [
  {
    name: "guard-missing",
    part: "server",
    story:
      "No pull is sent to resync: a device that slept past a compaction goes on from its cursor and keeps what was deleted meanwhile.",
    requirements: ["WF-PULL-3", "WF-COMP-5"],
    edits: [{ file: pull, find: belowWatermark, replace: "return undefined;" }],
  },
  {
    name: "guard-blocks-zero",
    part: "server",
    story: "since=0 is below the watermark too: a device that is told to start over can never start.",
    requirements: ["WF-PULL-3", "WF-COMP-8"],
    edits: [
      {
        file: pull,
        find: "  if (since === 0) return undefined;\n",
        replace: "  if (since === 0) return compactedUpTo > 0 ? resyncRequired(compactedUpTo) : undefined;\n",
      },
    ],
  },
  {
    name: "guard-off-by-one",
    part: "server",
    story: "A device at W-1 passes: the op at W was deleted, and it never learns of it.",
    requirements: ["WF-PULL-3"],
    edits: [
      { file: pull, find: "return since < compactedUpTo ?", replace: "return since < compactedUpTo - 1 ?" },
    ],
  },
  {
    name: "guard-blocks-the-watermark",
    part: "server",
    story: "A device at W itself is sent to resync, walks to its end at W, and is sent to resync again.",
    requirements: ["WF-PULL-3"],
    edits: [
      {
        file: pull,
        find: "return since < compactedUpTo ?",
        replace: "return since <= compactedUpTo && compactedUpTo > 0 ?",
      },
    ],
  },
  {
    name: "guard-on-every-page",
    part: "server",
    story:
      "The token of a walk is not looked at: more than one page of survivors lies below W, and page 2 is a 410 for ever.",
    requirements: ["WF-PULL-5", "WF-COMP-8"],
    edits: [
      {
        file: pull,
        find: "  if (walk === undefined) return since",
        replace: "  if (since >= 0) return since",
      },
    ],
  },
  {
    name: "first-page-without-token",
    part: "server",
    story: "The first page of a walk carries no token: the second is a 410 for ever.",
    requirements: ["WF-PULL-5", "WF-COMP-8"],
    edits: [{ file: pull, find: "? createResyncToken(user, watermark)", replace: "? undefined" }],
  },
  {
    name: "token-lost-on-page-three",
    part: "server",
    story:
      "Only the first page carries the token: a device that takes it from the page before has none for the third, which is a 410.",
    requirements: ["WF-PULL-5", "WF-COMP-8"],
    edits: [{ file: pull, find: "            : query.resync;", replace: "            : undefined;" }],
  },
  {
    name: "walk-survives-compaction",
    part: "server",
    story:
      "A walk is held together by its user alone: a compaction deletes something in the middle of it, and the walk goes on over another log than it began with.",
    requirements: ["WF-PULL-5"],
    edits: [
      {
        file: token,
        find: "begun.generation === now.generation && begun.compactedUpTo === now.compactedUpTo;",
        replace: "begun.generation <= now.generation;",
      },
    ],
  },
  {
    name: "walk-ignores-the-generation",
    part: "server",
    story:
      "A walk knows the watermark only: a compaction deletes below it and leaves it where it is, and the walk does not notice.",
    requirements: ["WF-PULL-5"],
    edits: [{ file: token, find: "begun.generation === now.generation && ", replace: "" }],
  },
  {
    name: "any-token-passes",
    part: "server",
    story:
      "Whatever stands in resync passes the guard: a device below the watermark that sends a token of its own making reads a log with holes.",
    requirements: ["WF-PULL-5", "WF-PULL-3"],
    edits: [
      {
        file: pull,
        find: 'readResyncToken(query.resync ?? "", user);',
        replace: "query.resync === undefined ? undefined : watermark;",
      },
    ],
  },
  {
    name: "cursor-ahead-unnoticed",
    part: "server",
    story:
      "The server was put back to a backup: phone is at 100, head is 50, and phone waits for ever and misses 51 to 100.",
    requirements: ["WF-PULL-7"],
    edits: [{ file: pull, find: "if (since > head)", replace: "if (since < 0)" }],
  },
  {
    name: "cursor-ahead-by-one-unnoticed",
    part: "server",
    story: "The server lost exactly one op: a device that is one ahead of head is told that nothing is new.",
    requirements: ["WF-PULL-7"],
    edits: [{ file: pull, find: "if (since > head)", replace: "if (since > head + 1)" }],
  },
  {
    name: "cursor-ahead-without-reason",
    part: "server",
    story:
      "A cursor above head gets the 410 of a compaction: nobody learns that the server has lost history.",
    requirements: ["WF-PULL-7"],
    edits: [
      {
        file: pull,
        find: 'resyncRequired(compactedUpTo, "cursor_ahead")',
        replace: "resyncRequired(compactedUpTo)",
      },
    ],
  },
  {
    name: "watermark-error-is-none",
    part: "server",
    story:
      "The watermark is read by itself, and a failure of that read counts as no watermark: one lost answer of the database lets a device below it pass.",
    requirements: ["WF-PULL-4", "WF-PULL-3"],
    edits: [
      {
        file: pull,
        find: "      const watermark = await transaction.readWatermark(user);\n",
        replace: `      const watermark = await database
        .transaction({ isolation: "read committed", purpose: "pull", device }, (other) => other.readWatermark(user))
        .catch(() => ({ compactedUpTo: 0, generation: 0 }));
`,
      },
    ],
  },
];
