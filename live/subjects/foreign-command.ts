// Anybody's server as a command: what stands behind `--` on the command line, started as the contract with implementers
// says (certification.md, section 2), and what of a scenario it cannot be asked for.
import type { Scenario, Step } from "../../scenarios/format/types.ts";
import type { ServerCommand } from "./server-process.ts";

/** `words` are the program and its arguments. */
export function foreignCommand([file, ...args]: readonly string[]): ServerCommand {
  return {
    title: [file, ...args].join(" "),
    file: file!,
    args,
    env: {},
    readiness: { healthPath: "/healthz" },
  };
}

/** What everybody's transactions have, whatever their statements are called. */
const namesOfAll: ReadonlySet<string> = new Set(["begin", "commit", "rollback"]);

/** Why a scenario says nothing about a server of which nothing is known but its protocol, in words; empty where it
 *  does. */
export function foreignLacks({ config, steps }: Scenario): readonly string[] {
  const settings = Object.keys(config);
  const statements = new Set(steps.flatMap(namedStatements));
  return [
    ...(settings.length === 0 ? [] : [`the settings of the reference (${settings.join(", ")})`]),
    ...(statements.size === 0 ? [] : [`the statements of the reference (${[...statements].join(", ")})`]),
  ];
}

function namedStatements(step: Step): readonly string[] {
  if (step.kind === "together" || step.kind === "start") return step.steps.flatMap(namedStatements);
  if (step.kind !== "server" || !("statement" in step.action)) return [];
  const { statement } = step.action;
  return namesOfAll.has(statement) ? [] : [statement];
}
