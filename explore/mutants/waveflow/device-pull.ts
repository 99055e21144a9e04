// Defects of a device's cursor: what moves it, when it is durable, and what is acknowledged.
import type { Mutant } from "../mutant.ts";

const account = "reference-client/waveflow/account-state.ts";
const acknowledge = "reference-client/waveflow/acknowledge.ts";
const apply = "reference-client/waveflow/apply.ts";
const drain = "reference-client/waveflow/drain.ts";
const pages = "reference-client/waveflow/pages.ts";
const pull = "reference-client/waveflow/pull.ts";
const store = "reference-client/waveflow/device-store.ts";

export const devicePullMutants: readonly Mutant[] = [
  {
    name: "push-moves-cursor",
    part: "device",
    story: "The reply to a push moves the cursor: A gets the ids 20 and 21 and never asks for 15 to 19.",
    requirements: ["WF-DEV-9"],
    edits: [
      {
        file: drain,
        find: "      const unnamed = rows",
        replace:
          "      account.set(step, { cursor: Math.max(account.settings.cursor, ...ids.values()) });\n      const unnamed = rows",
      },
    ],
  },
  {
    name: "cursor-before-apply",
    part: "device",
    story:
      "The cursor is durable before the ops: a crash between the two, and they are never asked for again.",
    requirements: ["WF-DEV-9"],
    edits: [
      {
        file: store,
        find: "    if (step.writes.length > 0) await this.#disk.commit(step.writes);",
        replace: `    const cursor = step.writes.filter(({ key }) => key.endsWith("/cursor"));
    const rest = step.writes.filter((write) => !cursor.includes(write));
    if (cursor.length > 0) await this.#disk.commit(cursor);
    if (rest.length > 0) await this.#disk.commit(rest);`,
      },
    ],
  },
  {
    name: "ack-before-apply",
    part: "device",
    story:
      "A page is acknowledged before it is applied: a crash, and compaction believes that the device has it.",
    requirements: ["WF-DEV-9", "WF-ACK-1"],
    edits: [
      {
        file: pull,
        find: "        applied += await applyPage(context, conversation.session, page);",
        replace: `        const body = { last_seen_id: page.cursor };
        await conversation.ask({ method: "POST", path: "/sync/ack", body });
        applied += await applyPage(context, conversation.session, page);`,
      },
    ],
  },
  {
    name: "ack-names-the-next",
    part: "device",
    story:
      "The ACK names the id that the device expects next: compaction may take an op that it does not have.",
    requirements: ["WF-DEV-9", "WF-ACK-1"],
    edits: [
      {
        file: acknowledge,
        find: "const body = { last_seen_id: cursor };",
        replace: "const body = { last_seen_id: cursor + 1 };",
      },
    ],
  },
  {
    name: "ack-on-receipt-of-a-frame",
    part: "device",
    story:
      "A frame is acknowledged when it comes: it is held for a pull, the device crashes, and the op counts as seen.",
    requirements: ["WF-DEV-9", "WF-ACK-1"],
    edits: [
      {
        file: "reference-client/waveflow/subscriber.ts",
        find: "        this.#held.add(read);",
        replace: "        this.#held.add(read);\n        line.socket?.send({ ack: read.op.id });",
      },
    ],
  },
  {
    name: "page-moves-cursor-to-head",
    part: "device",
    story:
      "Every page moves the cursor to head, the middle ones too: the pages behind it are never asked for.",
    requirements: ["WF-DEV-9"],
    edits: [{ file: pages, find: "cursor: hasMore ? last : head", replace: "cursor: head" }],
  },
  {
    name: "pull-ends-at-a-full-page",
    part: "device",
    story:
      "The first page is taken for all there is, and the rest for nothing new: the cursor never gets to head.",
    requirements: ["WF-DEV-9", "WF-DEV-10"],
    edits: [
      {
        file: pull,
        find: `if (!page.hasMore) return end(conversation.ending("complete"));`,
        replace: `return end(conversation.ending("complete"));`,
      },
    ],
  },
  {
    name: "memory-ahead-of-disk",
    part: "device",
    story:
      "Memory learns the cursor before the disk has it: the disk refuses the step, and the device goes on from a cursor whose ops it does not have.",
    requirements: ["WF-DEV-9"],
    edits: [
      {
        file: account,
        find: "    step.afterwards(() => {\n      this.#settings = { ...this.#settings, ...changes };\n    });",
        replace: "    this.#settings = { ...this.#settings, ...changes };",
      },
    ],
  },
  {
    name: "disk-error-swallowed",
    part: "device",
    story: "A disk that refuses a step is taken for one that has it: after a restart the edit is gone.",
    requirements: ["WF-DEV-2", "WF-DEV-9"],
    edits: [
      {
        file: store,
        find: "if (step.writes.length > 0) await this.#disk.commit(step.writes);",
        replace: "if (step.writes.length > 0) await this.#disk.commit(step.writes).catch(() => {});",
      },
    ],
  },
  {
    name: "entities-written-later",
    part: "device",
    story:
      "Entities are written to the disk every third time only, to spare it: after a crash the cursor stands above what the disk holds.",
    requirements: ["WF-DEV-9"],
    edits: [
      {
        file: account,
        find: `    step.put("entities", this.prefix + key, entityToRow(entity));
    step.afterwards(() => this.#entities.set(key, entity));`,
        replace: `    if (this.#entities.get(key) === undefined || this.#settings.cursor % 3 === 0) step.put("entities", this.prefix + key, entityToRow(entity));
    step.afterwards(() => this.#entities.set(key, entity));`,
      },
    ],
  },
  {
    name: "page-skips-what-is-known",
    part: "device",
    story: "An op at the cursor plus one is taken for known: the comparison is off by one.",
    requirements: ["WF-DEV-9"],
    edits: [
      {
        file: apply,
        find: "if (received.id <= before.cursor) continue;",
        replace: "if (received.id <= before.cursor + 1 && before.cursor > 0) continue;",
      },
    ],
  },
];
