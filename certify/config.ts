// What a `seatrial.config` may say: everything that the flags of `seatrial certify` can, by the same names. One schema
// decides; the JSON Schema for editors is made from it, and so is the list of keys that a misspelt one is compared with.
import * as z from "zod";
import { reporterNames } from "../reports/reporter-names.ts";
import { type ConfigProblem, problemsOf } from "./config-problems.ts";
import { targetConfigSchema } from "./target-config.ts";

const text = z.string().min(1);
const count = z.int().min(1);

export const workersMax = 64;

const configSchema = z.strictObject({
  $schema: z.string().optional().describe("For editors"),
  protocol: text.optional().describe("Name or id: waveflow, waveflow/1"),
  level: z
    .union([text, z.array(text).min(1)])
    .optional()
    .describe("Levels to assess: a list, or names with commas between them; all where it is left out"),
  ...targetConfigSchema.shape,
  database: text
    .optional()
    .describe("embedded, embedded:15|16|17|18, container, container:IMAGE, or a URL of PostgreSQL"),
  abilities: z
    .record(z.string(), z.boolean())
    .optional()
    .describe("What the server declares to have or not to have: { socket: false }"),
  baseline: text.optional().describe("File with the failures that are known"),
  outputDir: text.optional().describe("Where reports go"),
  reporters: z.array(z.enum(reporterNames)).optional().describe("All where it is left out; none where empty"),
  seed: z.union([text, z.int()]).optional().describe("Over all scenarios"),
  workers: count.max(workersMax).optional().describe("Scenarios side by side"),
  timeoutMs: count.optional().describe("Wall time that one scenario may take"),
  grep: text.optional().describe("Only scenarios whose id or title matches this regular expression, or glob"),
  grepInvert: text.optional().describe("Only scenarios that do not match"),
  bail: count.optional().describe("Stop after this many failures"),
  strict: z.boolean().optional().describe("What only advises fails as well"),
  iOwnThisServer: z.boolean().optional().describe("Send requests to an address that is not this machine's"),
});

export type SeatrialConfig = Readonly<z.infer<typeof configSchema>>;

export type ConfigCheck =
  | { readonly ok: true; readonly config: SeatrialConfig }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Holds a value against the schema.  Errors: in the result, all of them. */
export function checkConfig(value: unknown): ConfigCheck {
  const parsed = configSchema.safeParse(value);
  if (parsed.success) return { ok: true, config: parsed.data };
  return { ok: false, problems: problemsOf(parsed.error.issues, value, configJsonSchema()) };
}

/** For editors, and for people who write configs with other tools. `config.schema.json` is this value, written out. */
export function configJsonSchema(): z.core.JSONSchema.JSONSchema {
  return {
    title: "Seatrial config",
    description:
      "How seatrial certify tests a server. A flag goes over SEATRIAL_* over this file. See docs/certify.md.",
    ...z.toJSONSchema(configSchema, {
      target: "draft-7",
      // The library's own names of formats mean nothing to others; the pattern beside them does.
      override: ({ jsonSchema }) => {
        if (jsonSchema.format === "starts_with") delete jsonSchema.format;
      },
    }),
  };
}

/** For configs in TypeScript, as `seatrial/config`: gives back what it is given, and lets the editor check it. */
export const defineConfig = (config: SeatrialConfig): SeatrialConfig => config;
