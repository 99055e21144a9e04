// Defects of how a device applies what it receives: the fold, own ops, ops that it cannot use, and what the user sees.
import type { Mutant } from "../mutant.ts";

const account = "reference-client/waveflow/account-state.ts";
const apply = "reference-client/waveflow/apply.ts";
const fold = "protocol/waveflow/fold.ts";
const overlay = "reference-client/waveflow/overlay.ts";
const pages = "reference-client/waveflow/pages.ts";

/** The device is a build that does not know playlists: lawful, and the premise of the defects that need such an op. */
const olderBuild = {
  file: pages,
  find: `    if (op === "upsert" && field !== null) return`,
  replace: `    if (op === "upsert" && field !== null && parsed.data.entity_type !== "playlist") return`,
} as const;

export const deviceApplyMutants: readonly Mutant[] = [
  {
    name: "echo-suppressed-by-device",
    part: "device",
    story:
      "Ops of the own device id are not applied: B's later value comes first, then A's own with the higher id is skipped, and A shows what nobody else does.",
    requirements: ["WF-DEV-8"],
    edits: [
      {
        file: apply,
        find: "    const op = received.usable;",
        replace:
          "    const op = received.usable;\n    if (isSameUuid(op.device_id, context.store.deviceId)) continue;",
      },
    ],
  },
  {
    name: "own-op-is-known-already",
    part: "device",
    story:
      "An op that the queue still holds is taken out of it and not applied, since the user sees it already: then nobody holds it.",
    requirements: ["WF-DEV-8", "WF-DEV-9"],
    edits: [
      {
        file: apply,
        find: "    const op = received.usable;",
        replace:
          "    const op = received.usable;\n    if (account.queue.find(op.operation_id) !== undefined) continue;",
      },
    ],
  },
  {
    name: "pending-hidden-by-remote",
    part: "device",
    story: "A pending edit lies under the server's value: a remote op hides it until it is drained.",
    requirements: ["WF-DEV-7"],
    edits: [
      {
        file: overlay,
        find: "  const registers = new Map(entity?.registers);",
        replace:
          '  const registers = new Map(entity?.registers);\n  if (entity !== undefined && registers.has(op.field ?? "")) return entity;',
      },
    ],
  },
  {
    name: "pending-delete-is-not-shown",
    part: "device",
    story: "A delete shows when the server has it: the user deletes offline and still sees the entity.",
    requirements: ["WF-DEV-7"],
    edits: [
      {
        file: overlay,
        find: `if (op.op === "delete") return { deletedAt, registers: noRegisters };`,
        replace: `if (op.op === "delete") return entity ?? { deletedAt, registers: noRegisters };`,
      },
    ],
  },
  {
    name: "overlay-writes-through",
    part: "device",
    story:
      "The pending edits are laid into the confirmed state itself: looking at it makes them the server's word.",
    requirements: ["WF-DEV-7", "WF-DEV-9"],
    edits: [
      {
        file: overlay,
        find: "  const seen = new Map(layers.entities);",
        replace: "  const seen = layers.entities as Map<string, EntityState>;",
      },
    ],
  },
  {
    name: "pending-edit-survives-a-remote-delete",
    part: "device",
    story:
      "A remote delete is not applied to an entity with pending edits, to spare the user's work: its old fields stay here and nowhere else.",
    requirements: ["WF-STATE-2", "WF-DEV-7"],
    edits: [
      {
        file: apply,
        find: "    const op = received.usable;",
        replace: `    const op = received.usable;
    const isEdited = Array.from(account.queue.rows()).some((row) => row.op.entity_id === op.entity_id);
    if (op.op === "delete" && isEdited) continue;`,
      },
    ],
  },
  {
    name: "higher-stamp-wins",
    part: "device",
    story:
      "A register keeps the value with the higher stamp: B's later op has the lower one, and this device keeps A's.",
    requirements: ["WF-STATE-1"],
    edits: [
      {
        file: fold,
        find: "  readonly id: ServerId;\n}",
        replace: "  readonly id: ServerId;\n  readonly stamp?: number;\n}",
      },
      {
        file: fold,
        find: "(present !== undefined && op.id <= present.id)) return before;",
        replace:
          "(present !== undefined && (present.stamp ?? 0) > ((op as LogOp).lamport_ts ?? Infinity))) return before;",
      },
      {
        file: fold,
        find: "registers.set(field, { value: op.value, id: op.id });",
        replace:
          "registers.set(field, { value: op.value, id: op.id, stamp: (op as LogOp).lamport_ts ?? 0 });",
      },
    ],
  },
  {
    name: "delete-clears-one-field",
    part: "device",
    story:
      "A delete takes the newest field of an entity and leaves the others: they come back to this device only.",
    requirements: ["WF-STATE-2"],
    edits: [
      {
        file: fold,
        find: "if (register.id > op.id) registers.set(field, register);",
        replace:
          "if (register.id > op.id || registers.size < before.registers.size - 1) registers.set(field, register);",
      },
    ],
  },
  {
    name: "recreated-entity-is-old",
    part: "device",
    story:
      "A field written after a delete brings back what the delete had taken: the delete only hides the entity.",
    requirements: ["WF-STATE-2"],
    edits: [
      {
        file: fold,
        find: "if (register.id > op.id) registers.set(field, register);",
        replace: "registers.set(field, register);",
      },
      {
        file: fold,
        find: "    if (registers.size === 0) continue;",
        replace:
          "    if (![...registers.values()].some(({ id }) => id > state.get(key)!.deletedAt)) continue;",
      },
    ],
  },
  {
    name: "entity-types-share-ids",
    part: "device",
    story: "Entities are kept by their id alone: song 1 and album 1 are one to this device.",
    requirements: ["WF-STATE-1", "WF-DEV-9"],
    edits: [
      {
        file: apply,
        find: "    const key = entityKey(op.entity_type, op.entity_id);",
        replace: `    const known = [...account.entities.keys()].find((one) => one.endsWith(\`/\${op.entity_id}\`));
    const key = known ?? entityKey(op.entity_type, op.entity_id);`,
      },
    ],
  },
  {
    name: "poison-apply-blocks",
    part: "device",
    story: "A page with an op that cannot be applied counts as broken: the pull never gets past it.",
    requirements: ["WF-DEV-12"],
    edits: [
      olderBuild,
      {
        file: pages,
        find: "    last = op.id;",
        replace: `    if ("unusable" in op) return { fault: "a page with an op that cannot be applied" };\n    last = op.id;`,
      },
    ],
  },
  {
    name: "poison-apply-skips-the-rest",
    part: "device",
    story: "An op that cannot be applied ends its page, and the cursor moves past what stood behind it.",
    requirements: ["WF-DEV-9", "WF-DEV-12"],
    edits: [
      olderBuild,
      {
        file: apply,
        find: "      parkOp(context, account, step, received);\n      continue;",
        replace: "      parkOp(context, account, step, received);\n      break;",
      },
    ],
  },
  {
    name: "poison-is-dropped",
    part: "device",
    story:
      "An op that cannot be applied is passed over and kept nowhere: the build that could read it never gets it.",
    requirements: ["WF-DEV-12"],
    edits: [
      olderBuild,
      { file: apply, find: "      parkOp(context, account, step, received);\n", replace: "" },
    ],
  },
  {
    name: "parked-ops-in-memory",
    part: "device",
    story: "What was set aside is known until the app is started again, and forgotten then.",
    requirements: ["WF-DEV-12"],
    edits: [
      olderBuild,
      { file: account, find: `    step.put("parked", this.prefix + key, parked);\n`, replace: "" },
    ],
  },
];
