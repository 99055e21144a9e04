// Finds scenario files and reads them all. Everything that is wrong anywhere is told at once.
import { readdirSync, readFileSync } from "node:fs";
import { join, matchesGlob, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { waveflowRequirements } from "../protocol/waveflow/requirements.ts";
import { parseScenarios, type ScenarioError, type ScenarioProtocol } from "./format/parse.ts";
import type { Scenario } from "./format/types.ts";
import { waveflowVocabulary } from "./waveflow/vocabulary.ts";

/** Every protocol that scenarios can be written for. */
export const scenarioProtocols: readonly ScenarioProtocol[] = [
  { vocabulary: waveflowVocabulary, requirements: waveflowRequirements.map(({ id }) => id) },
];

/** The folder with the corpus. */
export const scenariosFolder = fileURLToPath(new URL(".", import.meta.url));

export interface Catalogue {
  /** In order of their ids. */
  readonly scenarios: readonly Scenario[];
  readonly errors: readonly ScenarioError[];
  /** Path of the file by scenario id. */
  readonly fileById: ReadonlyMap<string, string>;
}

export interface CatalogueOptions {
  /** Absent: the corpus that comes with Seatrial. */
  readonly folder?: string;
  /** Ids to keep, as globs: `waveflow/push/**`. Absent or empty: all. */
  readonly globs?: readonly string[];
  /** Reads only files whose path below the folder begins like this: `regressions/`. Absent: all. */
  readonly below?: string;
  /** Names that `trouble:` may use. */
  readonly trouble?: readonly string[];
}

/** Reads every `*.yaml` below the folder.
 *  Errors: in the result, for files that are no scenarios; what the file system throws is thrown. */
export function loadCatalogue({
  folder = scenariosFolder,
  globs = [],
  below = "",
  trouble,
}: CatalogueOptions = {}): Catalogue {
  const scenarios: Scenario[] = [];
  const errors: ScenarioError[] = [];
  const fileById = new Map<string, string>();
  for (const path of scenarioFiles(folder).filter((one) => one.startsWith(below))) {
    const file = relative(process.cwd(), join(folder, path));
    const result = parseScenarios(readFileSync(join(folder, path), "utf8"), {
      protocols: scenarioProtocols,
      file,
      path,
      ...(trouble === undefined ? {} : { trouble }),
    });
    if (!result.ok) errors.push(...result.errors);
    else
      for (const scenario of result.scenarios) {
        const other = fileById.get(scenario.id);
        if (other !== undefined)
          errors.push({ file, line: 1, column: 1, message: `the id ${scenario.id} is taken by ${other}` });
        fileById.set(scenario.id, file);
        scenarios.push(scenario);
      }
  }
  const isWanted = ({ id }: Scenario): boolean =>
    globs.length === 0 || globs.some((glob) => matchesGlob(id, glob));
  const kept = scenarios.filter(isWanted).sort((left, right) => (left.id < right.id ? -1 : 1));
  return { scenarios: kept, errors, fileById };
}

/** Paths of the scenario files below a folder, with `/`, in order. */
export function scenarioFiles(folder: string): readonly string[] {
  return readdirSync(resolve(folder), { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".yaml"))
    .sort();
}
