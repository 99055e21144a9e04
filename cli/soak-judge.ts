// Judges the accounts of a soak as they go, and forgets them. What holds is only counted; an account in which a law is
// violated is kept, and its plan is written down with what befell the servers, so that it can be looked at again.
import { join, resolve } from "node:path";
import { judge } from "../invariants/judge.ts";
import type { ScenarioResult } from "../invariants/result.ts";
import type { SoakReport, SoakViolation } from "../invariants/soak-result.ts";
import { isFailing, type Judgement } from "../invariants/verdict.ts";
import { livedPlan } from "../live/soak/lived-plan.ts";
import type { LivedStay } from "../live/soak/stay.ts";
import { writeAtomically } from "../reports/write-atomically.ts";
import { stringifyScenario } from "../scenarios/format/stringify.ts";
import { assess, errorResult } from "./assess.ts";
import { emptyResult } from "./empty-result.ts";
import { replayCommand } from "./invocation.ts";
import type { ProtocolEntry } from "./protocols.ts";

export interface SoakJudgeOptions {
  readonly outputDir: string;
  readonly seed: string;
}

/** With `--keep-going`: the histories of the first ones are kept, the others are named. */
const historiesMax = 20;

export class SoakJudge {
  readonly failures: ScenarioResult[] = [];
  readonly violations: SoakViolation[] = [];
  readonly #protocol: ProtocolEntry;
  readonly #options: SoakJudgeOptions;
  readonly #laws = new Map<string, Judgement>();
  #judged = 0;

  constructor(protocol: ProtocolEntry, options: SoakJudgeOptions) {
    this.#protocol = protocol;
    this.#options = options;
  }

  get judged(): number {
    return this.#judged;
  }

  /** True for an account in which everything holds. */
  judge(stay: LivedStay): boolean {
    this.#judged++;
    const number = stay.scenario.id.split("-").at(-1)!;
    const file = join(this.#options.outputDir, `soak-account-${number}.yaml`);
    const replay = replayCommand(["replay", file, "--world", "live"]);
    const attempt = { scenario: stay.scenario, world: "live", seed: stay.seed, replay } as const;
    let result: ScenarioResult;
    try {
      result = assess(attempt, observedOf(stay), {
        judge: (history) => judge(history, this.#protocol.laws),
        durationMs: stay.history.events.at(-1)?.at ?? 0,
      });
    } catch (error) {
      result = errorResult(attempt, error, 0);
    }
    for (const judgement of result.judgements) this.#countLaw(judgement);
    if (result.outcome === "pass") return true;
    this.#keep(result, stay, file);
    return false;
  }

  /** All clean accounts are one result together, then come those that are not. */
  results({ accounts, seed, asked, durationMs, faults }: SoakReport): readonly ScenarioResult[] {
    const { clean } = accounts;
    const durationWords = `${Math.round(asked.durationMs / 1_000)}s`;
    const together: ScenarioResult = {
      ...emptyResult({
        id: `${this.#protocol.name}/soak/clean`,
        title: `${clean} accounts came to rest with every law holding`,
        protocol: this.#protocol.id,
        requirements: [],
        world: "live",
        seed,
        replay: replayCommand(["soak", "--duration", durationWords, "--seed", seed]),
      }),
      outcome: clean > 0 ? "pass" : "skipped",
      judgements: [...this.#laws.values()],
      durationMs,
      faults,
    };
    return [together, ...this.failures];
  }

  #keep(result: ScenarioResult, stay: LivedStay, file: string): void {
    const { history: _, ...named } = result;
    this.failures.push(this.failures.length < historiesMax ? result : named);
    const laws = result.judgements.filter(isFailing).map(({ law }) => law);
    this.violations.push({ id: result.id, laws, plan: file });
    writeAtomically(resolve(file), stringifyScenario(livedPlan(stay), this.#protocol.vocabulary));
    // At once, because a soak has a long way to its end.
    writeAtomically(resolve(file.replace(/\.yaml$/u, ".json")), `${JSON.stringify(result, null, 2)}\n`);
  }

  /** Keeps the strongest thing that any clean account had to say about a law. */
  #countLaw(judgement: Judgement): void {
    const { verdict } = judgement;
    if (verdict.outcome === "violated") return;
    const known = this.#laws.get(judgement.law)?.verdict;
    if (known === undefined || known.outcome === "inconclusive") this.#laws.set(judgement.law, judgement);
    else if (known.outcome === "holds" && verdict.outcome === "holds") {
      const cases = known.cases + verdict.cases;
      this.#laws.set(judgement.law, { ...judgement, verdict: { outcome: "holds", cases } });
    }
  }
}

function observedOf({ history, failures, faultCounts }: LivedStay) {
  return {
    history,
    checks: failures.map(({ expected, seen }) => ({
      pass: false,
      line: 0,
      text: "settle",
      expected,
      seen,
    })),
    faults: Object.fromEntries(faultCounts),
    unusedFaults: [],
  };
}
