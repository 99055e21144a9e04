// `seatrial audit`: proves that runs can be repeated, or names the first event that differs. Each plan runs twice in
// this process and once in a fresh one; with a file of another machine, it is held against that as well.
import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import type { RunPrint } from "../explore/audit.ts";
import { searchProtocolOf } from "../explore/protocols.ts";
import { createInk, wantsColour } from "../reports/ink.ts";
import { progressBar } from "../reports/terminal/live-list.ts";
import { Screen } from "../reports/terminal/screen.ts";
import { durationText } from "../reports/time-text.ts";
import { UsageError } from "./errors.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { addHelp } from "./help.ts";
import { watchInterrupts } from "./interrupt.ts";
import { addSelectionOptions, scenariosFor, type SelectionFlags, wholeNumber } from "./options.ts";
import { protocolNamed, protocolOf } from "./protocols.ts";
import { type AuditedPlan, type AuditPlan, planKey, runAudit } from "./run-audit.ts";
import { defaultSeed } from "./run-scenarios.ts";
import { stormSeed } from "./storm.ts";
import { version } from "./version.ts";

interface AuditFlags extends SelectionFlags {
  readonly storm?: boolean;
  readonly seeds?: number;
  readonly seed?: string;
  readonly against?: string;
  readonly json?: boolean;
}

const defaultStorms = 100;
const repaintMs = 250;

/** What `--json` prints, and `--against` reads. */
interface AuditRecord {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly plans: readonly AuditedPlan[];
}

export function createAuditCommand(): Command {
  return addHelp(addSelectionOptions(new Command("audit")), {
    summary: "prove that runs repeat exactly, or name the first event that differs",
    sentence:
      "Runs each scenario, or each of some random plans, twice in this process and once in a fresh one, and compares events, digests and histories. What differs is not determined by plan and seed: a clock, a counter that outlives a run, an order that nobody fixed.",
    examples: [
      ["seatrial audit", "every scenario"],
      ["seatrial audit --storm --seeds 1000", "a thousand random plans"],
      ["seatrial audit --storm --json > here.json", "to be compared on another machine"],
      ["seatrial audit --storm --against here.json", "there: the same seeds give the same runs"],
    ],
  })
    .option("--storm", "random plans instead of the scenarios")
    .addOption(
      new Option("--seeds <count>", `how many random plans (${defaultStorms})`).argParser((text) =>
        wholeNumber(text, { least: 1 }),
      ),
    )
    .addOption(new Option("--seed <text>", "seed for every scenario, or of the first plan"))
    .option("--against <file>", "compare with what --json printed elsewhere")
    .option("--json", "print digests and checkpoints as JSON on standard output")
    .action(async (ids: string[], flags: AuditFlags) => {
      const plans = plansFor(ids, flags);
      const recorded = flags.against === undefined ? undefined : readRecord(flags.against);
      const missing = recorded === undefined ? [] : plans.filter((plan) => !recorded.has(keyOf(plan)));
      if (recorded !== undefined && missing.length === plans.length)
        throw new UsageError(`${flags.against} has none of these plans; audit the same ids and seeds`);
      const interrupts = watchInterrupts(() => {});
      const progress = new AuditProgress(plans.length);
      try {
        const audited = await runAudit({
          plans,
          buildOf: protocolOf,
          signal: interrupts.signal,
          onRun: () => progress.advance(),
          ...(recorded === undefined ? {} : { recorded }),
        });
        progress.close();
        if (flags.json === true) printRecord(audited);
        const told = flags.json === true ? process.stderr : process.stdout;
        told.write(auditText(audited, { asked: plans.length, missing: missing.length }));
        process.exitCode = interrupts.code() ?? exitCodeOfAudit(audited, missing.length);
      } finally {
        progress.close();
        interrupts.stopWatching();
      }
    });
}

/** The verdict for people. */
export function auditText(
  audited: readonly AuditedPlan[],
  { asked, missing }: { readonly asked: number; readonly missing: number },
): string {
  const lines: string[] = [];
  for (const { id, seed, partings } of audited)
    for (const { where, firstDifference } of partings)
      lines.push(`${id}, seed ${seed}: another run ${where}`, `  ${firstDifference}`);
  const others = audited.filter(({ partings }) => partings.length > 0).length;
  const of = audited.length === asked ? "" : ` of ${asked}`;
  const runs = `${audited.length}${of} plans, each twice in this process and once in a fresh one`;
  lines.push(others === 0 ? `${runs}: always the same run.` : `${runs}: ${others} cannot be repeated.`);
  if (missing > 0) lines.push(`Not in the record, and compared with nothing else: ${missing}.`);
  return `${lines.join("\n")}\n`;
}

export function exitCodeOfAudit(audited: readonly AuditedPlan[], missing: number): ExitCode {
  if (audited.some(({ partings }) => partings.length > 0)) return exitCodes.violation;
  return missing > 0 ? exitCodes.notAssessed : exitCodes.ok;
}

function plansFor(ids: readonly string[], flags: AuditFlags): readonly AuditPlan[] {
  if (flags.storm !== true) {
    if (flags.seeds !== undefined)
      throw new UsageError("--seeds counts random plans: say --storm as well, or --seed for one other seed");
    return scenariosFor(ids, flags).map((scenario) => ({
      scenario: () => scenario,
      seed: flags.seed ?? scenario.seed ?? defaultSeed,
    }));
  }
  if (ids.length > 0 || flags.grep !== undefined || flags.grepInvert !== undefined)
    throw new UsageError("--storm makes up its own plans: leave out ids, --grep and --grep-invert");
  const { plan } = searchProtocolOf(protocolNamed(flags.protocol ?? "waveflow").id);
  return Array.from({ length: flags.seeds ?? defaultStorms }, (_, index) => {
    const seed = stormSeed(flags.seed ?? defaultSeed, index);
    return { scenario: () => plan(seed), seed };
  });
}

const keyOf = ({ scenario, seed }: AuditPlan): string => planKey({ id: scenario().id, seed });

function readRecord(file: string): ReadonlyMap<string, RunPrint> {
  let record: AuditRecord;
  try {
    record = JSON.parse(readFileSync(file, "utf8")) as AuditRecord;
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`, { cause: error });
  }
  if (!Array.isArray(record.plans))
    throw new UsageError(`${file} is no record of an audit; expected what "seatrial audit --json" prints`);
  return new Map(
    record.plans.flatMap(({ id, seed, print }) =>
      print === undefined ? [] : [[planKey({ id, seed }), print] as const],
    ),
  );
}

function printRecord(plans: readonly AuditedPlan[]): void {
  const { platform, arch } = process;
  const record: AuditRecord = {
    version: version(),
    node: process.version,
    platform: `${platform} ${arch}`,
    plans,
  };
  process.stdout.write(`${JSON.stringify(record, undefined, 1)}\n`);
}

/** A bar at the foot of a terminal; nothing where nobody looks. */
class AuditProgress {
  readonly #total: number;
  readonly #screen = new Screen(process.stderr);
  readonly #ink = createInk(wantsColour(process.env, process.stderr));
  readonly #startedAt = performance.now();
  #paintedAt = Number.NEGATIVE_INFINITY;
  #done = 0;

  constructor(total: number) {
    this.#total = total;
  }

  advance(): void {
    this.#done++;
    const now = performance.now();
    if (process.stderr.isTTY !== true || now - this.#paintedAt < repaintMs) return;
    this.#paintedAt = now;
    const bar = progressBar(this.#done / this.#total, (process.stderr.columns ?? 80) - 40, this.#ink);
    const elapsed = durationText(now - this.#startedAt);
    this.#screen.repaint([` ${bar} ${this.#done} of ${this.#total} after ${elapsed}`]);
  }

  close(): void {
    if (process.stderr.isTTY === true) this.#screen.erase();
  }
}
