// The published schema is the one that the code makes, and it agrees with the parser about the shape of files.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { scenarioFiles, scenarioProtocols, scenariosFolder } from "./catalogue.ts";
import { parseScenarios } from "./format/parse.ts";
import { scenarioSchema } from "./format/schema.ts";

const schema = scenarioSchema(scenarioProtocols.map(({ vocabulary }) => vocabulary));
const isValid = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema);

const published = join(scenariosFolder, "scenario.schema.json");

test("the published schema is the one that the code makes (UPDATE_SCHEMA=1 writes it)", () => {
  if (process.env["UPDATE_SCHEMA"] === "1")
    writeFileSync(published, `${JSON.stringify(schema, undefined, 2)}\n`);
  expect(JSON.parse(readFileSync(published, "utf8"))).toEqual(schema);
});

test("every file of the corpus is valid and names the schema", () => {
  const files = scenarioFiles(scenariosFolder);
  expect(files.length).toBeGreaterThan(70);
  for (const path of files) {
    const text = readFileSync(join(scenariosFolder, path), "utf8");
    const up = "../".repeat(path.split("/").length - 1);
    expect(text.split("\n")[0], path).toBe(`# yaml-language-server: $schema=${up}scenario.schema.json`);
    expect(isValid(parse(text)), `${path}: ${JSON.stringify(isValid.errors)}`).toBe(true);
  }
});

const good = `id: waveflow/push/one
title: One edit is stored
protocol: waveflow/1
requirements: [WF-PUSH-1]
devices: [laptop]
steps:
  - laptop: edit song/1 title=A
  - laptop: push
    expect: { status: 200 }
expect: { converged: true }
`;

test.each([
  ["a key that nobody knows", good.replace("title: One", "titel: One")],
  ["no steps", good.replace(/steps:[^]*(?=expect: \{ c)/u, "")],
  ["an unknown protocol", good.replace("waveflow/1", "waveflow/9")],
  ["an unknown ability", good.replace("devices:", "needs: [magic]\ndevices:")],
  ["a device that is a list", good.replace("[laptop]", "[[laptop]]")],
  ["an unknown verb", good.replace("laptop: push", "laptop: shove")],
  ["an unknown member of a reply", good.replace("status: 200", "state: 200")],
  ["a reply that expects nothing", good.replace("{ status: 200 }", "{}")],
  ["an expectation that expects nothing", good.replace("{ converged: true }", "{}")],
  ["an unknown setting", good.replace("devices:", "config: { speed: 3 }\ndevices:")],
  ["a step that is a number", good.replace("  - laptop: push\n    expect: { status: 200 }", "  - 7")],
  [
    "a repeat without steps",
    good.replace("laptop: push\n    expect: { status: 200 }", "repeat: { times: 2 }"),
  ],
])("schema and parser both refuse %s", (_what, text) => {
  expect(isValid(parse(good))).toBe(true);
  expect(parseScenarios(good, { protocols: scenarioProtocols }).ok).toBe(true);
  expect(isValid(parse(text))).toBe(false);
  expect(parseScenarios(text, { protocols: scenarioProtocols }).ok).toBe(false);
});
