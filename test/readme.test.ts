// The README is the front door: what it tells people to type is what CI runs, and what it shows exists.
import { readFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createProgram } from "../cli/program.ts";
import { waveflowSearch } from "../explore/waveflow/search.ts";
import { parseScenarios } from "../scenarios/format/parse.ts";
import { scenarioProtocols } from "../scenarios/catalogue.ts";
import { stringifyScenario } from "../scenarios/format/stringify.ts";
import { waveflowVocabulary } from "../scenarios/waveflow/vocabulary.ts";

const root = join(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const readme = read("README.md");
const { mutants } = waveflowSearch;
const { scripts } = JSON.parse(read("package.json")) as { scripts: Readonly<Record<string, string>> };

/** Blocks of code of one language. */
const blocks = (language: string): readonly string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gmu"))].map(
    (match) => match[1]!,
  );

/** The commands of a shell's text, one per line, without what is said about them. */
const commandsOf = (block: string): readonly string[] =>
  block
    .split("\n")
    .map((line) => line.replace(/\s+#.*$/u, "").trim())
    .filter((line) => line !== "");

const shellBlocks = blocks("sh").map(commandsOf);

const ciCommands = commandsOf(read(".ci/run"));
const isRunByCi = (command: string): boolean =>
  ciCommands.some((line) => line === command || line.startsWith(`${command} `));

/** The words behind `npm run seatrial --`; `undefined` for another command. */
const seatrialWords = (command: string): readonly string[] | undefined =>
  /^npm run (?:-s )?seatrial -- (.+)$/u.exec(command)?.[1]!.split(/\s+/u);

test("its two commands are the ones that CI runs", () => {
  expect(shellBlocks[0]).toEqual(["npm ci && npm start", "npm ci && npm test"]);
  for (const command of ["npm ci", "npm start", "npm test"])
    expect(isRunByCi(command), `${command} in .ci/run`).toBe(true);
});

test("every command of its other blocks is one of seatrial's that CI runs too", () => {
  const commands = shellBlocks.slice(1).flat();
  expect(commands.length).toBeGreaterThan(0);
  for (const command of commands) {
    const [name] = seatrialWords(command) ?? [];
    expect(name, `${command}: expected npm run seatrial -- …`).toBeDefined();
    expect(isRunByCi(`npm run -s seatrial -- ${name!}`), `${name!} in .ci/run`).toBe(true);
  }
});

test("every command line of seatrial that it shows names a subcommand, flags and a mutant that there are", () => {
  const inSentences = [...readme.matchAll(/`(npm run (?:-s )?seatrial -- [^`]+)`/gu)].map(
    (match) => match[1]!,
  );
  const named = [...shellBlocks.flat(), ...inSentences]
    .map(seatrialWords)
    .filter((words) => words !== undefined);
  const inTable = [...readme.matchAll(/`seatrial ([a-z][^`]*)`/gu)].map((match) => match[1]!.split(/\s+/u));
  expect(Math.min(named.length, inTable.length)).toBeGreaterThan(2);
  const { commands } = createProgram();
  for (const [name, ...all] of [...named, ...inTable]) {
    // Behind -- stands somebody else's command.
    const words = all.includes("--") ? all.slice(0, all.indexOf("--")) : all;
    const command = commands.find((one) => one.name() === name);
    expect(command, `seatrial ${name!}`).toBeDefined();
    const flags = command!.options.flatMap(({ long, short }) => [long, short]);
    for (const flag of words.filter((word) => word.startsWith("-")))
      expect(flags, `seatrial ${name!} ${flag}`).toContain(flag.split("=")[0]);
    const mutant = words.includes("--mutant") ? words[words.indexOf("--mutant") + 1] : undefined;
    if (mutant !== undefined) expect(mutants.map((one) => one.name)).toContain(mutant);
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
