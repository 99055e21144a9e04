// A mutant is a reference with one defect: a small change to its source, named. The references themselves know nothing
// of it, so no production path can reach it (see load.ts for how it comes to life).

/** One place of a source file that reads otherwise. */
export interface SourceEdit {
  /** From the root of the project, `/` between the parts. */
  readonly file: string;
  /** As it stands there, exactly once. May span lines. */
  readonly find: string;
  readonly replace: string;
}

export interface Mutant {
  /** kebab-case; the hazard's name where it is one. */
  readonly name: string;
  readonly part: "server" | "device" | "compactor";
  /** What is broken, and the shortest schedule that shows it: one or two sentences. */
  readonly story: string;
  /** The rules that it breaks. */
  readonly requirements: readonly string[];
  /** Why no law can see it, where that is so: only scenarios, which know what they expect, kill such a mutant. The selftest
   *  lists these apart, and calls the excuse stale when the search finds the mutant after all. */
  readonly hiddenFromSearch?: string;
  readonly edits: readonly SourceEdit[];
  /** The same defect at the rim to a real database, in place of those of `edits` that are of the simulated one and beside
   *  the others. Absent where these are the defect by themselves. */
  readonly onPostgres?: readonly SourceEdit[];
}
