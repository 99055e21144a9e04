// Defects of a device's queue: what makes a row durable, what keeps it in its place, and when it may leave.
import type { Mutant } from "../mutant.ts";

const accepted = "reference-client/waveflow/accepted-edits.ts";
const drain = "reference-client/waveflow/drain.ts";
const edits = "reference-client/waveflow/edits.ts";
const push = "reference-client/waveflow/push.ts";
const queue = "reference-client/waveflow/edit-queue.ts";
const store = "reference-client/waveflow/device-store.ts";

export const deviceQueueMutants: readonly Mutant[] = [
  {
    name: "drop-on-any-200",
    part: "device",
    story:
      "A 200 is believed whatever stands in it: a captive portal answers a push with a page, and the batch is deleted.",
    requirements: ["WF-DEV-4"],
    edits: [
      {
        file: push,
        find: `if (!parsed.success) return { kind: "nothing", reason: "a 200 that is no reply to a push" };`,
        replace: `if (!parsed.success) return { kind: "accepted", ids: new Map(ops.map((op) => [uuidKey(op.operation_id), 0])) };`,
      },
    ],
  },
  {
    name: "drop-unlisted",
    part: "device",
    story:
      "A well-formed reply drops the whole batch: it lists four of five operations, and the fifth is gone.",
    requirements: ["WF-DEV-4"],
    edits: [
      {
        file: drain,
        find: "account.queue.dropAcked(step, ids.keys())",
        replace: "account.queue.dropAcked(step, rows.map(({ op }) => op.operation_id))",
      },
      {
        file: push,
        find: "if (ids.size === 0) return",
        replace: "if (ids.size === 0 && parsed.data.results.length > 0) return",
      },
    ],
  },
  {
    name: "queue-cleared-on-success",
    part: "device",
    story:
      "A push that succeeds empties the queue: an edit made while the reply was on its way is gone with it.",
    requirements: ["WF-DEV-4"],
    edits: [
      {
        file: drain,
        find: "const dropped = account.queue.dropAcked(step, ids.keys());",
        replace:
          "const dropped = account.queue.dropAcked(step, Array.from(account.queue.rows(), ({ op }) => op.operation_id));",
      },
    ],
  },
  {
    name: "new-operation-id-on-retry",
    part: "device",
    story:
      "A row that failed gets a new operation id: the reply to the first push was lost, and the edit is stored twice.",
    requirements: ["WF-DEV-3", "WF-DEV-4"],
    edits: [
      {
        file: queue,
        find: "this.#write(step, { ...row, attempts:",
        replace: "this.#write(step, { ...row, op: { ...row.op, operation_id: this.#ids.uuid() }, attempts:",
      },
    ],
  },
  {
    name: "id-reuse-after-drain",
    part: "device",
    story:
      "Row numbers begin anew when the queue is empty, and the drain steps over rows at or below the highest that it has sent: edits made after a drain stay for ever.",
    requirements: ["WF-DEV-3"],
    edits: [
      {
        file: queue,
        find: "const number = this.#nextNumber++;",
        replace: "const number = Math.max(-1, ...this.#rows.keys()) + 1;\n    this.#nextNumber = number + 1;",
      },
      {
        file: queue,
        find: "  #unshared = 0;",
        replace: "  #unshared = 0;\n  #sentUpTo = -1;",
      },
      {
        file: queue,
        find: "      dropped.push(row);",
        replace:
          "      dropped.push(row);\n      step.afterwards(() => (this.#sentUpTo = Math.max(this.#sentUpTo, row.number)));",
      },
      {
        file: queue,
        find: "      rows.push(row);",
        replace: "      if (row.number <= this.#sentUpTo) continue;\n      rows.push(row);",
      },
    ],
  },
  {
    name: "row-keys-unpadded",
    part: "device",
    story:
      "Rows lie on the disk under their bare numbers: eleven edits, a restart, and the row 10 stands before the row 2.",
    requirements: ["WF-DEV-3"],
    edits: [{ file: queue, find: 'String(number).padStart(16, "0")', replace: "String(number)" }],
  },
  {
    name: "row-kept-on-disk",
    part: "device",
    story:
      "A row that the server has taken leaves memory and stays on the disk: after a restart it is pending again and hides whatever has overwritten it.",
    requirements: ["WF-DEV-3", "WF-DEV-7"],
    edits: [
      {
        file: queue,
        find: `      step.remove("queue", rowKey(this.#prefix, row.number));`,
        replace: "",
      },
    ],
  },
  {
    name: "queue-in-memory",
    part: "device",
    story:
      "Rows are written to the disk at their first failure only: an edit, a crash, and the edit is gone.",
    requirements: ["WF-DEV-2", "WF-DEV-3"],
    edits: [
      {
        file: queue,
        find: `    step.put("queue", rowKey(this.#prefix, row.number), row);`,
        replace: `    if (row.attempts > 0) step.put("queue", rowKey(this.#prefix, row.number), row);`,
      },
    ],
  },
  {
    name: "bounded-queue",
    part: "device",
    story:
      "The queue holds sixteen rows and drops the oldest for the next: a long flight loses its first edits.",
    requirements: ["WF-DEV-3", "WF-DEV-4"],
    edits: [
      {
        file: queue,
        find: "    const number = this.takeNumber(step);",
        replace:
          "    if (this.#rows.size >= 16) this.dropAcked(step, [...this.#numbers.keys()].slice(0, 1));\n    const number = this.takeNumber(step);",
      },
    ],
  },
  {
    name: "gives-up-after-five-tries",
    part: "device",
    story:
      "A row that has failed five times is thrown away: a server that is down for a minute costs every edit made in it.",
    requirements: ["WF-DEV-4", "WF-DEV-5"],
    edits: [
      {
        file: queue,
        find: "      if (row === undefined) continue;\n      this.#write",
        replace:
          "      if (row === undefined) continue;\n      if (row.attempts >= 4) {\n        this.dropAcked(step, [row.op.operation_id]);\n        continue;\n      }\n      this.#write",
      },
    ],
  },
  {
    name: "coalesced-edits",
    part: "device",
    story:
      "A new edit of a field takes the older one out of the queue, to save traffic: an edit that nobody ever saw is gone, though it may be the one in flight.",
    requirements: ["WF-DEV-3", "WF-DEV-4"],
    edits: [
      {
        file: queue,
        find: "    const number = this.takeNumber(step);",
        replace: `    const isSame = (old: OpContent): boolean =>
      old.entity_type === op.entity_type && old.entity_id === op.entity_id && old.field === op.field;
    for (const row of this.#rows.values()) if (isSame(row.op)) this.dropAcked(step, [row.op.operation_id]);
    const number = this.takeNumber(step);`,
      },
    ],
  },
  {
    name: "coalesced-under-old-id",
    part: "device",
    story:
      "A new edit of a field takes over the row of the older one, operation id included: the older had landed, its reply was lost, and the new value is refused as a conflict.",
    requirements: ["WF-DEV-3"],
    edits: [
      {
        file: queue,
        find: "    const number = this.takeNumber(step);",
        replace: `    for (const row of this.#rows.values()) {
      if (row.op.entity_id !== op.entity_id || row.op.field !== op.field || op.op === "delete") continue;
      const renewed = { ...row.op, value: op.value };
      this.#write(step, { ...row, op: renewed });
      return renewed;
    }
    const number = this.takeNumber(step);`,
      },
    ],
  },
  {
    name: "put-back-at-the-end",
    part: "device",
    story:
      "Edits that a restored server has lost are put behind the ones made since: the older value is pushed last and wins.",
    requirements: ["WF-DEV-3"],
    edits: [
      {
        file: queue,
        find: "this.#rows = new Map([...this.#rows].sort(([left], [right]) => left - right));",
        replace: "this.#rows = new Map(this.#rows);",
      },
    ],
  },
  {
    name: "accepted-edit-at-the-cursor-counts-as-lost",
    part: "device",
    story:
      "An accepted edit is let go of below the cursor, not at it: the newest own edit is taken for lost at every full pull and pushed again.",
    requirements: ["WF-DEV-4", "WF-DEV-7"],
    edits: [
      {
        file: accepted,
        find: "this.#edits[kept]!.id <= reached.cursor",
        replace: "this.#edits[kept]!.id < reached.cursor",
      },
    ],
  },
  {
    name: "edit-and-queue-apart",
    part: "device",
    story:
      "The edit is made and shown, and its queue row is a second durable step: a crash between the two, and nobody ever pushes it.",
    requirements: ["WF-DEV-2"],
    edits: [
      {
        file: store,
        find: "    if (step.writes.length > 0) await this.#disk.commit(step.writes);\n    step.committed();",
        replace: `    const rows = step.writes.filter((write) => write.table === "queue" && write.kind === "put");
    const rest = step.writes.filter((write) => !rows.includes(write));
    if (rest.length > 0) await this.#disk.commit(rest);
    step.committed();
    if (rows.length > 0) await this.#disk.commit(rows);`,
      },
    ],
  },
  {
    name: "edit-told-before-durable",
    part: "device",
    story: "The user is told that the edit is made while it is being written: a crash, and it never was.",
    requirements: ["WF-DEV-2"],
    edits: [
      {
        file: edits,
        find: "step.afterwards(() => events.edited?.(op));",
        replace: "events.edited?.(op);",
      },
    ],
  },
];
