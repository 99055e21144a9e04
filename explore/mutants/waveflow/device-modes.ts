// Defects of modes, accounts and bindings: what leaves the device, for whom, and what stays when somebody signs out.
import type { Mutant } from "../mutant.ts";

const account = "reference-client/waveflow/account-state.ts";
const binding = "reference-client/waveflow/binding.ts";
const change = "reference-client/waveflow/mode-change.ts";
const conversation = "reference-client/waveflow/conversation.ts";
const device = "reference-client/waveflow/device.ts";
const direct = "reference-client/waveflow/direct-write.ts";
const drain = "reference-client/waveflow/drain.ts";
const edits = "reference-client/waveflow/edits.ts";
const modes = "reference-client/waveflow/modes.ts";
const queue = "reference-client/waveflow/edit-queue.ts";
const store = "reference-client/waveflow/device-store.ts";

export const deviceModesMutants: readonly Mutant[] = [
  {
    name: "account-switch-keeps-queue",
    part: "device",
    story: "Another account takes over queue, cursor and clock: user 1's edits go to user 2.",
    requirements: ["WF-DEV-14"],
    edits: [
      {
        file: store,
        find: `const stays = known === "" || known === accountKey;`,
        replace: "const stays = known !== accountKey || known === accountKey;",
      },
    ],
  },
  {
    name: "account-switch-keeps-cursor",
    part: "device",
    story:
      "Another account begins with the cursor of the one before: what its log holds below that is never asked for.",
    requirements: ["WF-DEV-14"],
    edits: [
      {
        file: store,
        find: "        next.set(step, { server, token, profile, user, accountKey });",
        replace:
          "        const { cursor } = present.settings;\n        next.set(step, { server, token, profile, user, accountKey, cursor });",
      },
    ],
  },
  {
    name: "account-switch-keeps-state",
    part: "device",
    story: "Another account begins with the entities of the one before: user 2 sees what user 1 has.",
    requirements: ["WF-DEV-14"],
    edits: [
      {
        file: store,
        find: "        next.set(step, { server, token, profile, user, accountKey });",
        replace:
          "        for (const [key, entity] of present.entities) if (!next.entities.has(key)) next.putEntity(step, key, entity);\n        next.set(step, { server, token, profile, user, accountKey });",
      },
    ],
  },
  {
    name: "account-comes-back-empty",
    part: "device",
    story:
      "An account that was here before begins anew: what it had not pushed is neither in its queue nor in the log.",
    requirements: ["WF-DEV-14", "WF-DEV-3"],
    edits: [
      {
        file: account,
        find: `if (match[2] === "accountKey" && value === accountKey) return slot;`,
        replace: "",
      },
    ],
  },
  {
    name: "account-key-without-server",
    part: "device",
    story: "Accounts are told apart by the user alone: the edits for one server go to another.",
    requirements: ["WF-DEV-14"],
    edits: [
      {
        file: binding,
        find: "accountKey: JSON.stringify([profile, server, user])",
        replace: "accountKey: JSON.stringify([profile, user])",
      },
    ],
  },
  {
    name: "sign-out-clears-queue",
    part: "device",
    story: "Signing out empties the queue: the edits of a flight are gone.",
    requirements: ["WF-DEV-15"],
    edits: [
      {
        file: device,
        find: "(step) => account.set(step, { token }));",
        replace: `(step) => {
      if (token === "") account.queue.clear(step);
      account.set(step, { token });
    });`,
      },
    ],
  },
  {
    name: "sign-out-clears-cursor",
    part: "device",
    story:
      "Signing out sets the cursor to 0 and keeps the state: what was deleted and compacted meanwhile stays for ever.",
    requirements: ["WF-DEV-15", "WF-DEV-9"],
    edits: [
      {
        file: device,
        find: "(step) => account.set(step, { token }));",
        replace: `(step) => account.set(step, token === "" ? { token, cursor: 0 } : { token }));`,
      },
    ],
  },
  {
    name: "mode-checked-once",
    part: "device",
    story:
      "The mode is asked for at the beginning of a drain only: switched to local, five thousand rows go on leaving the device.",
    requirements: ["WF-DEV-5", "WF-DEV-13", "WF-DEV-14"],
    edits: [
      {
        file: drain,
        find: `    for (;;) {\n      if (!conversation.isOpen()) return conversation.ending("interrupted");`,
        replace: `    for (;;) {\n      if (this.#account !== this.#context.store.current) return conversation.ending("interrupted");`,
      },
    ],
  },
  {
    name: "mode-not-durable",
    part: "device",
    story: "The mode lives in memory: set to local, restarted, and the edits of the night are shared.",
    requirements: ["WF-DEV-13"],
    edits: [
      {
        file: store,
        find: `    step.put("meta", "mode", mode);`,
        replace: `    if (this.#mode === mode) step.put("meta", "mode", mode);`,
      },
    ],
  },
  {
    name: "unknown-mode-is-hybrid",
    part: "device",
    story: "An unknown mode counts as hybrid: a typo gives everything away.",
    requirements: ["WF-DEV-13"],
    edits: [
      {
        file: modes,
        find: `(text === "hybrid" || text === "server" ? text : "local")`,
        replace: `(text === "local" || text === "server" ? text : "hybrid")`,
      },
    ],
  },
  {
    name: "local-mode-still-pulls",
    part: "device",
    story:
      "Mode local keeps edits back and goes on pulling and acknowledging: the server learns who is there.",
    requirements: ["WF-DEV-13"],
    edits: [
      {
        file: modes,
        find: `    case "local":\n      return false;`,
        replace: `    case "local":\n      return purpose === "follow";`,
      },
    ],
  },
  {
    name: "shares-before-catching-up",
    part: "device",
    story: "Entering hybrid shares first and catches up then.",
    requirements: ["WF-DEV-13"],
    edits: [
      {
        file: drain,
        find: '    const pulled = await pullWith(this.#context, this.#conversation);\n    if (pulled.outcome !== "complete") return pulled;',
        replace: "",
      },
    ],
  },
  {
    name: "server-mode-keeps-a-queue",
    part: "device",
    story:
      "Entering mode server does not wait for the queue to be empty: what was in it never leaves the device.",
    requirements: ["WF-DEV-13"],
    edits: [{ file: change, find: "      if (account.queue.countPending() > 0) return false;", replace: "" }],
  },
  {
    name: "leaving-server-without-resync",
    part: "device",
    story: "Leaving mode server goes on from the cursor of the day it was entered.",
    requirements: ["WF-DEV-13"],
    edits: [{ file: change, find: `    if (store.mode === "server") owed.resyncDue = true;`, replace: "" }],
  },
  {
    name: "server-mode-queues-quietly",
    part: "device",
    story: "In mode server an edit is put into the queue as ever: it looks stored, and nothing sends it.",
    requirements: ["WF-DEV-13"],
    edits: [
      { file: edits, find: `    if (store.mode === "server") return "mode server";`, replace: "" },
      {
        file: device,
        find: `const queued = this.mode === "server" ? undefined : await queueEdit(this.#context, content);`,
        replace: "const queued = await queueEdit(this.#context, content);",
      },
    ],
  },
  {
    name: "direct-write-believes-any-answer",
    part: "device",
    story:
      "In mode server an edit counts as stored when an answer came: the server refused it, and the user is told nothing.",
    requirements: ["WF-DEV-13"],
    edits: [
      {
        file: direct,
        find: `    if (verdict.kind !== "regressed") {`,
        replace: `    if (reply !== undefined && verdict.kind !== "regressed") {
      context.events.edited?.(op);
      return op;
    }
    if (verdict.kind !== "regressed") {`,
      },
    ],
  },
  {
    name: "refused-token-is-tried-again",
    part: "device",
    story: "A 401 is a failure like any other: the device knocks with a token that was refused, for ever.",
    requirements: ["WF-DEV-5"],
    edits: [
      {
        file: conversation,
        find: `      this.#context.gate.halt(this.session, "token refused");`,
        replace: "",
      },
    ],
  },
  {
    name: "local-edits-stay-unshared",
    part: "device",
    story: "What was edited in mode local is not shared after the change to hybrid.",
    requirements: ["WF-DEV-13"],
    edits: [
      {
        file: queue,
        find: "      rows.push(row);",
        replace: "      if (row.unshared) continue;\n      rows.push(row);",
      },
      {
        file: queue,
        find: "if (row.unshared) this.#write(step, { ...row, unshared: false });",
        replace: "if (row.attempts > 0) this.#write(step, { ...row, unshared: false });",
      },
    ],
  },
];
