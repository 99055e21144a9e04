// A mutant as it is on a real database: which sources of a real process are edited, or why there is no such process.
import type { Mutant, SourceEdit } from "./mutant.ts";

export type RealMutant =
  /** Of the server, or of the reference device inside of the live world. */
  | { readonly place: "server" | "device"; readonly edits: readonly SourceEdit[] }
  /** It cannot be: a sentence. */
  | { readonly place: "nowhere"; readonly why: string };

/** What a process of the server is made of; the simulated store is no part of it. */
const serverSources = /^(?:protocol|reference-server)\//u;
const deviceSources = /^(?:protocol|reference-client|actors)\//u;

/** Edits of the simulated store are left out where the mutant says what the same defect is in the real one. */
export function realMutant({ part, edits, onPostgres }: Mutant): RealMutant {
  const isOfSimulation = ({ file }: SourceEdit): boolean => file.startsWith("sim/");
  const kept = edits.filter((edit) => !isOfSimulation(edit));
  if (onPostgres === undefined && kept.length < edits.length) {
    const files = [...new Set(edits.filter(isOfSimulation).map(({ file }) => file))];
    return { place: "nowhere", why: `its defect is in the simulation itself (${files.join(", ")})` };
  }
  const place = part === "device" ? "device" : "server";
  const real = [...kept, ...(onPostgres ?? [])];
  const sources = place === "device" ? deviceSources : serverSources;
  const foreign = real.find(({ file }) => !sources.test(file));
  if (foreign !== undefined)
    return { place: "nowhere", why: `${foreign.file} is no part of a real ${place}` };
  return { place, edits: real };
}
