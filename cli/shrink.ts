// `seatrial shrink`: a failing plan to the few steps that matter, and all that there is to say about them. Ctrl-C ends
// the work and keeps the best so far.
import { readFileSync } from "node:fs";
import { basename, extname, join, dirname } from "node:path";
import { Argument, Command, Option } from "commander";
import { buildOf } from "../explore/search-trial.ts";
import { type ExplainProgress, explainFinding, type FindingExplanation } from "../explore/shrink/index.ts";
import { type Build, type Trial, tryPlan } from "../explore/trial.ts";
import { explanationLines } from "../reports/explanation-text.ts";
import { createInk, wantsColour } from "../reports/ink.ts";
import { Screen } from "../reports/terminal/screen.ts";
import { countText, durationText } from "../reports/time-text.ts";
import { cut } from "../reports/wrap.ts";
import { writeAtomically } from "../reports/write-atomically.ts";
import { scenarioProtocols } from "../scenarios/catalogue.ts";
import { formatErrors, parseScenarios } from "../scenarios/format/parse.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { UsageError } from "./errors.ts";
import { exitCodes } from "./exit-codes.ts";
import { addHelp } from "./help.ts";
import { type Interrupts, watchInterrupts } from "./interrupt.ts";
import { replayCommand } from "./invocation.ts";
import { mutantOrUsageError, type ProtocolEntry, protocolOf } from "./protocols.ts";
import { defaultSeed } from "./run-scenarios.ts";

interface ShrinkFlags {
  readonly seed?: string;
  readonly mutant?: string;
  readonly law?: string;
  readonly output?: string;
}

const widthDefault = 100;
const repaintMs = 100;
/** How often signals are heard and the screen is painted. Units: milliseconds. */
const breathMs = 40;

export function createShrinkCommand(): Command {
  return addHelp(new Command("shrink").addArgument(new Argument("<file>", "a scenario file that fails")), {
    summary: "make a failing plan as small as it goes, and tell what happens in it",
    sentence:
      "Runs a scenario file in the simulation and takes away devices, steps, accidents, times and contents as long as the same law is broken in the same way. Then shows what each remaining part is needed for, the nearest run that passes, and when it was decided. Ctrl-C keeps the best so far.",
    examples: [
      ["seatrial shrink seatrial-report/storm-17.yaml", "writes storm-17.shrunk.yaml beside it"],
      ["seatrial shrink plan.yaml --law once --output once.yaml", "where it breaks several laws"],
      ["seatrial shrink plan.yaml --mutant no-receipt", "against a reference that is known to be wrong"],
    ],
  })
    .addOption(new Option("--seed <text>", "instead of the seed of the file"))
    .addOption(new Option("--mutant <name>", "a mutant instead of the reference"))
    .addOption(new Option("--law <name>", "the law to keep broken; absent: the first that breaks in the run"))
    .addOption(new Option("-o, --output <file>", "where the smallest plan goes"))
    .action(async (file: string, flags: ShrinkFlags) => {
      const scenario = readScenario(file);
      const protocol = protocolOf(scenario.protocol);
      const build = await buildOf(protocol, mutantOrUsageError(protocol, flags.mutant));
      const trial = await failingTrial(build, scenario, { file, flags });
      const output = flags.output ?? join(dirname(file), `${basename(file, extname(file))}.shrunk.yaml`);
      const progress = new ShrinkScreen();
      const interrupts = watchInterrupts(() => progress.interrupt());
      try {
        const told = await explainFinding(build, protocol, trial, {
          law: flags.law,
          signal: interrupts.signal,
          onProgress: (step) => progress.show(step),
        });
        progress.close();
        writeAtomically(output, told.file);
        process.stdout.write(`${await textOf(told, { output, protocol, mutant: flags.mutant })}\n`);
        process.exitCode = codeOf(interrupts);
      } finally {
        progress.close();
        interrupts.stopWatching();
      }
    });
}

/** A plan that fails is a violation, also when it has become small. */
const codeOf = (interrupts: Interrupts): number => interrupts.code() ?? exitCodes.violation;

function readScenario(file: string): Scenario {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`, { cause: error });
  }
  const parsed = parseScenarios(text, { protocols: scenarioProtocols, file });
  if (!parsed.ok) throw new UsageError(formatErrors(parsed.errors));
  const [scenario, ...more] = parsed.scenarios;
  if (scenario === undefined || more.length > 0)
    throw new UsageError(`${file} holds ${parsed.scenarios.length} scenarios; expected one`);
  return scenario;
}

async function failingTrial(
  build: Build,
  scenario: Scenario,
  { file, flags }: { readonly file: string; readonly flags: ShrinkFlags },
): Promise<Trial> {
  const seed = flags.seed ?? scenario.seed ?? defaultSeed;
  const trial = await tryPlan(build, scenario, { seed });
  const broken = trial.violations.map(({ law }) => law);
  if (broken.length === 0)
    throw new UsageError(`${file} breaks no law under seed ${seed}; there is nothing to shrink`);
  if (flags.law !== undefined && !broken.includes(flags.law))
    throw new UsageError(
      `${file} does not break ${flags.law} under seed ${seed}; it breaks ${broken.join(", ")}`,
    );
  return trial;
}

async function textOf(
  told: FindingExplanation,
  {
    output,
    protocol,
    mutant,
  }: { readonly output: string; readonly protocol: ProtocolEntry; readonly mutant: string | undefined },
): Promise<string> {
  const ink = createInk(wantsColour(process.env, process.stdout));
  const width = Math.max(60, process.stdout.columns ?? widthDefault);
  const lines = [...explanationLines(told, { width, ink }), "", `${ink.bold("written:")} ${output}`];
  if (mutant === undefined)
    return [...lines, `${ink.bold("again:")}   ${ink.cyan(replayCommand(["replay", output]))}`].join("\n");
  const { violations } = await tryPlan({ sim: protocol.sim, laws: protocol.laws }, told.scenario, {
    seed: told.scenario.seed ?? defaultSeed,
  });
  const verdict =
    violations.length === 0
      ? "the reference keeps every law under this plan"
      : `the reference breaks ${violations.map(({ law }) => law).join(", ")} under this plan as well`;
  return [...lines, `${ink.bold("besides:")} ${verdict}`].join("\n");
}

/** How far it has come, at the foot of a terminal. Elsewhere nothing is written before the end. */
class ShrinkScreen {
  readonly #screen = process.stderr.isTTY === true ? new Screen(process.stderr) : undefined;
  readonly #ink = createInk(wantsColour(process.env, process.stderr));
  readonly #startedAt = performance.now();
  #paintedAt = -Infinity;
  #breathedAt = performance.now();
  #shrinking: ExplainProgress["shrinking"];
  #isInterrupted = false;

  /** Resolves after the event loop had its turn, where it is due one: a simulated run never returns to it by itself. */
  show(progress: ExplainProgress): Promise<void> | undefined {
    this.#shrinking = progress.shrinking ?? this.#shrinking;
    const now = performance.now();
    if (this.#screen !== undefined && now - this.#paintedAt >= repaintMs) {
      this.#paintedAt = now;
      this.#screen.repaint(this.#lines(progress, now));
    }
    if (now - this.#breathedAt < breathMs) return undefined;
    this.#breathedAt = now;
    return new Promise((resolve) => setImmediate(resolve));
  }

  interrupt(): void {
    this.#isInterrupted = true;
  }

  close(): void {
    this.#screen?.erase();
  }

  #lines({ stage, text }: ExplainProgress, now: number): readonly string[] {
    const width = Math.max(20, (process.stderr.columns ?? widthDefault) - 1);
    const ending = this.#isInterrupted ? "; ending, the best so far is kept" : "";
    const head = `${stage}: ${text}${ending}`;
    const lines = [` ${this.#ink.bold(cut(head, width))}`];
    if (this.#shrinking === undefined) return lines;
    const { tried, taken, before, now: size } = this.#shrinking;
    const sizes = `${size.devices} of ${before.devices} devices, ${size.steps} of ${before.steps} steps, ${size.accidents} accidents, ${countText(size.events)} of ${countText(before.events)} events`;
    const work = `${countText(tried)} plans tried, ${countText(taken)} smaller ones found, ${durationText(now - this.#startedAt)}`;
    return [...lines, ` ${cut(sizes, width)}`, ` ${this.#ink.dim(cut(work, width))}`];
  }
}
