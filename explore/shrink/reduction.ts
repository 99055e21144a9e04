// A plan that gets smaller, as the moves see it: they propose, and whoever runs the candidates decides. So the same moves
// serve a search that tries ten thousand plans in a second and a server of which only its address is known.
import type { Scenario } from "../../scenarios/format/types.ts";

export interface Reduction {
  /** The smallest plan so far. */
  readonly scenario: Scenario;
  /** Nothing more is tried. */
  readonly isOver: boolean;
  /** Names what is being tried from here on. */
  begin(pass: string): void;
  /** Keeps the candidate if it is smaller and fails alike; `orEqual`: also if it only is what a file need not say. */
  take(candidate: Scenario, options?: { readonly orEqual?: boolean }): Promise<boolean>;
}
