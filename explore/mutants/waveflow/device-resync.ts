// Defects of a device's way back: what a 410 makes it do, what the walk carries, and what the swap takes with it.
import type { Mutant } from "../mutant.ts";

const account = "reference-client/waveflow/account-state.ts";
const pages = "reference-client/waveflow/pages.ts";
const pull = "reference-client/waveflow/pull.ts";
const walk = "reference-client/waveflow/walk.ts";

export const deviceResyncMutants: readonly Mutant[] = [
  {
    name: "wipe-takes-queue",
    part: "device",
    story: "A 410 clears what was not pushed yet, together with the state.",
    requirements: ["WF-DEV-11"],
    edits: [
      {
        file: walk,
        find: "      account.set(step, { cursor, lamport,",
        replace: "      account.queue.clear(step);\n      account.set(step, { cursor, lamport,",
      },
    ],
  },
  {
    name: "resync-not-atomic",
    part: "device",
    story:
      "The state is wiped and the cursor set, and the new state is written in a second step: a crash between them leaves an empty device that believes it is up to date.",
    requirements: ["WF-DEV-11"],
    edits: [
      {
        file: walk,
        find: "    const swapped = await store.step(account, (step) => {",
        replace: `    await store.step(account, (step) => {
      account.replaceState(step, { entities: new Map(), parked: [] });
      account.set(step, { cursor, resyncDue: false });
    });
    const swapped = await store.step(account, (step) => {`,
      },
    ],
  },
  {
    name: "resync-without-sweep",
    part: "device",
    story: "The walk is laid over the old state: rows whose delete was compacted away stay for ever.",
    requirements: ["WF-DEV-11"],
    edits: [
      {
        file: account,
        find: '      if (!next.entities.has(key)) step.remove("entities", this.prefix + key);',
        replace: "",
      },
      {
        file: account,
        find: "      this.#entities = next.entities;",
        replace: "      this.#entities = new Map([...this.#entities, ...next.entities]);",
      },
    ],
  },
  {
    name: "resync-sweeps-memory-only",
    part: "device",
    story: "The sweep forgets the disk: rows whose delete was compacted away are back after the next start.",
    requirements: ["WF-DEV-11"],
    edits: [
      {
        file: account,
        find: '      if (!next.entities.has(key)) step.remove("entities", this.prefix + key);',
        replace: "",
      },
    ],
  },
  {
    name: "resync-merges-fields",
    part: "device",
    story:
      "The sweep goes by entities: one that is still there keeps fields whose delete was compacted away.",
    requirements: ["WF-DEV-11", "WF-STATE-2"],
    edits: [
      {
        file: walk,
        find: "      account.replaceState(step, { entities: this.#entities, parked: this.#parked });",
        replace: `      for (const [key, { deletedAt, registers }] of this.#entities) {
        const before = account.entities.get(key)?.registers ?? [];
        this.#entities.set(key, { deletedAt, registers: new Map([...before, ...registers]) });
      }
      account.replaceState(step, { entities: this.#entities, parked: this.#parked });`,
      },
    ],
  },
  {
    name: "resync-is-ignored",
    part: "device",
    story: "A 410 counts as a failure like any other: the device asks from the same cursor for ever.",
    requirements: ["WF-DEV-11"],
    edits: [
      {
        file: pages,
        find: "reply?.status === 410 &&",
        replace: "reply?.status === 418 &&",
      },
    ],
  },
  {
    name: "cursor-ahead-is-ignored",
    part: "device",
    story:
      "Only a compacted log makes the device read anew: the server is put back to a backup, and a device whose cursor is ahead of it asks for ever.",
    requirements: ["WF-DEV-11"],
    edits: [
      {
        file: pages,
        find: "reply?.status === 410 &&",
        replace: `reply?.status === 410 && (reply.json as { reason?: unknown } | null)?.reason === undefined &&`,
      },
      {
        file: "reference-client/waveflow/acknowledge.ts",
        find: "  if (isBeyond) await oweResync(context, session);\n",
        replace: "",
      },
    ],
  },
  {
    name: "watermark-becomes-cursor",
    part: "device",
    story:
      "A 410 moves the cursor up to the watermark, and the pull goes on from there: what lay between is skipped.",
    requirements: ["WF-DEV-11", "WF-DEV-9"],
    edits: [
      {
        file: pull,
        find: "} else if (asksForResync(reply)) await oweResync(context, conversation.session);",
        replace: `} else if (asksForResync(reply)) {
      const { compacted_up_to: cursor } = reply!.json as { compacted_up_to: number };
      await context.store.step(account, (step) => account.set(step, { cursor }));
    }`,
      },
    ],
  },
  {
    name: "walk-without-token",
    part: "device",
    story: "The pages of a walk do not carry its token: page 2 is below the watermark and a 410, for ever.",
    requirements: ["WF-PULL-5", "WF-DEV-11"],
    edits: [{ file: walk, find: "      resync = page.resync ?? resync;", replace: "" }],
  },
  {
    name: "walk-ends-at-page-one",
    part: "device",
    story: "The first page of a walk is swapped in as the whole state, with the cursor at head.",
    requirements: ["WF-DEV-11"],
    edits: [
      { file: walk, find: "      if (!page.hasMore) {", replace: "      if (pages >= 0) {" },
      { file: walk, find: "this.#swap(page.cursor)", replace: "this.#swap(page.head)" },
    ],
  },
  {
    name: "walk-cursor-of-its-first-page",
    part: "device",
    story:
      "A walk leaves out what was pushed after its first page, and takes the head of its last page as the cursor: those ops are never asked for.",
    requirements: ["WF-DEV-11", "WF-PULL-6"],
    edits: [
      { file: walk, find: "  #lamport = 0;", replace: "  #lamport = 0;\n  #head = 0;" },
      {
        file: walk,
        find: "    for (const received of page.ops) {",
        replace:
          "    this.#head ||= page.head;\n    for (const received of page.ops) {\n      if (received.id > this.#head) continue;",
      },
    ],
  },
  {
    name: "page-from-before-the-resync",
    part: "device",
    story:
      "Ops of the walk at or below the old cursor are left out, since the device has had them once: the new state has none of them.",
    requirements: ["WF-DEV-11"],
    edits: [
      {
        file: walk,
        find: "      applyToState(this.#entities, received.usable);",
        replace:
          "      if (received.id <= this.#conversation.session.account.settings.cursor) continue;\n      applyToState(this.#entities, received.usable);",
      },
    ],
  },
  {
    name: "resync-swap-keeps-the-old-cursor",
    part: "device",
    story:
      "The new state is durable before the new cursor: a crash between them, and the state is ahead of the cursor that says what it holds.",
    requirements: ["WF-DEV-11"],
    edits: [
      {
        file: walk,
        find: "      account.set(step, { cursor, lamport, acknowledged: 0, resyncDue: false });",
        replace: "      account.set(step, { lamport, acknowledged: 0, resyncDue: false });",
      },
    ],
  },
];
