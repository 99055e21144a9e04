// What Seatrial and the driver of a client say to each other: one JSON value a line, commands on the driver's standard
// input, a greeting and then replies on its standard output. The words are the same for every protocol; what a protocol
// adds stands in the members that its own page names. driver.schema.json is made from these values.
import { z } from "zod";

/** The version of this conversation. A driver that greets with another one is not asked anything. */
export const driverVersion = "driver/1";

const text = z.string();
const wholeNumber = z.int().min(0);

/** The first line of a driver. `can`: what it offers beside `configure`, `edit`, `delete`, `sync`, `state` and `stop`. */
export const greetingSchema = z
  .looseObject({
    seatrial: z.literal(driverVersion),
    /** `<name>/<version>` of what the client speaks. */
    protocol: text.min(1),
    name: text.min(1).describe("How the client is called in reports."),
    version: text.optional(),
    can: z.array(text).describe("Abilities beside those that every driver has; see docs/certify-client.md."),
  })
  .meta({ id: "greeting", description: "The first line that a driver writes." });

export type Greeting = z.infer<typeof greetingSchema>;

const timers = z
  .looseObject({
    requestTimeoutMs: wholeNumber.optional().describe("How long the client should wait for an answer."),
    syncIntervalMs: wholeNumber.optional(),
    backoffFirstMs: wholeNumber.optional(),
    backoffMaxMs: wholeNumber.optional(),
  })
  .describe("What a scenario would like; a client that cannot set them may leave them be.");

const entity = { type: text.min(1), entity: text.min(1) };

/** One per word, in the order of the page. */
const commandShapes = [
  z.object({
    do: z.literal("configure"),
    storage: text.describe("A directory that is this device's own and outlives its process."),
    server: text.describe("Base URL, without a slash at its end."),
    user: text,
    token: text.nullable().describe("Bearer token; null: signed out."),
    deviceId: text.describe("For an empty storage; a storage that has a device id keeps it."),
    mode: text.optional().describe("Absent: the mode that the storage has."),
    automatic: z
      .boolean()
      .describe("True: the client runs its own timers. False: it asks only when told to."),
    timers,
    sizes: z
      .record(text, wholeNumber)
      .optional()
      .describe("Sizes that a scenario would like: batchSize, pageSize."),
  }),
  z.object({ do: z.literal("edit"), ...entity, field: text.min(1), value: z.unknown() }),
  z.object({ do: z.literal("delete"), ...entity }),
  z.object({ do: z.literal("sync") }),
  z.object({ do: z.literal("push") }),
  z.object({ do: z.literal("pull") }),
  z.object({ do: z.literal("resync") }),
  z.object({ do: z.literal("ack") }),
  z.object({ do: z.literal("connect") }),
  z.object({ do: z.literal("disconnect") }),
  z.object({ do: z.literal("state") }),
  z.object({ do: z.literal("token"), token: text.nullable() }),
  z.object({ do: z.literal("account"), server: text, user: text, token: text }),
  z.object({
    do: z.literal("clock"),
    offsetMs: z.int().describe("From the machine's clock; set, not added."),
  }),
  z.object({ do: z.literal("mode"), mode: text }),
  z.object({ do: z.literal("stop") }),
] as const;

const numbered = { id: z.int().min(1).describe("The reply carries it.") };

export const commandSchema = z
  .discriminatedUnion(
    "do",
    commandShapes.map((shape) => z.object({ ...numbered, ...shape.shape })) as never as [
      (typeof commandShapes)[number],
    ],
  )
  .meta({ id: "command", description: "A line that Seatrial writes." });

/** A command without its number. */
export type Command = z.infer<(typeof commandShapes)[number]>;

/** How a driver answers: it was done, the client would not, or the driver itself failed. */
export const replySchema = z
  .union([
    z.looseObject({ ...numbered, ok: z.unknown() }),
    z.looseObject({ ...numbered, refused: text }),
    z.looseObject({ ...numbered, error: text }),
  ])
  .meta({
    id: "reply",
    description:
      "The answer to one command. refused: the client would not, in words. error: the driver itself failed.",
  });

/** What a driver shows of its client. Members that a client does not know are left out. */
export const stateSchema = z
  .looseObject({
    entities: z
      .record(text, z.record(text, z.unknown()))
      .describe('What the person sees: { "song/1": { "title": "A" } }.'),
    pending: wholeNumber.describe("Edits that wait for the server and may be sent."),
    cursor: wholeNumber.describe("How far the client has read, as the protocol counts."),
    deadLetters: wholeNumber.describe("Edits that the server refused for good."),
    deviceId: text.optional(),
    unshared: wholeNumber.optional().describe("Edits that the mode keeps from being sent."),
    parked: wholeNumber.optional().describe("Received changes that were set aside."),
    acknowledged: wholeNumber.optional(),
    mode: text.optional(),
    socket: z.enum(["open", "closed"]).optional(),
    stopped: z.boolean().optional().describe("True when the client asks nothing more until somebody acts."),
  })
  .meta({ id: "state", description: "The `ok` of a reply to `state`." });

/** The published schema: one definition for each kind of line. */
export function driverSchema(): Readonly<Record<string, unknown>> {
  const registry = z.registry<{ id: string }>();
  for (const schema of [greetingSchema, commandSchema, replySchema, stateSchema])
    registry.add(schema, { id: schema.meta()!.id! });
  const { schemas } = z.toJSONSchema(registry, { target: "draft-7", uri: (id) => `#/definitions/${id}` });
  const definitions = Object.fromEntries(
    Object.entries(schemas).map(([id, schema]) => {
      const { $schema: _schema, $id: _id, id: _own, ...rest } = schema as Readonly<Record<string, unknown>>;
      return [id, rest];
    }),
  );
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Seatrial client driver",
    description: `One line of the conversation between Seatrial and the driver of a client, ${driverVersion}. See docs/certify-client.md.`,
    anyOf: ["greeting", "command", "reply"].map((id) => ({ $ref: `#/definitions/${id}` })),
    definitions,
  };
}
