// What of a scenario this machine, or the database that was chosen for a run, cannot give: abilities that the live world
// has elsewhere.
import { platform } from "node:os";
import type { Scenario } from "../../scenarios/format/types.ts";
import type { DatabaseChoice } from "../databases/choice.ts";
import { canHaveSmallDisk } from "../databases/small-disk.ts";

/** In words; empty where nothing is lacking. */
export function placeLacks({ needs }: Pick<Scenario, "needs">, database: DatabaseChoice): readonly string[] {
  const lacks: string[] = [];
  if (needs.includes("pause") && platform() === "win32") {
    lacks.push("pause (this system cannot have a process stand still)");
  }
  const own = needs.filter((ability) => ability === "database-restart" || ability === "disk-full");
  if (database.kind !== "embedded") {
    for (const ability of own)
      lacks.push(`${ability} (others may use this PostgreSQL; the embedded one can)`);
  } else if (own.includes("disk-full") && !canHaveSmallDisk()) {
    lacks.push("disk-full (to mount a small disk takes root, or the right to make user namespaces)");
  }
  return lacks;
}
