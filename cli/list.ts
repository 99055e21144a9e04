// `seatrial list`: what there is to run, which world can run it, and which level of a certification it belongs to.
import { Command, Option } from "commander";
import { levelOf } from "../certify/levels.ts";
import { simAbilities } from "../sim/world/world.ts";
import { didYouMean } from "../scenarios/format/suggest.ts";
import type { Ability, Scenario } from "../scenarios/format/types.ts";
import { isSweepScenario, sweepItem } from "./certify-sweep.ts";
import { UsageError } from "./errors.ts";
import { addHelp } from "./help.ts";
import { addSelectionOptions, scenariosFor, type SelectionFlags } from "./options.ts";
import { protocolOf, protocols } from "./protocols.ts";

interface ListFlags extends SelectionFlags {
  readonly json?: boolean;
  readonly level?: readonly string[];
}

/** A scenario, or a suite that is generated when it is run. */
interface Row {
  readonly id: string;
  readonly title: string;
  readonly protocol: string;
  readonly requirements: readonly string[];
  readonly needs: readonly Ability[];
  readonly isSimulated: boolean;
  /** Absent: no part of a certification. */
  readonly level?: string;
  readonly isGenerated?: true;
  readonly why?: string;
}

export function createListCommand(): Command {
  return addHelp(addSelectionOptions(new Command("list")), {
    summary: "list scenarios, and what they need of a world",
    sentence:
      "Lists scenarios with their titles and the abilities that a world needs to run them; with --level what a certification runs for a level, generated suites included.",
    examples: [
      ["seatrial list", "all"],
      ["seatrial list waveflow/push --json", "one area, as JSON, with the requirements"],
      ["seatrial list --level core", "what a server is held to for this level"],
    ],
  })
    .addOption(
      new Option(
        "--level <names>",
        "only what these levels of a certification run, comma-separated",
      ).argParser((text) => text.split(",").map((name) => name.trim())),
    )
    .option("--json", "as JSON, with the requirements")
    .action(async (ids: string[], { json, level, ...flags }: ListFlags) => {
      const scenarios = scenariosFor(ids, flags).map(rowOf);
      const isNarrowed = ids.length > 0 || flags.grep !== undefined || flags.grepInvert !== undefined;
      const rows = level === undefined ? scenarios : await ofLevels(scenarios, level, { isNarrowed });
      process.stdout.write(json === true ? `${JSON.stringify(rows, null, 2)}\n` : listText(rows));
    });
}

function rowOf(scenario: Scenario): Row {
  const { id, title, protocol, requirements, needs, why } = scenario;
  const { profile } = protocolOf(protocol);
  const own = levelOf(scenario, profile);
  const level = own !== undefined && isSweepScenario(scenario) ? sweepItem(scenario, profile).level : own;
  return {
    id,
    title,
    protocol,
    requirements,
    needs,
    isSimulated: needs.every((ability) => simAbilities.has(ability)),
    ...(level === undefined ? {} : { level }),
    ...(why === undefined ? {} : { why }),
  };
}

/** Scenarios of the levels, and behind them the suites that are generated, which no id and no pattern names here.
 *  Errors: UsageError for a level that there is not, and where nothing is left. */
async function ofLevels(
  scenarios: readonly Row[],
  levels: readonly string[],
  { isNarrowed }: { readonly isNarrowed: boolean },
): Promise<readonly Row[]> {
  const known = new Set(protocols.flatMap(({ profile }) => profile.levels.map(({ name }) => name)));
  for (const level of levels) {
    if (known.has(level)) continue;
    const names = [...known].join(", ");
    throw new UsageError(`there is no level "${level}"${didYouMean(level, known)}; there is ${names}`);
  }
  const spoken = new Set(scenarios.map(({ protocol }) => protocol));
  const asked = isNarrowed ? [] : protocols.filter(({ id }) => spoken.has(id));
  const generated = (await Promise.all(asked.map(({ probes }) => probes()))).flat();
  const suites = generated.map(({ id, title, protocol, requirements, level }): Row => {
    return { id, title, protocol, requirements, needs: [], isSimulated: false, level, isGenerated: true };
  });
  const rows = [...scenarios, ...suites].filter(({ level }) => level !== undefined && levels.includes(level));
  if (rows.length > 0) return rows;
  throw new UsageError(`nothing that is selected belongs to level ${levels.join(" or ")}`);
}

/** One area after another: id, title, needs. */
function listText(rows: readonly Row[]): string {
  const areas = Map.groupBy(rows, ({ id }) => id.split("/").slice(0, -1).join("/"));
  const lines = [...areas].flatMap(([area, members]) => [
    area,
    ...members.flatMap(({ id, title, needs, isGenerated }) => [
      `  ${id}`,
      `      ${title}${needs.length === 0 ? "" : `  [needs ${needs.join(", ")}]`}${isGenerated === true ? "  [generated]" : ""}`,
    ]),
    "",
  ]);
  const scenarios = rows.filter(({ isGenerated }) => isGenerated !== true).length;
  const suites = rows.length - scenarios;
  const count = scenarios === 1 ? "1 scenario" : `${scenarios} scenarios`;
  const more = suites === 0 ? "" : suites === 1 ? ", 1 generated suite" : `, ${suites} generated suites`;
  return [...lines, `${count}${more}`, ""].join("\n");
}
