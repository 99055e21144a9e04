// Defects of the live socket: frames that do not come, come wrongly, or say too little.
import type { Mutant } from "../mutant.ts";

const feed = "reference-server/waveflow/user-feed.ts";
const hub = "reference-server/waveflow/socket-hub.ts";
const live = "reference-server/waveflow/live-socket.ts";
const push = "reference-server/waveflow/push.ts";
const server = "reference-server/waveflow/server.ts";

export const socketMutants: readonly Mutant[] = [
  {
    name: "socket-no-gap-signal",
    part: "server",
    story:
      "prev_id is always 0: frame 7 is lost, frame 9 arrives, and the device moves its cursor to 9 and acknowledges it.",
    requirements: ["WF-WS-2"],
    edits: [{ file: feed, find: "prev_id: stored.prevId", replace: "prev_id: 0" }],
  },
  {
    name: "socket-drops-between-hello-and-first-frame",
    part: "server",
    story:
      "The socket is fed from what is head when it is registered, after its hello: op 7 commits between the two and is never sent.",
    requirements: ["WF-PUSH-11", "WF-WS-2"],
    edits: [
      { file: hub, find: "    feed.join(socket);\n", replace: "" },
      {
        file: hub,
        find: "      socket.open(accept(), at);\n",
        replace: `      socket.open(accept(), at);
      socket.sentUpTo = await database.transaction({ isolation: "read committed", purpose: "frames", device }, (other) =>
        other.highestId(user),
      );
      feed.join(socket);
      if (!this.#feeds.has(user)) this.#feeds.set(user, feed);
`,
      },
    ],
  },
  {
    name: "frames-newest-first",
    part: "server",
    story: "The pump reads the log from its end: the newest op goes out, and the older ones count as sent.",
    requirements: ["WF-WS-1", "WF-PUSH-11"],
    edits: [
      {
        file: feed,
        find: "for (const stored of round.ops) {",
        replace: "for (const stored of round.ops.toReversed()) {",
      },
    ],
  },
  {
    name: "frames-out-of-order",
    part: "server",
    story: "The pump sends from the newest to the oldest and nobody keeps the order: 9 comes before 8.",
    requirements: ["WF-WS-1", "WF-PUSH-11"],
    edits: [
      {
        file: feed,
        find: "for (const stored of round.ops) {",
        replace: "for (const stored of round.ops.toReversed()) {",
      },
      {
        file: live,
        find: '    if (this.#state !== "open" || stored.id <= this.sentUpTo) return;\n    this.sentUpTo = stored.id;\n',
        replace:
          '    if (this.#state !== "open" || stored.id <= (this.sentBefore ?? this.sentUpTo)) return;\n    this.sentBefore ??= this.sentUpTo;\n    this.sentUpTo = Math.max(this.sentUpTo, stored.id);\n    queueMicrotask(() => { this.sentBefore = undefined; });\n',
      },
    ],
  },
  {
    name: "hello-after-the-frames",
    part: "server",
    story:
      "The hello waits for a timer: an op frame overtakes it, and the device does not know up to where to pull.",
    requirements: ["WF-WS-1"],
    edits: [
      {
        file: live,
        find: '    this.#send({ type: "hello", head: at.head });\n',
        replace: '    this.#options.clock.after(100, () => this.#send({ type: "hello", head: at.head }));\n',
      },
    ],
  },
  {
    name: "nothing-announced",
    part: "server",
    story: "A push announces nothing: open sockets stay silent until they are opened anew.",
    requirements: ["WF-PUSH-11", "WF-WS-4"],
    edits: [
      { file: push, find: '      await transaction.announce({ kind: "ops", user, head });\n', replace: "" },
    ],
  },
  {
    name: "announcement-needs-the-answer",
    part: "server",
    story:
      "The announcement is made after the commit was answered: the answer is lost, the op is there, and no socket hears of it.",
    requirements: ["WF-PUSH-10", "WF-PUSH-11"],
    hiddenFromSearch: "it takes a fault of the database, and with such a fault the laws excuse the server",
    edits: [
      { file: push, find: "export function push(", replace: "export async function push(" },
      { file: push, find: '      await transaction.announce({ kind: "ops", user, head });\n', replace: "" },
      {
        file: push,
        find: "  return ports.database.transaction(",
        replace: "  const reply = await ports.database.transaction(",
      },
      {
        file: push,
        find: "      return json(200, pushReply(planned, stored, head));\n    },\n  );",
        replace: `      return json(200, pushReply(planned, stored, head));
    },
  );
  if (reply.status === 200) {
    await ports.database.transaction({ isolation: "read committed", purpose: "frames", device }, (transaction) =>
      transaction.announce({ kind: "ops", user, head: reply.body.head }),
    );
  }
  return reply;`,
      },
    ],
  },
  {
    name: "other-processes-deaf",
    part: "server",
    // Told apart by when they were made and by their number: two of a simulated run share a moment, two real ones a number.
    // The mark goes with the user, because a notification carries nothing that it does not know.
    story:
      "A process hears its own announcements only: a push at one does not reach the sockets at the other.",
    requirements: ["WF-WS-4"],
    edits: [
      {
        file: server,
        find: "const ignoreFault = (): void => {};",
        replace: "const ignoreFault = (): void => {};\nlet processes = 0;",
      },
      {
        file: server,
        find: "    this.#endpoints = { database, clock, buffer, pullLimitDefault };\n",
        replace:
          "    this.tag = `${clock.now()}_${++processes}`;\n    this.#endpoints = { database, clock, buffer, pullLimitDefault, tag: this.tag };\n",
      },
      {
        file: server,
        find: "onAnnouncement: (announcement) => this.#hub.onAnnouncement(announcement),",
        replace:
          "onAnnouncement: (announcement) => {\n        const [tag, user] = announcement.user.split('|');\n        if (user === undefined || tag === this.tag) this.#hub.onAnnouncement({ ...announcement, user: user ?? tag });\n      },",
      },
      {
        file: push,
        find: '{ kind: "ops", user, head }',
        replace: '{ kind: "ops", user: `${ports.tag}|${user}`, head }',
      },
    ],
  },
  {
    name: "outrun-socket-not-told",
    part: "server",
    story:
      "The watermark passes what the device of an open socket has acknowledged, and nobody tells it: it goes on with frames over a log with holes.",
    requirements: ["WF-WS-3"],
    hiddenFromSearch:
      "the device has to be silent on an open socket, which only a fault of the network makes it, and with such a fault the laws excuse the server",
    edits: [
      {
        file: feed,
        find: "if (acknowledged < compactedUpTo) socket.requireResync(compactedUpTo);",
        replace: "if (acknowledged < 0) socket.requireResync(compactedUpTo);",
      },
    ],
  },
  {
    name: "every-socket-told-to-resync",
    part: "server",
    story:
      "Whenever the watermark rises every open socket is told to resync, also of devices that have acknowledged more.",
    requirements: ["WF-WS-3"],
    edits: [
      {
        file: feed,
        find: "if (acknowledged < compactedUpTo) socket.requireResync(compactedUpTo);",
        replace: "if (acknowledged >= 0) socket.requireResync(compactedUpTo);",
      },
    ],
  },
];
