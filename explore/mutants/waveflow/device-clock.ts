// Defects of a device's Lamport clock.
import type { Mutant } from "../mutant.ts";

const account = "reference-client/waveflow/account-state.ts";
const apply = "reference-client/waveflow/apply.ts";
const clock = "reference-client/waveflow/lamport-clock.ts";
const edits = "reference-client/waveflow/edits.ts";
const walk = "reference-client/waveflow/walk.ts";

export const deviceClockMutants: readonly Mutant[] = [
  {
    name: "clock-not-durable",
    part: "device",
    story: "The clock lives in memory: an edit, a crash, and the next edit has the same stamp.",
    requirements: ["WF-DEV-1", "WF-DEV-2"],
    edits: [
      {
        file: account,
        find: "if (before[name] !== value) step.put",
        replace: `if (before[name] !== value && name !== "lamport") step.put`,
      },
    ],
  },
  {
    name: "clock-ignores-remote",
    part: "device",
    story: "Received ops do not raise the clock: the answer to an edit is stamped below it.",
    requirements: ["WF-DEV-1"],
    edits: [
      {
        file: apply,
        find: "  if (!Number.isSafeInteger(stamp)) return lamport;",
        replace: "  if (stamp !== undefined) return lamport;",
      },
    ],
  },
  {
    name: "clock-ignores-frames",
    part: "device",
    story: "Pages raise the clock and frames do not: an edit made after a frame is stamped below it.",
    requirements: ["WF-DEV-1"],
    edits: [
      {
        file: apply,
        find: "    lamport = observeStamp(context, lamport, received);",
        replace: `    if (via !== "socket") lamport = observeStamp(context, lamport, received);`,
      },
    ],
  },
  {
    name: "clock-takes-the-last-stamp",
    part: "device",
    story: "The clock is set to the stamp of each received op, even where that is lower: it falls.",
    requirements: ["WF-DEV-1"],
    edits: [
      {
        file: clock,
        find: "const highest = Math.max(clock, received.stamp);",
        replace: "const highest = received.stamp;",
      },
    ],
  },
  {
    name: "clock-level-with-remote",
    part: "device",
    story:
      "A received op leaves the clock level with its stamp and not one above: max(local, remote) without the +1.",
    requirements: ["WF-DEV-1"],
    edits: [
      { file: clock, find: "Math.min(highest + 1, lamportMax)", replace: "Math.min(highest, lamportMax)" },
    ],
  },
  {
    name: "stamp-read-before-its-turn",
    part: "device",
    story:
      "The clock is read before the edit's durable step has its turn: a page that is being applied raises it, and the edit sets it back.",
    requirements: ["WF-DEV-1", "WF-DEV-2"],
    edits: [
      {
        file: edits,
        find: "  const { account } = store;",
        replace: "  const { account } = store;\n  const { lamport } = account.settings;",
      },
      { file: edits, find: "    const { lamport } = account.settings;\n", replace: "" },
    ],
  },
  {
    name: "wipe-takes-clock",
    part: "device",
    story: "A resync sets the clock to zero with the state: stamps are given out twice.",
    requirements: ["WF-DEV-1", "WF-DEV-11"],
    edits: [
      {
        file: walk,
        find: "const clock = Math.max(account.settings.lamport, this.#lamport);",
        replace: "const clock = 0;",
      },
    ],
  },
  {
    name: "resync-sets-clock-by-the-log",
    part: "device",
    story:
      "A resync sets the clock by what the log still holds: pending rows and compacted ops had higher stamps, and the clock falls.",
    requirements: ["WF-DEV-1", "WF-DEV-11"],
    edits: [
      {
        file: walk,
        find: "const clock = Math.max(account.settings.lamport, this.#lamport);",
        replace: "const clock = this.#lamport;",
      },
    ],
  },
  {
    name: "clock-behind-the-queue-row",
    part: "device",
    story:
      "An edit's row is durable before the clock: a crash between them, and the next edit has the stamp of the one that waits.",
    requirements: ["WF-DEV-1", "WF-DEV-2"],
    edits: [
      {
        file: "reference-client/waveflow/device-store.ts",
        find: "    if (step.writes.length > 0) await this.#disk.commit(step.writes);",
        replace: `    const clock = step.writes.filter(({ key }) => key.endsWith("/lamport"));
    const rest = step.writes.filter((write) => !clock.includes(write));
    if (rest.length > 0) await this.#disk.commit(rest);
    if (clock.length > 0) await this.#disk.commit(clock);`,
      },
    ],
  },
];
