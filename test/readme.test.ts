// The README is the front door: what it tells people to type is what CI runs, and what it shows exists.
import { readFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseScenarios } from "../scenarios/format/parse.ts";
import { scenarioProtocols } from "../scenarios/catalogue.ts";
import { stringifyScenario } from "../scenarios/format/stringify.ts";
import { waveflowVocabulary } from "../scenarios/waveflow/vocabulary.ts";

const root = join(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const readme = read("README.md");
const { scripts } = JSON.parse(read("package.json")) as { scripts: Readonly<Record<string, string>> };

/** Blocks of code of one language. */
const blocks = (language: string): readonly string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gmu"))].map(
    (match) => match[1]!,
  );

test("its two commands are the ones that CI runs", () => {
  const commands = blocks("sh")[0]!
    .split("\n")
    .map((line) => line.replace(/\s+#.*$/u, "").trim())
    .filter((line) => line !== "");
  expect(commands).toEqual(["npm ci && npm start", "npm ci && npm test"]);
  const ci = read(".ci/run");
  for (const line of ["npm ci", "npm start", "npm test"]) {
    expect(
      ci.split("\n").some((command) => command.startsWith(line)),
      `${line} in .ci/run`,
    ).toBe(true);
  }
});

test("every npm script that it names exists", () => {
  const named = [...readme.matchAll(/npm run (?:-s )?([a-z][\w:-]*)/gu)].map((match) => match[1]!);
  expect(named.length).toBeGreaterThan(0);
  for (const name of ["start", "test", ...named]) expect(scripts, name).toHaveProperty([name]);
});

test("every page that it links to exists", () => {
  for (const [, target] of readme.matchAll(/\]\((?!https?:)([^)#]+)/gu)) {
    expect(existsSync(join(root, target!)), target).toBe(true);
  }
});

test("the scenario that it shows is the one in the corpus", () => {
  const [shown] = blocks("yaml");
  const path = "waveflow/resync/pending-edits-survive.yaml";
  const parse = (text: string): string => {
    const result = parseScenarios(text, { protocols: scenarioProtocols, file: path, path });
    if (!result.ok) throw new Error(JSON.stringify(result.errors));
    return result.scenarios.map((scenario) => stringifyScenario(scenario, waveflowVocabulary)).join("---\n");
  };
  expect(parse(shown!)).toBe(parse(read(`scenarios/${path}`)));
});
