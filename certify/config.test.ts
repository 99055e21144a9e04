// The published schema is the one that the code makes, and it agrees with the code about what a config is.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { describe, expect, it, test } from "vitest";
import { checkConfig, configJsonSchema, defineConfig } from "./config.ts";

const published = fileURLToPath(new URL("config.schema.json", import.meta.url));
const isValid = new Ajv({
  allErrors: true,
  strict: true,
  allowUnionTypes: true,
  formats: { uuid: true },
}).compile(configJsonSchema());

const whole = {
  $schema: "./config.schema.json",
  protocol: "waveflow",
  level: ["core", "realtime"],
  server: {
    command: ["./my-server", "--port", "{port}"],
    health: "/healthz",
    startTimeoutMs: 5_000,
    env: { LOG: "debug" },
  },
  tokens: { list: [{ user: "anna", token: "a.b.c", device: "00000000-0000-4000-8000-000000000001" }] },
  hooks: {
    control: { url: "http://127.0.0.1:9", token: "t" },
    compact: "./compact {user}",
    clock: "./clock {advance_ms}",
    restart: "./restart",
  },
  database: "embedded",
  abilities: { socket: false },
  baseline: "conformance-baseline.yaml",
  outputDir: "out",
  reporters: ["terminal", "ctrf"],
  seed: 7,
  workers: 4,
  timeoutMs: 1_000,
  grep: "push",
  grepInvert: "pull",
  bail: 1,
  strict: true,
  iOwnThisServer: false,
};

test("the published schema is the one that the code makes (UPDATE_SCHEMA=1 writes it)", () => {
  const schema = configJsonSchema();
  if (process.env["UPDATE_SCHEMA"] === "1")
    writeFileSync(published, `${JSON.stringify(schema, undefined, 2)}\n`);
  expect(JSON.parse(readFileSync(published, "utf8"))).toEqual(schema);
});

describe("a config may say", () => {
  it("nothing, and everything", () => {
    for (const config of [{}, whole]) {
      expect(isValid(config), JSON.stringify(isValid.errors)).toBe(true);
      expect(checkConfig(config)).toEqual({ ok: true, config });
    }
    expect(Object.keys(whole)).toEqual(expect.arrayContaining(Object.keys(configJsonSchema().properties!)));
  });

  it.each([
    { tokens: { secret: "s" } },
    { tokens: { command: "./mint {user} {device}" } },
    { server: { url: "http://127.0.0.1:8080" } },
    { server: { command: "exec ./run --port {port}" } },
    { level: "core,compaction" },
    { seed: "monday" },
    { reporters: [] },
  ])("%j", (config) => {
    expect(isValid(config)).toBe(true);
    expect(checkConfig(defineConfig(config)).ok).toBe(true);
  });
});

test.each([
  ["an unknown key", { levels: ["core"] }],
  ["an unknown key of the server", { server: { port: 1 } }],
  ["an unknown key of a hook", { hooks: { control: { token: "t", secret: "x" } } }],
  ["no way to have tokens", { tokens: {} }],
  ["two ways to have tokens", { tokens: { secret: "s", command: "c" } }],
  ["a health path without a slash", { server: { health: "healthz" } }],
  ["an empty command", { server: { command: [] } }],
  ["half a scenario side by side", { workers: 0.5 }],
  ["an unknown reporter", { reporters: ["html"] }],
  ["no levels", { level: [] }],
])("schema and code both refuse %s", (_what, config) => {
  expect(isValid(config)).toBe(false);
  expect(checkConfig(config).ok).toBe(false);
});
