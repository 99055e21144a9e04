// The published schema is the one that the code makes, and both take and refuse the same lines.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { commandSchema, driverSchema, greetingSchema, replySchema, stateSchema } from "./messages.ts";

const published = fileURLToPath(new URL("driver.schema.json", import.meta.url));
const schema = driverSchema();
const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });
ajv.addSchema(schema, "driver");
const isLine = ajv.getSchema("driver")!;

test("the published schema is the one that the code makes (UPDATE_SCHEMA=1 writes it)", () => {
  if (process.env["UPDATE_SCHEMA"] === "1")
    writeFileSync(published, `${JSON.stringify(schema, undefined, 2)}\n`);
  expect(JSON.parse(readFileSync(published, "utf8"))).toEqual(JSON.parse(JSON.stringify(schema)));
});

const configure = {
  id: 1,
  do: "configure",
  storage: "/tmp/x",
  server: "http://127.0.0.1:1",
  user: "alice",
  token: null,
  deviceId: "d",
  automatic: false,
  timers: { requestTimeoutMs: 5, other: 1 },
};

test.each([
  ["a greeting", { seatrial: "driver/1", protocol: "waveflow/1", name: "x", can: ["push"], more: 1 }],
  ["configure", configure],
  ["an edit to nothing", { id: 2, do: "edit", type: "song", entity: "1", field: "title", value: null }],
  ["a token that is taken away", { id: 3, do: "token", token: null }],
  ["a clock that goes back", { id: 4, do: "clock", offsetMs: -5 }],
  ["a reply that says nothing", { id: 4, ok: null }],
  ["a refusal", { id: 4, refused: "no" }],
  ["a failure", { id: 4, error: "boom", stack: "…" }],
])("%s is a line of the conversation", (_what, line) => {
  expect(isLine(line), JSON.stringify(isLine.errors)).toBe(true);
  const isKnown = [greetingSchema, commandSchema, replySchema].some((one) => one.safeParse(line).success);
  expect(isKnown).toBe(true);
});

test.each([
  ["another version", { seatrial: "driver/2", protocol: "waveflow/1", name: "x", can: [] }],
  ["a greeting without abilities", { seatrial: "driver/1", protocol: "waveflow/1", name: "x" }],
  ["a command that nobody knows", { id: 1, do: "dance" }],
  ["a command without a number", { do: "sync" }],
  ["an edit of no field", { id: 1, do: "edit", type: "song", entity: "1", value: 1 }],
  ["a reply without a number", { ok: {} }],
  ["a reply to nothing that was asked", { id: 0, ok: {} }],
  ["a list", []],
])("%s is none", (_what, line) => {
  expect(isLine(line)).toBe(false);
  for (const one of [greetingSchema, commandSchema, replySchema])
    expect(one.safeParse(line).success).toBe(false);
});

test("a state names what every client can show, and may show more", () => {
  const state = { entities: { "song/1": { title: [1, null] } }, pending: 0, cursor: 3, deadLetters: 0 };
  const isState = ajv.compile({ $ref: "driver#/definitions/state" });
  for (const good of [state, { ...state, lamport: 3, socket: "open", own: true }]) {
    expect(isState(good)).toBe(true);
    expect(stateSchema.safeParse(good).success).toBe(true);
  }
  const { cursor: _cursor, ...short } = state;
  for (const bad of [
    short,
    { ...state, pending: -1 },
    { ...state, entities: [] },
    { ...state, socket: "ajar" },
  ]) {
    expect(isState(bad)).toBe(false);
    expect(stateSchema.safeParse(bad).success).toBe(false);
  }
});
