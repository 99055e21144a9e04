// The part of a config file that says who is tested and what can be done to it. The names are those of the flags, grouped
// by what they are about; whatever is unknown is refused, because a misspelt hook would silently block a level.
import * as z from "zod";

const text = z.string().min(1);

const commandSchema = z
  .union([text, z.array(text).min(1)])
  .describe(
    "How the server is started: a shell line, or program and arguments; {port} and {database_url} expand",
  );

const listedTokenSchema = z.strictObject({
  user: text,
  device: z.guid().optional().describe("Where the token is good for one device only"),
  token: text,
});

const serverSchema = z.strictObject({
  url: text.optional().describe("Of a server that runs already"),
  command: commandSchema.optional(),
  health: z.string().startsWith("/").optional().describe("Answers with a success when the server is up"),
  startTimeoutMs: z.int().min(1).optional(),
  env: z.record(z.string(), z.string()).optional().describe("Beside what every server is told"),
});

const tokensSchema = z.union([
  z.strictObject({ secret: text.describe("HS256") }),
  z.strictObject({ command: text.describe("Prints a token; {user} and {device} expand") }),
  z.strictObject({ list: z.array(listedTokenSchema).min(1) }),
]);

const hooksSchema = z.strictObject({
  control: z
    .strictObject({ url: text.optional(), token: text })
    .optional()
    .describe("Hooks over HTTP: POST <url>/control/compact and /control/clock with this bearer token"),
  compact: text.optional().describe("Command; {user} expands; prints {compacted_up_to, deleted}"),
  clock: text.optional().describe("Command; {advance_ms} expands; prints {now}"),
  restart: text.optional().describe("Command; kills the server and starts it again"),
});

export const targetConfigSchema = z.strictObject({
  server: serverSchema.optional(),
  tokens: tokensSchema.optional(),
  hooks: hooksSchema.optional(),
});

export type TargetConfig = Readonly<z.infer<typeof targetConfigSchema>>;
