// What the live world can do, and what of that this machine, or the database that was chosen for a run, cannot give.
import { platform } from "node:os";
import { abilities } from "../../scenarios/format/parse.ts";
import type { Ability, Scenario } from "../../scenarios/format/types.ts";
import type { DatabaseChoice } from "../databases/choice.ts";
import { canHaveSmallDisk } from "../databases/small-disk.ts";

/** `chance` belongs to the search, and what a socket's reader does not take, a real system keeps for it. */
const simulatedOnly: ReadonlySet<Ability> = new Set(["chance", "unbuffered-sockets"]);

export const liveAbilities: ReadonlySet<Ability> = new Set(
  abilities.filter((one) => !simulatedOnly.has(one)),
);

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
