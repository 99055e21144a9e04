// Defects that leave nobody with a wrong state in the end, and a person with a wrong screen, or a bill, on the way.
import type { Mutant } from "../mutant.ts";

const drain = "reference-client/waveflow/drain.ts";
const overlay = "reference-client/waveflow/overlay.ts";
const pull = "reference-client/waveflow/pull.ts";

export const intentMutants: readonly Mutant[] = [
  {
    name: "accepted-edit-vanishes",
    part: "device",
    story:
      "An edit is let go of as soon as the server has it: from the reply to the push until the next pull, A's screen shows the old title again.",
    requirements: ["WF-DEV-7"],
    edits: [
      {
        file: drain,
        find: "if (id > account.settings.cursor) account.accepted.add(",
        replace: "if (id < account.settings.cursor) account.accepted.add(",
      },
    ],
  },
  {
    name: "oldest-accepted-edit-wins",
    part: "device",
    story:
      "Edits on their way back are laid over the screen from the newest to the oldest: A writes 1 and then 2, both are pushed, and until the next pull A sees 1 again.",
    requirements: ["WF-DEV-7"],
    edits: [
      {
        file: overlay,
        find: "    seen.set(key, applyToEntity(seen.get(key), { ...op, id }));",
        replace: "    seen.set(key, applyToEntity(seen.get(key), { ...op, id: 2 ** 52 - id }));",
      },
    ],
  },
  {
    name: "polls-from-the-beginning",
    part: "device",
    story:
      "Every pull asks from 0 and skips what the device has: nothing is wrong but that a log of a thousand ops is sent again every time.",
    requirements: ["WF-DEV-9"],
    edits: [
      { file: pull, find: "const since = account.settings.cursor;", replace: "const since = 0;" },
      { file: pull, find: "limit: context.config.pageSize", replace: "limit: 1_000" },
    ],
  },
];
