// `seatrial explore --exhaustive`: every order of a small scope, smallest scope first, until all are complete or time is
// up. What was cut says so. A violation comes with the choices that led to it, which can be given back to do it again.
import { buildOf } from "../explore/search-trial.ts";
import type { ScopeProtocol } from "../explore/exhaustive/scope-protocol.ts";
import { scopeProtocolOf } from "../explore/exhaustive/scope-protocols.ts";
import type { ScopeOutcome } from "../explore/exhaustive/scope-run.ts";
import {
  choicesText,
  parseChoices,
  replayChoices,
  type ScopeFinding,
  type ScopeReport,
  ScopeSearch,
  scopeWalks,
} from "../explore/exhaustive/scope-search.ts";
import { scopeCaveats, scopeLine, scopeProgressLine } from "../explore/exhaustive/scope-text.ts";
import {
  describeScope,
  describeWalk,
  ladder,
  parseScope,
  type Scope,
  scopeText,
} from "../explore/exhaustive/scope.ts";
import type { RunResult, ScenarioResult } from "../invariants/result.ts";
import type { Judgement, Verdict } from "../invariants/verdict.ts";
import type { Reporter } from "../reports/reporter.ts";
import { UsageError } from "./errors.ts";
import { emptyResult } from "./empty-result.ts";
import { exitCodes } from "./exit-codes.ts";
import { type Interrupts, watchInterrupts } from "./interrupt.ts";
import { givenCommand, replayCommand } from "./invocation.ts";
import type { ReportFlags } from "./options.ts";
import { mutantOrUsageError, protocolNamed } from "./protocols.ts";
import { createReporters, interruptReporters } from "./reporting.ts";
import { version } from "./version.ts";

export interface ExhaustiveFlags extends ReportFlags {
  /** Units: milliseconds. */
  readonly for?: number;
  readonly runsMax?: number;
  readonly scope?: string;
  /** From 1, with `choices`: which placing of the scope's faults. */
  readonly walk?: number;
  readonly choices?: string;
  readonly mutant?: string;
  readonly protocol: string;
}

/** How long the ladder of scopes is climbed where nothing else is said. Units: milliseconds. */
const defaultForMs = 60_000;
/** Runs between two looks at the clock. */
const runsPerLook = 50;

/** Walks the scope that is named, or the ladder of them; reports; sets the exit code of the process: 4 where a named
 *  scope was cut. */
export async function runExhaustive(flags: ExhaustiveFlags): Promise<RunResult> {
  const entry = protocolNamed(flags.protocol);
  const scopes = scopeProtocolOf(entry.id);
  if (scopes === undefined) throw new UsageError(`${entry.name} has no small scopes yet`);
  mutantOrUsageError(entry, flags.mutant);
  const named = flags.scope === undefined ? undefined : asUsage(() => parseScope(flags.scope!));
  const reporters = createReporters(flags);
  const interrupts = watchInterrupts(() => interruptReporters(reporters));
  try {
    const { sim } = await buildOf(entry, flags.mutant);
    const protocol = { ...scopes, sim };
    const walking = new Walking({ flags, protocol, name: entry.name, reporters, interrupts });
    return flags.choices === undefined
      ? await walking.walk(named === undefined ? ladder : [named])
      : await walking.replay(named, flags.choices);
  } finally {
    interrupts.stopWatching();
  }
}

interface WalkingOptions {
  readonly flags: ExhaustiveFlags;
  readonly protocol: ScopeProtocol;
  readonly name: string;
  readonly reporters: readonly Reporter[];
  readonly interrupts: Interrupts;
}

class Walking {
  readonly #options: WalkingOptions;
  readonly #startedAt = new Date();
  readonly #lines: string[] = [];
  readonly #results: ScenarioResult[] = [];
  #runs = 0;
  #findings = 0;

  constructor(options: WalkingOptions) {
    this.#options = options;
  }

  async walk(scopes: readonly Scope[]): Promise<RunResult> {
    this.#begin(scopes.length);
    for (const [place, scope] of scopes.entries()) {
      if (this.#cutBy() !== undefined) {
        this.#lines.push(`not begun: ${scopes.slice(place).map(describeScope).join("; ")}`);
        break;
      }
      await this.#walkScope(scope);
      if (this.#findings > 0) break;
    }
    return this.#end();
  }

  async replay(scope: Scope | undefined, text: string): Promise<RunResult> {
    const { protocol, flags } = this.#options;
    if (scope === undefined) throw new UsageError("--choices are those of a scope: say --scope as well");
    const number = flags.walk ?? 1;
    const walk = scopeWalks(protocol, scope)[number - 1];
    if (walk === undefined) throw new UsageError(`the scope has no placing ${number} of its faults`);
    const choices = asUsage(() => parseChoices(walk, text));
    this.#begin(1);
    let outcome: ScopeOutcome | undefined;
    let error: unknown;
    try {
      outcome = await replayChoices(protocol, walk, choices);
    } catch (caught) {
      error = caught;
    }
    this.#runs = 1;
    const isFound = outcome === undefined || outcome.violations.length > 0;
    this.#findings = isFound ? 1 : 0;
    const finding = { choices, outcome, error, walk: number };
    this.#results.push(isFound ? this.#found(scope, finding) : { ...this.#result(scope), outcome: "pass" });
    this.#lines.push(`one order again: ${describeScope(scope)}; ${describeWalk(walk)}`);
    return this.#end();
  }

  async #walkScope(scope: Scope): Promise<void> {
    const search = new ScopeSearch(this.#options.protocol, scope);
    const before = this.#runs;
    const startedAt = performance.now();
    let report = search.report();
    while (!report.isComplete && report.findings.length === 0 && this.#cutBy() === undefined) {
      await search.goOn(Math.min(runsPerLook, (this.#options.flags.runsMax ?? Infinity) - this.#runs));
      report = search.report();
      this.#runs = before + report.runs;
      this.#findings = report.findings.length;
      this.#tell(scopeProgressLine(report, describeWalk(search.walk.walk)));
      // Reporters paint, and Ctrl-C is heard.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const line = scopeLine(report, this.#cutBy() ?? "");
    this.#lines.push(line);
    const durationMs = Math.round(performance.now() - startedAt);
    const outcome = isWhole(report) ? "pass" : "skipped";
    const found = report.findings.map((finding) => ({ ...this.#found(scope, finding), durationMs }));
    this.#results.push(
      ...(found.length > 0
        ? found
        : [
            {
              ...this.#result(scope),
              title: line,
              judgements: this.#judged(report),
              outcome,
              durationMs,
            } as const,
          ]),
    );
  }

  /** Why to stop here, in words; `undefined` to go on. */
  #cutBy(): string | undefined {
    const { flags, interrupts } = this.#options;
    const forMs = this.#forMs();
    if (interrupts.signal.aborted) return "by Ctrl-C";
    if (forMs !== undefined && this.#elapsedMs() >= forMs) return `after ${Math.round(forMs / 1_000)} s`;
    if (flags.runsMax !== undefined && this.#runs >= flags.runsMax) return `after ${flags.runsMax} runs`;
    return undefined;
  }

  #forMs(): number | undefined {
    const { for: forMs, scope, runsMax } = this.#options.flags;
    return forMs ?? (scope === undefined && runsMax === undefined ? defaultForMs : undefined);
  }

  #elapsedMs(): number {
    return Date.now() - this.#startedAt.getTime();
  }

  #begin(scopes: number): void {
    const plan = { version: version(), command: givenCommand() } as const;
    for (const reporter of this.#options.reporters)
      reporter.onRunBegin?.({ ...plan, worlds: [{ world: "sim", scenarios: scopes }] });
  }

  #tell(note: string, closing?: readonly string[]): void {
    const forMs = this.#forMs();
    for (const reporter of this.#options.reporters) {
      reporter.onProgress?.({
        name: "every order",
        unit: "runs",
        seedsDone: this.#runs,
        seedsTotal: this.#options.flags.runsMax ?? this.#runs,
        events: 0,
        elapsedMs: this.#elapsedMs(),
        faults: {},
        violations: this.#findings,
        note,
        ...(forMs === undefined ? {} : { timeTotalMs: forMs }),
        ...(closing === undefined ? {} : { closing }),
      });
    }
  }

  #end(): RunResult {
    const { interrupts, reporters, flags } = this.#options;
    this.#tell("", [...this.#lines, ...scopeCaveats]);
    const isCut = this.#results.some(({ outcome }) => outcome === "skipped");
    const result: RunResult = {
      version: version(),
      startedAt: this.#startedAt.toISOString(),
      durationMs: this.#elapsedMs(),
      command: givenCommand(),
      node: process.version,
      interrupted: interrupts.signal.aborted,
      results: this.#results,
    };
    for (const reporter of reporters) reporter.onRunEnd?.(result);
    const has = (outcome: string): boolean => this.#results.some((one) => one.outcome === outcome);
    const isDoubtful = isCut && (flags.scope !== undefined || !has("pass"));
    process.exitCode =
      interrupts.code() ??
      (has("error")
        ? exitCodes.broken
        : has("fail")
          ? exitCodes.violation
          : isDoubtful
            ? exitCodes.notAssessed
            : exitCodes.ok);
    return result;
  }

  #found(scope: Scope, { choices, outcome, error, walk: number }: ScopeFinding): ScenarioResult {
    const { protocol, flags } = this.#options;
    const walk = scopeWalks(protocol, scope)[number - 1]!;
    const words = ["explore", "--exhaustive", "--scope", scopeText(scope), "--walk", String(number)];
    const mutant = flags.mutant === undefined ? [] : ["--mutant", flags.mutant];
    const replay = replayCommand([...words, "--choices", choicesText(walk, choices), ...mutant]);
    const title = `${describeScope(scope)}; here: ${describeWalk(walk)}`;
    const result = { ...this.#result(scope), title, replay };
    if (outcome === undefined) {
      return {
        ...result,
        outcome: "error",
        error: error instanceof Error ? (error.stack ?? "") : String(error),
      };
    }
    return { ...result, outcome: "fail", judgements: outcome.judgements, history: outcome.history };
  }

  #judged({ cases }: ScopeReport): readonly Judgement[] {
    return this.#options.protocol.laws.map(({ id, requirements, promise, isAdvice }) => {
      const count = cases.get(id);
      const verdict: Verdict =
        count === undefined
          ? { outcome: "inconclusive", reason: "no order had a case" }
          : { outcome: "holds", cases: count };
      return { law: id, requirements, promise, ...(isAdvice === true ? { isAdvice } : {}), verdict };
    });
  }

  #result(scope: Scope): ScenarioResult {
    const { protocol, name } = this.#options;
    return emptyResult({
      id: `${name}/exhaustive/${scopeText(scope)}`,
      title: describeScope(scope),
      protocol: protocol.sim.id,
      requirements: [],
      world: "sim",
      seed: "scope",
      replay: replayCommand(["explore", "--exhaustive", "--scope", scopeText(scope)]),
    });
  }
}

const isWhole = (report: ScopeReport): boolean => report.isComplete && report.findings.length === 0;

function asUsage<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}
