// badge.json, as shields.io reads it from an address (https://shields.io/badges/endpoint-badge): what a certification
// came to in a few words. A run that certifies nothing has no badge, and leaves none of an earlier run beside its reports.
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Certification, LevelVerdict } from "../../invariants/certification-result.ts";
import type { Reporter } from "../reporter.ts";
import { writeAtomically } from "../write-atomically.ts";

export const badgeFileName = "badge.json";

export interface Badge {
  readonly schemaVersion: 1;
  readonly label: string;
  readonly message: string;
  readonly color: "brightgreen" | "green" | "red" | "lightgrey";
  /** Nobody may paint it in another colour. */
  readonly isError?: true;
}

export function createBadgeReporter({ outputDir }: { readonly outputDir: string }): Reporter {
  const file = join(outputDir, badgeFileName);
  return {
    onRunEnd({ certification }) {
      if (certification === undefined) rmSync(file, { force: true });
      else writeAtomically(file, `${JSON.stringify(badgeOf(certification), null, 2)}\n`);
    },
  };
}

/** One level that is refused makes it red, whatever else is granted. */
export function badgeOf({ protocol, levels }: Pick<Certification, "protocol" | "levels">): Badge {
  const named = (wanted: LevelVerdict): string =>
    levels
      .filter(({ verdict }) => verdict === wanted)
      .map(({ name }) => name)
      .join(", ");
  const granted = named("granted");
  const refused = named("refused");
  const head = { schemaVersion: 1, label: protocol } as const;
  if (refused !== "") return { ...head, message: `refused: ${refused}`, color: "red", isError: true };
  if (granted === "") return { ...head, message: "not assessed", color: "lightgrey" };
  return { ...head, message: granted, color: named("not assessed") === "" ? "brightgreen" : "green" };
}
