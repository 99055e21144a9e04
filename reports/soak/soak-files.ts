// The files of a soak: soak.json, everything for machines, and soak.svg, the graphs for people.
import { join } from "node:path";
import type { SoakReport } from "../../invariants/soak-result.ts";
import { writeAtomically } from "../write-atomically.ts";
import { soakSvg } from "./soak-svg.ts";

/** The document. `format` grows when a member changes its meaning or goes. */
export interface SoakDocument extends SoakReport {
  readonly format: "seatrial-soak/1";
}

/** Writes both and answers their names. */
export function writeSoakFiles(outputDir: string, report: SoakReport): readonly string[] {
  const document: SoakDocument = { format: "seatrial-soak/1", ...report };
  const files = [
    { name: join(outputDir, "soak.json"), text: `${JSON.stringify(document, null, 2)}\n` },
    { name: join(outputDir, "soak.svg"), text: soakSvg(report) },
  ];
  for (const { name, text } of files) writeAtomically(name, text);
  return files.map(({ name }) => name);
}
