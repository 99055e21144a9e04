// Defects of a device's drain: stamps after a 409, passes that overlap, and rows that are refused for good.
import type { Mutant } from "../mutant.ts";

const conversation = "reference-client/waveflow/conversation.ts";
const drain = "reference-client/waveflow/drain.ts";
const link = "reference-client/waveflow/server-link.ts";
const push = "reference-client/waveflow/push.ts";
const queue = "reference-client/waveflow/edit-queue.ts";
const account = "reference-client/waveflow/account-state.ts";
const store = "reference-client/waveflow/device-store.ts";

export const deviceDrainMutants: readonly Mutant[] = [
  {
    name: "two-drains",
    part: "device",
    story: "The tick and an edit both drain: the same rows are under way twice.",
    requirements: ["WF-DEV-5"],
    edits: [
      {
        file: link,
        find: `return this.#passes.run("drain", async () => this.#heard(await drain(this.#context)));`,
        replace: "return drain(this.#context).then((outcome) => this.#heard(outcome));",
      },
    ],
  },
  {
    name: "no-restamp",
    part: "device",
    story:
      "A 409 for a stamp counts as a failure: the row keeps its stamp, is refused for ever, and nothing behind it moves.",
    requirements: ["WF-DEV-6"],
    edits: [
      {
        file: drain,
        find: "if (this.#restamps < this.#context.config.restampsMax &&",
        replace: "if (this.#restamps < 0 &&",
      },
    ],
  },
  {
    name: "restamp-one",
    part: "device",
    story: "Only the first row gets a new stamp: every row behind it costs a 409 of its own.",
    requirements: ["WF-DEV-6"],
    edits: [
      {
        file: queue,
        find: "      this.#write(step, { ...row, op });",
        replace: "      this.#write(step, { ...row, op });\n      break;",
      },
    ],
  },
  {
    name: "restamp-outside-transaction",
    part: "device",
    story:
      "The rows get their stamps in one step and the clock is raised in the next: a crash between them, and the next edit is stamped below the rows before it.",
    requirements: ["WF-DEV-1", "WF-DEV-6"],
    edits: [
      {
        file: drain,
        find: "      account.set(step, { lamport: clock + count });",
        replace: "",
      },
      {
        file: drain,
        find: "    return restamped ?? false;",
        replace: `    await this.#context.store.step(account, (step) => {
      const stamps = Array.from(account.queue.rows(), ({ op }) => op.lamport_ts);
      account.set(step, { lamport: Math.max(account.settings.lamport, ...stamps) });
    });
    return restamped ?? false;`,
      },
    ],
  },
  {
    name: "restamp-forgets-the-clock",
    part: "device",
    story: "The rows get new stamps and the clock stays where it was: the next edit is stamped below them.",
    requirements: ["WF-DEV-1", "WF-DEV-6"],
    edits: [{ file: drain, find: "account.set(step, { lamport: clock + count });", replace: "" }],
  },
  {
    name: "restamp-lowers-the-clock",
    part: "device",
    story:
      "The clock is set by the server's number, even where it stands higher: it had followed another device, and falls.",
    requirements: ["WF-DEV-1", "WF-DEV-6"],
    edits: [
      {
        file: drain,
        find: "const clock = Math.max(account.settings.lamport, storedMax);",
        replace: "const clock = storedMax;",
      },
    ],
  },
  {
    name: "restamp-from-stored-max",
    part: "device",
    story: "The first row gets the very stamp that is to be exceeded, and is refused again.",
    requirements: ["WF-DEV-6"],
    edits: [
      {
        file: queue,
        find: "lamport_ts: above + ops.length + 1",
        replace: "lamport_ts: above + ops.length",
      },
    ],
  },
  {
    name: "restamp-mints-ids",
    part: "device",
    story:
      "A restamped row is sent under a new operation id: what had landed under the old one is stored once more.",
    requirements: ["WF-DEV-6"],
    edits: [
      {
        file: queue,
        find: "const op = { ...row.op, lamport_ts:",
        replace: "const op = { ...row.op, operation_id: this.#ids.uuid(), lamport_ts:",
      },
    ],
  },
  {
    name: "restamp-newest-first",
    part: "device",
    story:
      "The newest row gets the lowest new stamp: in order of the rows the stamps fall, and the batch is refused.",
    requirements: ["WF-DEV-6"],
    edits: [
      {
        file: queue,
        find: "lamport_ts: above + ops.length + 1",
        replace: "lamport_ts: above + this.#rows.size - ops.length",
      },
    ],
  },
  {
    name: "restamp-the-batch-only",
    part: "device",
    story:
      "Only the batch that was refused gets new stamps: with more than one batch waiting, the rows behind it are refused in their turn.",
    requirements: ["WF-DEV-6"],
    edits: [
      {
        file: queue,
        find: "      ops.push(op);\n      this.#write(step, { ...row, op });",
        replace:
          "      ops.push(op);\n      this.#write(step, { ...row, op });\n      if (ops.length >= 2) break;",
      },
    ],
  },
  {
    name: "refused-row-blocks",
    part: "device",
    story: "A row that the server refuses for good is tried for ever, and nothing behind it gets through.",
    requirements: ["WF-DEV-5"],
    edits: [
      {
        file: drain,
        find: "await this.#refuse(rows, rows.length === 1 ? 0 : verdict.index, verdict.reason);\n        return undefined;",
        replace: "return this.#fail(rows, verdict.reason, reply);",
      },
    ],
  },
  {
    name: "refused-batch-is-buried",
    part: "device",
    story: "One row is refused for good, and all rows of its batch go to the dead letters with it.",
    requirements: ["WF-DEV-5"],
    edits: [
      {
        file: drain,
        find: "(step) => this.#bury(step, row, reason));",
        replace: "(step) => rows.forEach((one) => this.#bury(step, one, reason)));",
      },
    ],
  },
  {
    name: "refused-row-off-by-one",
    part: "device",
    story: "The index of a refusal is counted from one: the row before the refused one is given up.",
    requirements: ["WF-DEV-5"],
    edits: [
      {
        file: drain,
        find: "const row = index === undefined ? undefined : rows[index];",
        replace: "const row = index === undefined ? undefined : rows[Math.max(0, index - 1)];",
      },
    ],
  },
  {
    name: "refused-row-vanishes",
    part: "device",
    story:
      "A row that is refused for good leaves the queue and is kept nowhere: the user never learns of it.",
    requirements: ["WF-DEV-5"],
    edits: [
      {
        file: drain,
        find: "    this.#account.bury(step, { op: row.op, reason, at: this.#context.clock.now() });",
        replace: "",
      },
    ],
  },
  {
    name: "dead-letters-in-memory",
    part: "device",
    story: "Dead letters are shown until the app is started again, and are gone then.",
    requirements: ["WF-DEV-5"],
    edits: [
      {
        file: account,
        find: `    step.put("dead", this.prefix + letter.op.operation_id, letter);`,
        replace: "",
      },
    ],
  },
  {
    name: "burial-in-two-steps",
    part: "device",
    story:
      "A refused row leaves the queue in one step and becomes a dead letter in the next: a crash between them, and it is neither.",
    requirements: ["WF-DEV-2", "WF-DEV-5"],
    edits: [
      {
        file: store,
        find: "    if (step.writes.length > 0) await this.#disk.commit(step.writes);",
        replace: `    const letters = step.writes.filter((write) => write.table === "dead");
    const rest = step.writes.filter((write) => !letters.includes(write));
    if (rest.length > 0) await this.#disk.commit(rest);
    if (letters.length > 0) await this.#disk.commit(letters);`,
      },
    ],
  },
  {
    name: "server-trouble-is-a-refusal",
    part: "device",
    story: "A 503 counts as a refusal for good: a server that restarts sends the queue to the dead letters.",
    requirements: ["WF-DEV-5"],
    edits: [
      {
        file: push,
        find: `    default:
      return { kind: "nothing", reason };`,
        replace: `    default:
      return { kind: "refused", index: undefined, reason };`,
      },
    ],
  },
  {
    name: "refused-token-is-a-refusal",
    part: "device",
    story:
      "A 401 counts as a refusal for good: the token expires overnight, and the queue goes to the dead letters.",
    requirements: ["WF-DEV-5"],
    edits: [
      {
        file: push,
        find: `: { kind: "shut" };`,
        replace: `: { kind: "refused", index: undefined, reason };`,
      },
      {
        file: conversation,
        find: `      this.#context.gate.halt(this.session, "token refused");`,
        replace: "",
      },
    ],
  },
  {
    name: "regression-is-a-refusal",
    part: "device",
    story:
      "A 409 for a stamp counts as a refusal for good: the row is given up instead of being stamped anew.",
    requirements: ["WF-DEV-5", "WF-DEV-6"],
    edits: [
      {
        file: push,
        find: `return { kind: "regressed", storedMax: regression.data.stored_max };`,
        replace: `return { kind: "refused", index: refusedIndex(reply, ops), reason };`,
      },
    ],
  },
  {
    name: "too-large-is-tried-again",
    part: "device",
    story: "A 413 counts as a failure and the batch is not halved: the same bytes are refused for ever.",
    requirements: ["WF-DEV-5"],
    edits: [
      {
        file: drain,
        find: "await this.#refuse(rows, rows.length === 1 ? 0 : undefined, verdict.reason);\n        return undefined;",
        replace: "return this.#fail(rows, verdict.reason, reply);",
      },
    ],
  },
];
