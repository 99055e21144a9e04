// Which scenarios a command line means. Whatever is named must exist: a filter that selects nothing is an error, because
// a run of nothing looks like success.
import { matchesGlob } from "node:path/posix";
import { didYouMean } from "../scenarios/format/suggest.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { UsageError } from "./errors.ts";

export interface Selection {
  /** Ids, folders of ids, or globs; empty means all. */
  readonly ids: readonly string[];
  /** A glob over ids where it has `*` and `/`; else a regular expression over id and title. */
  readonly grep?: string;
  readonly grepInvert?: string;
  /** `<name>/<version>` */
  readonly protocol?: string;
}

/** The selected scenarios, in the order given, never none.  Errors: UsageError. */
export function selectScenarios(scenarios: readonly Scenario[], selection: Selection): readonly Scenario[] {
  const named = byIds(scenarios, selection.ids);
  const isGrepped = matcher(selection.grep, "--grep", true);
  const isExcluded = matcher(selection.grepInvert, "--grep-invert", false);
  const kept = named.filter(
    (scenario) =>
      isGrepped(scenario) &&
      !isExcluded(scenario) &&
      (selection.protocol === undefined || scenario.protocol === selection.protocol),
  );
  if (kept.length === 0) throw new UsageError(nothingSelected(selection, named.length));
  return kept;
}

/** One of several parts of what was selected. */
export interface Shard {
  /** From 0. */
  readonly index: number;
  readonly of: number;
}

/** Every how-manieth of them: the same for the same list, so that machines that share a list need not speak with each
 *  other, and what takes long and stands together is spread.
 *  Errors: UsageError for a part with nothing in it. */
export function shardOf<Item>(items: readonly Item[], { index, of }: Shard): readonly Item[] {
  const part = items.filter((_, place) => place % of === index);
  if (part.length > 0) return part;
  const count = items.length === 1 ? "1 is" : `${items.length} are`;
  throw new UsageError(
    `--shard ${index + 1}/${of} has nothing in it: ${count} selected; expected at most as many parts`,
  );
}

/** Those that failed the last time, as the record in `file` says.
 *  Errors: UsageError where none of them did. */
export function onlyFailed<Item extends Pick<Scenario, "id">>(
  items: readonly Item[],
  record: { readonly failed: ReadonlySet<string>; readonly file: string },
): readonly Item[] {
  const kept = items.filter(({ id }) => record.failed.has(id));
  if (kept.length > 0) return kept;
  throw new UsageError(
    record.failed.size === 0
      ? `--last-failed: nothing failed in ${record.file}`
      : `--last-failed: of the ${record.failed.size} that failed in ${record.file}, none is selected`,
  );
}

function nothingSelected({ grep, grepInvert, protocol }: Selection, named: number): string {
  const filters = [
    ...(grep === undefined ? [] : [`--grep ${grep}`]),
    ...(grepInvert === undefined ? [] : [`--grep-invert ${grepInvert}`]),
    ...(protocol === undefined ? [] : [`--protocol ${protocol}`]),
  ];
  return `nothing is selected: of ${named} scenarios, none passes ${filters.join(" and ")}; "seatrial list" shows what there is`;
}

function byIds(scenarios: readonly Scenario[], patterns: readonly string[]): readonly Scenario[] {
  if (patterns.length === 0) return scenarios;
  const ids = scenarios.map(({ id }) => id);
  for (const pattern of patterns) {
    if (ids.some((id) => isMeant(id, pattern))) continue;
    const folders = new Set(ids.map((id) => id.split("/").slice(0, -1).join("/")));
    throw new UsageError(
      `no scenario is called "${pattern}"${didYouMean(pattern, [...ids, ...folders])}; "seatrial list" shows all`,
    );
  }
  return scenarios.filter(({ id }) => patterns.some((pattern) => isMeant(id, pattern)));
}

function isMeant(id: string, pattern: string): boolean {
  const folder = pattern.endsWith("/") ? pattern : `${pattern}/`;
  return id === pattern || id.startsWith(folder) || matchesGlob(id, pattern);
}

function matcher(
  pattern: string | undefined,
  flag: string,
  whenAbsent: boolean,
): (scenario: Scenario) => boolean {
  if (pattern === undefined) return () => whenAbsent;
  if (pattern.includes("*") && pattern.includes("/")) return ({ id }) => matchesGlob(id, pattern);
  const expression = readExpression(pattern, flag);
  return ({ id, title }) => expression.test(`${id} ${title}`);
}

function readExpression(pattern: string, flag: string): RegExp {
  try {
    return new RegExp(pattern, "i");
  } catch (error) {
    throw new UsageError(`${flag} is no regular expression: ${(error as Error).message}`, { cause: error });
  }
}
