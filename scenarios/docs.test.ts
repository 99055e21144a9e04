// docs/scenarios.md names every word that a scenario may use, and its example is one.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { scenarioProtocols } from "./catalogue.ts";
import { deviceVerbs } from "./format/device-verbs.ts";
import { abilities, formatErrors, parseScenario } from "./format/parse.ts";
import { stepWords } from "./format/read-steps.ts";

const page = readFileSync(new URL("../docs/scenarios.md", import.meta.url), "utf8");

test("every verb, step, ability, message, count and status is explained", () => {
  const words = [
    ...deviceVerbs.keys(),
    ...stepWords,
    ...abilities,
    ...scenarioProtocols.flatMap(({ vocabulary: { verbs, messages, counts, status } }) => [
      ...verbs.keys(),
      ...messages,
      ...counts.keys(),
      ...status.keys(),
    ]),
  ];
  const isNamed = (word: string): boolean =>
    new RegExp(`\`[^\`\n]*(?<![\\w-])${word}(?![\\w-])[^\`\n]*\``, "u").test(page);
  expect(words.filter((word) => !isNamed(word))).toEqual([]);
});

test("the example at the top is a scenario", () => {
  const example = /```yaml\n([^]*?)```/u.exec(page)![1]!;
  const result = parseScenario(example, { protocols: scenarioProtocols });
  expect(result.ok ? "" : formatErrors(result.errors)).toBe("");
});
