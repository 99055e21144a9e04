// Defects of what the server accepts and how it keeps it: numbers, texts, lengths, bounds.
import type { Mutant } from "../mutant.ts";

const push = "reference-server/waveflow/push.ts";
const plan = "reference-server/waveflow/push-plan.ts";
const messages = "protocol/waveflow/messages.ts";
const plain = "protocol/waveflow/plain-messages.ts";
const json = "protocol/json.ts";

export const inputMutants: readonly Mutant[] = [
  {
    name: "json-number-rounded",
    part: "server",
    story: "Integers are read as doubles: the stamp 2^53+1 is taken as 2^53 instead of being refused.",
    requirements: ["WF-PUSH-12", "WF-ACK-3"],
    edits: [
      { file: plain, find: "Number.isSafeInteger(value)", replace: "Number.isInteger(value)" },
      {
        file: messages,
        find: "z.int().min(least).max(Number.MAX_SAFE_INTEGER)",
        replace: "z.number().refine(Number.isInteger).min(least)",
      },
    ],
  },
  {
    name: "poison-op",
    part: "server",
    story:
      "U+0000 in a value reaches the database, which has no such text: 500, again at every retry, and everything behind it waits for ever.",
    requirements: ["WF-PUSH-12"],
    edits: [
      { file: plan, find: "    whyUnstorable(value)\n", replace: "    undefined\n" },
      {
        file: push,
        find: "  await transaction.insertOps(caller.user, stored);\n",
        replace:
          '  if (JSON.stringify(stored).includes("\\\\u0000")) throw new Error("22P05: unsupported Unicode escape");\n  await transaction.insertOps(caller.user, stored);\n',
      },
    ],
  },
  {
    name: "lone-surrogate-replaced",
    part: "server",
    story: "A lone surrogate is stored as U+FFFD: the value comes back as another one.",
    requirements: ["WF-PUSH-12"],
    edits: [
      { file: json, find: '  if (!text.isWellFormed()) return "a lone surrogate";\n', replace: "" },
      {
        file: push,
        find: "      value,\n      lamport_ts,\n      wall_clock",
        replace:
          '      value: typeof value === "string" ? value.toWellFormed() : value,\n      lamport_ts,\n      wall_clock',
      },
    ],
  },
  {
    name: "depth-off-by-one",
    part: "server",
    story: "A value of 64 levels is refused: a lawful edit goes to the dead letters.",
    requirements: ["WF-PUSH-12"],
    edits: [
      {
        file: plan,
        find: "limits.valueLevelsMax + 1) > limits.valueLevelsMax",
        replace: "limits.valueLevelsMax + 1) >= limits.valueLevelsMax",
      },
    ],
  },
  {
    name: "length-in-code-units",
    part: "server",
    story: "Lengths are counted in UTF-16 units: an entity_id of 200 emoji is refused.",
    requirements: ["WF-PUSH-12"],
    edits: [
      {
        file: messages,
        find: "codePointLength(value) <= codePointsMax",
        replace: "value.length <= codePointsMax",
      },
    ],
  },
  {
    name: "names-trimmed",
    part: "server",
    story: "Entity ids are trimmed when they are stored: “1 ” and “1” become one entity.",
    requirements: ["WF-PUSH-12"],
    edits: [
      {
        file: push,
        find: "      entity_id,\n      op: op.op,",
        replace: "      entity_id: entity_id.trim(),\n      op: op.op,",
      },
    ],
  },
  {
    name: "types-case-folded",
    part: "server",
    story: "Entity types are stored in lower case: Song/1 overwrites song/1.",
    requirements: ["WF-PUSH-12"],
    edits: [
      {
        file: push,
        find: "      entity_type,\n      entity_id,\n      op: op.op,",
        replace: "      entity_type: entity_type.toLowerCase(),\n      entity_id,\n      op: op.op,",
      },
    ],
  },
  {
    name: "null-taken-for-missing",
    part: "server",
    story: "A value of null counts as left out: whoever clears a field is refused.",
    requirements: ["WF-PUSH-12"],
    edits: [
      {
        file: plain,
        find: "limits.fieldLengthMax) && op.value !== undefined",
        replace: "limits.fieldLengthMax) && op.value != null",
      },
      {
        file: messages,
        find: "jsonValue.refine((value) => value !== undefined,",
        replace: "jsonValue.refine((value) => value != null,",
      },
    ],
  },
  {
    name: "values-kept-as-text",
    part: "server",
    story: "The column is text: the number 5 comes back as “5”.",
    requirements: ["WF-PUSH-12"],
    edits: [
      {
        file: push,
        find: "      value,\n      lamport_ts,\n      wall_clock",
        replace:
          '      value: typeof value === "number" ? String(value) : value,\n      lamport_ts,\n      wall_clock',
      },
    ],
  },
  {
    name: "zero-stamp-taken",
    part: "server",
    story:
      "A stamp of 0 is taken for a number like any other: instead of 400 the device is told a regression, restamps, and a bad client goes unnoticed.",
    requirements: ["WF-PUSH-12"],
    edits: [
      {
        file: plain,
        find: "isInteger(op.lamport_ts, 1)) return false",
        replace: "isInteger(op.lamport_ts, 0)) return false",
      },
    ],
  },
  {
    name: "shape-before-size",
    part: "server",
    story:
      "The form is judged before the size: too many ops with a fault in one of them are 400, and the device halves nothing.",
    requirements: ["WF-PUSH-12"],
    edits: [
      {
        file: push,
        find: "value.ops.length > limits.opsPerPushMax",
        replace: "value.ops.length > limits.opsPerPushMax && pushRequestSchema.safeParse(value).success",
      },
    ],
  },
  {
    name: "empty-batch-accepted",
    part: "server",
    story: "A push of no ops is answered 200: a device that builds its batches wrongly never notices.",
    requirements: ["WF-PUSH-12"],
    edits: [
      {
        file: messages,
        find: "z.object({ ops: z.array(pushOpSchema).min(1) })",
        replace: "z.object({ ops: z.array(pushOpSchema) })",
      },
    ],
  },
];
