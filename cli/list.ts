// `seatrial list`: what there is to run, and which world can run it.
import { Command } from "commander";
import { simAbilities } from "../sim/world/world.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { addHelp } from "./help.ts";
import { addSelectionOptions, scenariosFor, type SelectionFlags } from "./options.ts";

interface ListFlags extends SelectionFlags {
  readonly json?: boolean;
}

export function createListCommand(): Command {
  return addHelp(addSelectionOptions(new Command("list")), {
    summary: "list scenarios, and what they need of a world",
    sentence: "Lists scenarios with their titles and the abilities that a world needs to run them.",
    examples: [
      ["seatrial list", "all"],
      ["seatrial list waveflow/push --json", "one area, as JSON, with the requirements"],
    ],
  })
    .option("--json", "as JSON, with the requirements")
    .action((ids: string[], { json, ...flags }: ListFlags) => {
      const scenarios = scenariosFor(ids, flags);
      process.stdout.write(json === true ? listJson(scenarios) : listText(scenarios));
    });
}

function listJson(scenarios: readonly Scenario[]): string {
  const rows = scenarios.map(({ id, title, protocol, requirements, needs, why }) => {
    const isSimulated = needs.every((ability) => simAbilities.has(ability));
    return { id, title, protocol, requirements, needs, isSimulated, ...(why === undefined ? {} : { why }) };
  });
  return `${JSON.stringify(rows, null, 2)}\n`;
}

/** One area after another: id, title, needs. */
function listText(scenarios: readonly Scenario[]): string {
  const areas = Map.groupBy(scenarios, ({ id }) => id.split("/").slice(0, -1).join("/"));
  const lines = [...areas].flatMap(([area, members]) => [
    area,
    ...members.flatMap(({ id, title, needs }) => [
      `  ${id}`,
      `      ${title}${needs.length === 0 ? "" : `  [needs ${needs.join(", ")}]`}`,
    ]),
    "",
  ]);
  const count = scenarios.length === 1 ? "1 scenario" : `${scenarios.length} scenarios`;
  return [...lines, count, ""].join("\n");
}
