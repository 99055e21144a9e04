// Parsers for everything that travels, in both directions. A server reads requests with them, a device reads replies
// with them, and certification uses both to keep a fault of the one apart from a fault of the other.
// Unknown members are ignored everywhere; integers are never rounded.
import * as z from "zod";
import { codePointLength, type JsonValue } from "../json.ts";
import {
  isPlainAckFrame,
  isPlainAckRequest,
  isPlainLogOp,
  isPlainPullReply,
  isPlainPushReply,
  isPlainPushRequest,
  isPlainServerFrame,
  isUuidText,
} from "./plain-messages.ts";
import { limits } from "./types.ts";

/** What a reader of messages asks of a schema. */
export interface MessageSchema<Message> {
  safeParse(value: unknown): z.ZodSafeParseResult<Message>;
}

/** A schema that lets through what is plainly right as it is, and looks closely at everything else. */
const withPlainForm = <Message>(
  full: z.ZodType<Message>,
  isPlain: (value: unknown) => boolean,
): MessageSchema<Message> & { readonly full: z.ZodType<Message> } => ({
  full,
  safeParse: (value) => (isPlain(value) ? { success: true, data: value as Message } : full.safeParse(value)),
});

const integer = (least: number) => z.int().min(least).max(Number.MAX_SAFE_INTEGER);
const text = (codePointsMax: number) =>
  z.string().refine((value) => value.length > 0 && codePointLength(value) <= codePointsMax, {
    error: `expected 1 to ${codePointsMax} characters`,
  });

/** 8-4-4-4-12 hexadecimal digits in either case, whatever the version.  Source: waveflow.md section 2. */
export const uuidSchema = z
  .string()
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu, "expected a UUID");

/** Says whether a text is a UUID.  Source: waveflow.md section 2. */
export const isUuid = (value: string): boolean => isUuidText(value);

/** UUIDs are compared in this form.  Source: waveflow.md section 2. */
export const uuidKey = (uuid: string): string => uuid.toLowerCase();

/** Source: waveflow.md section 2. */
export const isSameUuid = (one: string, other: string): boolean =>
  one === other || uuidKey(one) === uuidKey(other);

const jsonValue = z.unknown() as unknown as z.ZodType<JsonValue>;

const opIdentity = {
  operation_id: uuidSchema,
  entity_type: text(limits.entityTypeLengthMax),
  entity_id: text(limits.entityIdLengthMax),
};

/** One op of a push. Depth and unstorable texts are judged apart, because they are 422 and not 400.
 *  Source: waveflow.md section 4, WF-PUSH-12. */
export const pushOpSchema = z.discriminatedUnion("op", [
  z.object({
    ...opIdentity,
    op: z.literal("upsert"),
    field: text(limits.fieldLengthMax),
    value: jsonValue.refine((value) => value !== undefined, { error: "required for an upsert" }),
    lamport_ts: integer(1),
  }),
  z.object({
    ...opIdentity,
    op: z.literal("delete"),
    field: z
      .null({ error: "expected null or nothing for a delete" })
      .optional()
      .transform(() => null),
    value: z
      .null({ error: "expected null or nothing for a delete" })
      .optional()
      .transform(() => null as JsonValue),
    lamport_ts: integer(1),
  }),
]);

/** Source: waveflow.md section 4. The bound on the number of ops is a 413 and judged before. */
export const pushRequestSchema = withPlainForm(
  z.object({ ops: z.array(pushOpSchema).min(1) }),
  isPlainPushRequest,
);

/** Source: waveflow.md section 6. */
export const ackRequestSchema = withPlainForm(z.object({ last_seen_id: integer(0) }), isPlainAckRequest);

/** Source: waveflow.md section 8. */
export const ackFrameSchema = withPlainForm(z.object({ ack: integer(0) }), isPlainAckFrame);

/** An op of a pull or of a frame. An unknown `op` is let through, for the device to set aside (WF-DEV-12).
 *  Source: waveflow.md section 5. */
const fullLogOpSchema = z.object({
  id: integer(1),
  device_id: uuidSchema,
  operation_id: uuidSchema,
  entity_type: z.string().min(1),
  entity_id: z.string().min(1),
  op: z.string().min(1),
  field: z
    .string()
    .nullish()
    .transform((field) => field ?? null),
  value: jsonValue.transform((value) => value ?? null),
  lamport_ts: integer(1),
  wall_clock: z.string().min(1),
});

export const logOpSchema = withPlainForm(fullLogOpSchema, isPlainLogOp);

/** Source: waveflow.md section 4. */
export const pushReplySchema = withPlainForm(
  z.object({
    results: z.array(
      z.object({
        operation_id: uuidSchema,
        id: integer(1),
        lamport_ts: integer(1),
        status: z.enum(["stored", "duplicate"]),
      }),
    ),
    head: integer(0),
  }),
  isPlainPushReply,
);

/** Source: waveflow.md section 5. */
export const pullReplySchema = withPlainForm(
  z.object({
    ops: z.array(fullLogOpSchema),
    head: integer(0),
    has_more: z.boolean(),
    resync: z
      .string()
      .nullish()
      .transform((token) => token ?? undefined),
  }),
  isPlainPullReply,
);

/** Source: waveflow.md section 8. */
export const serverFrameSchema = withPlainForm(
  z.discriminatedUnion("type", [
    z.object({ type: z.literal("hello"), head: integer(0) }),
    z.object({ type: z.literal("op"), prev_id: integer(0), op: fullLogOpSchema }),
    z.object({ type: z.literal("resync_required"), compacted_up_to: integer(0) }),
    z.object({ type: z.literal("error"), reason: z.string() }),
  ]),
  isPlainServerFrame,
);

/** The error bodies that a device acts on; every other one is only shown.  Source: WF-DEV-5, WF-DEV-6, WF-DEV-11. */
export const errorBodySchemas = {
  lamportRegression: z.object({ type: z.literal("lamport_regression"), stored_max: integer(0) }),
  operationConflict: z.object({ type: z.literal("operation_conflict"), index: integer(0) }),
  invalidOp: z.object({ type: z.literal("invalid_op"), index: integer(0), reason: z.string().optional() }),
  invalidRequest: z.object({ type: z.literal("invalid_request"), index: integer(0).optional() }),
  resyncRequired: z.object({ type: z.literal("resync_required"), compacted_up_to: integer(0) }),
  ackBeyondHead: z.object({ type: z.literal("ack_beyond_head"), head: integer(0) }),
} as const;

/** Parses the text of a request. `NaN` stands where an integer member was written in a way that a double would have
 *  rounded, so that the schema refuses it; JSON itself cannot say NaN.
 *  Errors: SyntaxError for text that is no JSON.  Source: waveflow.md section 2 ("refused, never rounded"). */
export function parseRequestText(body: string): unknown {
  if (!roundedInteger.test(body)) return JSON.parse(body);
  const reviver = (member: string, value: unknown, context?: { source?: string }): unknown => {
    if (!integerMembers.has(member) || typeof value !== "number") return value;
    return context?.source !== undefined && /^-?\d+$/u.test(context.source) ? value : Number.NaN;
  };
  return JSON.parse(body, reviver as (this: unknown, key: string, value: unknown) => unknown);
}

const integerMembers: ReadonlySet<string> = new Set(["lamport_ts", "last_seen_id", "ack"]);
const roundedInteger = /"(?:lamport_ts|last_seen_id|ack)"\s*:\s*-?\d+[.eE]/u;
