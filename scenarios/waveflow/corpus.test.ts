// The corpus is readable, and every rule of the protocol has a scenario that names it.
import { expect, test } from "vitest";
import { waveflowRequirements } from "../../protocol/waveflow/requirements.ts";
import { loadCatalogue } from "../catalogue.ts";
import { formatErrors } from "../format/parse.ts";

const { scenarios, errors } = loadCatalogue({ globs: ["waveflow/**"] });

test("every file is a scenario", () => {
  expect(formatErrors(errors)).toBe("");
  expect(scenarios.length).toBeGreaterThanOrEqual(70);
});

test("every requirement is named by a scenario", () => {
  const named = new Set(scenarios.flatMap(({ requirements }) => requirements));
  expect(waveflowRequirements.map(({ id }) => id).filter((id) => !named.has(id))).toEqual([]);
});

test("a title is a sentence of its own", () => {
  const byTitle = new Map<string, string>();
  for (const { id, title } of scenarios) {
    const isVariant =
      byTitle.get(title)?.split("/").slice(0, 3).join("/") === id.split("/").slice(0, 3).join("/");
    if (byTitle.has(title) && !isVariant) expect.fail(`${id} and ${byTitle.get(title)} have the same title`);
    byTitle.set(title, id);
    expect(title, id).toMatch(/^[A-Z0-9].*\S \S.*[^.\s]$/u);
  }
});
