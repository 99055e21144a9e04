// What a search has found, by cause: the first plan that broke a law in some way, and how many more did the same.
import type { Scenario } from "../scenarios/format/types.ts";
import type { Finding } from "./search-report.ts";
import type { TrialReport } from "./search-trial.ts";

export class Findings {
  readonly #bySignature = new Map<string, { -readonly [Member in keyof Finding]: Finding[Member] }>();

  get size(): number {
    return this.#bySignature.size;
  }

  /** Plans that showed one of them. */
  get count(): number {
    let count = 0;
    for (const finding of this.#bySignature.values()) count += finding.count;
    return count;
  }

  /** Counts a report that found something; one that found nothing is passed over. */
  add(report: TrialReport, from: { readonly run: number; readonly planOf: () => Scenario }): void {
    const [first, ...rest] = report.violations;
    const isError = report.error !== undefined;
    if (first === undefined && !isError) return;
    const law = isError ? "a run ends" : first!.law;
    const signature = isError ? errorSignature(report.error!) : first!.signature;
    const known = this.#bySignature.get(signature);
    if (known !== undefined) {
      known.count++;
      return;
    }
    this.#bySignature.set(signature, {
      law,
      signature,
      explanation: isError ? report.error! : first!.explanation,
      alsoBroken: rest.map((other) => other.law),
      plan: from.planOf(),
      seed: report.seed,
      runsBefore: from.run,
      count: 1,
      isError,
    });
  }

  all(): readonly Finding[] {
    return [...this.#bySignature.values()].map((finding) => ({ ...finding }));
  }
}

/** The message without its numbers and ids. */
const errorSignature = (error: string): string =>
  `error: ${error.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+/gu, "#").slice(0, 200)}`;
