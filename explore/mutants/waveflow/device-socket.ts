// Defects of a device's live socket: frames that are believed, held, lost, or applied for somebody else.
import type { Mutant } from "../mutant.ts";

const automatic = "reference-client/waveflow/automatic.ts";
const frames = "reference-client/waveflow/held-frames.ts";
const link = "reference-client/waveflow/server-link.ts";
const subscriber = "reference-client/waveflow/subscriber.ts";
const apply = "reference-client/waveflow/apply.ts";

export const deviceSocketMutants: readonly Mutant[] = [
  {
    name: "socket-frame-moves-cursor",
    part: "device",
    story: "A frame is applied whatever its prev_id says: frame 7 is lost, frame 9 moves the cursor to 9.",
    requirements: ["WF-DEV-10", "WF-WS-2"],
    edits: [
      {
        file: frames,
        find: "      if (prevId > cursor) return { ops, cursor, wantsPull: true };",
        replace: "",
      },
    ],
  },
  {
    name: "frame-gap-off-by-one",
    part: "device",
    story:
      "A frame whose prev_id is one above the cursor counts as the next: a single lost frame is not noticed.",
    requirements: ["WF-DEV-10", "WF-WS-2"],
    edits: [
      { file: frames, find: "if (prevId > cursor) return", replace: "if (prevId > cursor + 1) return" },
    ],
  },
  {
    name: "gap-checked-once",
    part: "device",
    story:
      "Of the frames that are held together only the first is checked against the cursor: a gap between two of them is skipped.",
    requirements: ["WF-DEV-10", "WF-WS-2"],
    edits: [
      {
        file: frames,
        find: "if (prevId > cursor) return",
        replace: "if (ops.length === 0 && prevId > cursor) return",
      },
    ],
  },
  {
    name: "hello-moves-cursor",
    part: "device",
    story:
      "The hello's head is taken for the cursor: what was pushed while the device was away is never asked for.",
    requirements: ["WF-DEV-10"],
    edits: [
      {
        file: subscriber,
        find: "        this.#held.greet(read.head);",
        replace: `        this.#reactions.watch(
          this.#context.store.step(line.session.account, (step) => {
            const { account } = line.session;
            account.set(step, { cursor: Math.max(account.settings.cursor, read.head) });
          }),
        );`,
      },
    ],
  },
  {
    name: "live-device-never-pulls",
    part: "device",
    story: "While the socket is open nothing is pulled: the last frame is lost, and nobody asks for the op.",
    requirements: ["WF-WS-2", "WF-DEV-10"],
    edits: [
      {
        file: automatic,
        find: "caughtUp ?? (await this.#attempt(() => work.pull()))",
        replace: "caughtUp ?? (work.isLive() ? undefined : await this.#attempt(() => work.pull()))",
      },
    ],
  },
  {
    name: "frames-overtake-the-pull",
    part: "device",
    story:
      "Frames are applied while a pull is under way, and the page then sets the cursor to its own end: it falls.",
    requirements: ["WF-DEV-9", "WF-DEV-10"],
    edits: [
      { file: subscriber, find: "    this.#holds++;", replace: "" },
      { file: subscriber, find: "    this.#holds--;", replace: "" },
      {
        file: apply,
        find: "const cursor = Math.max(before.cursor, delivery.cursor);",
        replace: "const cursor = delivery.cursor;",
      },
    ],
  },
  {
    name: "pull-covers-the-held-frames",
    part: "device",
    story:
      "Frames that came during a pull are thrown away, since the pull brings them, and the cursor goes to the newest of them: what committed after the page was read is skipped.",
    requirements: ["WF-DEV-10"],
    edits: [
      {
        file: frames,
        find: "      ops.push(op);\n      cursor = op.id;",
        replace:
          "      if (frames.length < 2 || op === frames.at(-1)!.op) ops.push(op);\n      cursor = op.id;",
      },
    ],
  },
  {
    name: "frames-cross-accounts",
    part: "device",
    story:
      "The socket stays open when the account changes, and its frames are applied to whoever is signed in: user 1's ops come to user 2.",
    requirements: ["WF-DEV-14", "WF-DEV-10"],
    edits: [
      {
        file: link,
        find: "    this.#subscriber.close();\n    this.#automatic.changed();",
        replace: "    this.#automatic.changed();",
      },
      {
        file: subscriber,
        find: "store.step(line.session.account, (step) => {",
        replace: "store.step(this.#context.store.account, (step) => {",
      },
      {
        file: subscriber,
        find: "        const { account } = line.session;",
        replace: "        const { account } = this.#context.store;",
      },
    ],
  },
];
