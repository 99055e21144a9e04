// Holds every file of the tree to the rules of the house. Each complaint names file, line and what would be right.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { determinismProblems, importProblems, importTable, importsOf, ruleOf } from "./architecture.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Past this there are two nouns in a file. Tests are lists of laws, and get some more. */
const linesMax = 400;
const testLinesMax = 600;
const notOurs = new Set(["node_modules", "dist", "coverage", ".git", ".seatrial", "seatrial-report"]);

const files = sourceFiles(root).map((file) => ({
  file: relative(root, file).replaceAll("\\", "/"),
  text: readFileSync(file, "utf8"),
}));

describe("the tree", () => {
  it("has source files to look at", () => {
    expect(files.length).toBeGreaterThan(50);
    expect(files.flatMap(({ text }) => importsOf(text)).length).toBeGreaterThan(100);
  });

  it("imports only what the table allows", () => {
    const problems = files
      .filter(({ file }) => !isExempt(file))
      .flatMap(({ file, text }) => importProblems(file, text));
    expect(problems).toEqual([]);
  });

  it("reads no clock and draws no number where the same seed must give the same run", () => {
    const problems = files
      .filter(({ file }) => !isExempt(file))
      .flatMap(({ file, text }) => determinismProblems(file, text));
    expect(problems).toEqual([]);
  });

  it("has no default exports", () => {
    const problems = files
      .filter(({ file }) => !file.endsWith(".config.ts"))
      .flatMap(({ file, text }) => linesMatching(text, /^export default\b/).map((line) => `${file}:${line}`));
    expect(problems).toEqual([]);
  });

  it(`has no file of more than ${linesMax} lines, and no test of more than ${testLinesMax}`, () => {
    const problems = files
      .map(({ file, text }) => ({ file, lines: text.trimEnd().split("\n").length }))
      .filter(({ file, lines }) => lines > (isExempt(file) ? testLinesMax : linesMax))
      .map(({ file, lines }) => `${file} has ${lines} lines; there are two nouns in it`);
    expect(problems).toEqual([]);
  });

  it("has every row of the import table on the page about architecture", () => {
    const page = readFileSync(join(root, "docs/architecture.md"), "utf8");
    const table = page.slice(
      page.indexOf("## Who may import whom"),
      page.indexOf("## How protocol code waits"),
    );
    const missing = importTable
      .map(({ folder }) => folder)
      .filter((folder) => !table.includes(`\`${folder}\``));
    expect(missing).toEqual([]);
  });

  it("names its files in kebab-case", () => {
    const problems = files.filter(({ file }) => !/^[a-z0-9/.-]+$/.test(file)).map(({ file }) => file);
    expect(problems).toEqual([]);
  });
});

describe("the import table bites", () => {
  const problemsOf = (file: string, specifier: string): readonly string[] =>
    importProblems(file, `// a comment\nimport { x } from "${specifier}";\n`);

  it.each([
    ["invariants/waveflow/a-law.ts", "../../sim/run.ts"],
    ["protocol/waveflow/types.ts", "node:fs"],
    ["protocol/waveflow/types.ts", "ws"],
    ["reference-server/waveflow/push.ts", "node:crypto"],
    ["reference-server/waveflow/push.ts", "../postgres/pool.ts"],
    ["reference-server/waveflow/push.ts", "../notes/merge.ts"],
    ["reference-client/waveflow/pull.ts", "../../protocol-buffers/x.ts"],
    ["sim/run.ts", "../live/world/world.ts"],
    ["sim/run.ts", "../invariants/waveflow/once.ts"],
    ["sim/waveflow/binding.ts", "../../reference-server/postgres/pool.ts"],
    ["live/world/world.ts", "../../sim/run.ts"],
    ["reports/json/json-reporter.ts", "../../cli/main.ts"],
    ["scenarios/format/parse.ts", "../waveflow/vocabulary.ts"],
    ["actors/actor.ts", "../sim/run.ts"],
  ])("%s may not import %s", (file, specifier) => {
    const [problem, ...more] = problemsOf(file, specifier);
    expect(more).toEqual([]);
    expect(problem).toContain(`${file}:2: imports ${specifier}; `);
    expect(problem).toContain("may import itself and");
  });

  it.each([
    ["invariants/waveflow/a-law.ts", "../verdict.ts"],
    ["invariants/waveflow/a-law.ts", "../../protocol/waveflow/types.ts"],
    ["protocol/waveflow/messages.ts", "zod"],
    ["sim/run.ts", "../invariants/history.ts"],
    ["sim/waveflow/binding.ts", "../../invariants/waveflow/events.ts"],
    ["reference-server/postgres/pool.ts", "pg"],
    ["reference-server/postgres/store.ts", "../waveflow/ports.ts"],
    ["live/world/world.ts", "node:child_process"],
    ["cli/main.ts", "../sim/run.ts"],
  ])("%s may import %s", (file, specifier) => {
    expect(problemsOf(file, specifier)).toEqual([]);
  });

  it("sees re-exports, side effects, types and imports at run time", () => {
    const text = [
      'import type { A } from "./a.ts";',
      'import "./b.ts";',
      'export * from "./c.ts";',
      "const d = await import(",
      '  "./d.ts"',
      ");",
      "import {",
      "  e,",
      '} from "./e.ts";',
    ].join("\n");
    const seen = importsOf(text).map(({ specifier, line }) => [specifier, line]);
    expect(seen).toEqual([
      ["./a.ts", 1],
      ["./b.ts", 2],
      ["./c.ts", 3],
      ["./d.ts", 5],
      ["./e.ts", 9],
    ]);
  });

  it("sees clocks and chance in deterministic files, and nowhere else", () => {
    const text =
      "const a = 1; // Date.now\nconst b = Date.now() + Math.random();\nnew Date();\nnew Date(b);\n";
    expect(determinismProblems("sim/kernel/x.ts", text)).toEqual([
      "sim/kernel/x.ts:2: Math.random; draw from an addressed stream",
      "sim/kernel/x.ts:2: Date.now; time comes from the Clock port",
      "sim/kernel/x.ts:3: new Date(); time comes from the Clock port",
    ]);
    expect(determinismProblems("live/x.ts", text)).toEqual([]);
  });

  it("complains about a folder that no row speaks about", () => {
    expect(importProblems("helpers/strings.ts", "")).toEqual([
      "helpers/strings.ts:1: no row of the import table speaks about this folder; add one in test/architecture.ts",
    ]);
    expect(ruleOf("sim/world/world.ts")?.folder).toBe("sim");
  });
});

/** Tests may reach across folders; that is what they are for. */
function isExempt(file: string): boolean {
  return /\.(test|contract)\.ts$/.test(file) || !file.includes("/");
}

function sourceFiles(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (notOurs.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

function linesMatching(text: string, pattern: RegExp): readonly number[] {
  return text.split("\n").flatMap((line, index) => (pattern.test(line) ? [index + 1] : []));
}
