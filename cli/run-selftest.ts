// The selftest, run: jobs made, given to all cores, shown as they end, put together into the kill matrix, written down.
import { existsSync, readFileSync } from "node:fs";
import { join, matchesGlob, resolve } from "node:path";
import type { Mutant } from "../explore/mutants/mutant.ts";
import { type KillMatrix, killMatrix } from "../explore/selftest/kill-matrix.ts";
import { killMatrixPage, namesOnPage, seedsText } from "../explore/selftest/kill-matrix-page.ts";
import { matrixSummary } from "../explore/selftest/kill-matrix-text.ts";
import type { TrialJob, TrialOutcome } from "../explore/selftest/mutant-trial.ts";
import { writeAtomically } from "../reports/write-atomically.ts";
import { UsageError } from "./errors.ts";
import { scenariosFor } from "./options.ts";
import { type ProtocolEntry, protocolNamed, protocols } from "./protocols.ts";
import { searchProtocolOf } from "../explore/protocols.ts";
import { SelftestProgress } from "./selftest-progress.ts";
import { Threads } from "../explore/threads.ts";

export interface SelftestFlags {
  /** Globs over names; empty: all. */
  readonly mutants: readonly string[];
  readonly protocol?: string;
  readonly bases: number;
  readonly plansMax: number;
  readonly workers: number;
  readonly json: boolean;
  readonly outputDir: string;
  readonly page: string;
  readonly writeDocs: boolean;
  readonly check: boolean;
}

/** Plans of each base that the reference has to survive here. Long clean series are the business of the search. */
const referencePlansMax = 20;
/** Bases of the reference in one job, so that it does not keep one core busy while the others are done. */
const referenceBasesPerJob = 10;

/** How long one job may take: a mutant can loop where no event is counted. Units: milliseconds. */
const jobLimitMs = 600_000;

/** Who is on trial for one protocol. */
interface Docket {
  readonly entry: ProtocolEntry;
  readonly mutants: readonly Mutant[];
  readonly scenarios: readonly string[];
}

/** Runs the selftest and writes what it found. True where every check bites and none is false.
 *  Errors: UsageError. */
export async function runSelftest(flags: SelftestFlags, signal: AbortSignal): Promise<boolean> {
  const dockets = docketsOf(flags);
  const bases = Array.from({ length: flags.bases }, (_, index) => `selftest-${index + 1}`);
  const jobs = dockets.flatMap((docket) => jobsOf(docket, bases, flags.plansMax));
  const print = (text: string): unknown => (flags.json ? process.stderr : process.stdout).write(text);
  const progress = new SelftestProgress(jobs.length, flags.json ? process.stderr : process.stdout);
  const outcomes: TrialOutcome[] = [];
  const broken: string[] = [];
  const threads = new Threads<TrialJob, TrialOutcome>(
    new URL("./selftest-worker.ts", import.meta.url),
    flags.workers,
  );
  await threads.run(jobs, {
    signal,
    patience: () => AbortSignal.any([signal, AbortSignal.timeout(jobLimitMs)]),
    onBegin: (job) => progress.began(nameOf(job)),
    onAnswer: (outcome, job) => {
      outcomes.push(outcome);
      progress.ended(nameOf(job), outcome);
    },
    onFailure: (why, job) => {
      if (signal.aborted) return;
      broken.push(`broken: ${nameOf(job)} could not be tried: ${why}`);
      progress.failed(nameOf(job), why);
    },
  });
  await threads.close();
  progress.close();
  const isPartial = signal.aborted || flags.mutants.length > 0;
  const matrices = dockets.map(({ entry, mutants, scenarios }) => {
    const own = outcomes.filter(({ protocol }) => protocol === entry.id);
    const tried = new Set(own.map(({ mutant }) => mutant));
    const { id: protocol, laws, requirements } = entry;
    const judged = mutants.filter(({ name }) => tried.has(name));
    return killMatrix({ protocol, laws, requirements, scenarios, bases, mutants: judged, isPartial }, own);
  });
  const page = killMatrixPage(matrices, flags);
  const problems = [...broken, ...(flags.check ? pageProblems(page, matrices, flags) : [])];
  for (const line of [...matrices.flatMap(matrixSummary), ...problems]) print(`${line}\n`);
  writeJson(matrices, flags);
  if (flags.writeDocs && !signal.aborted) writeAtomically(resolve(flags.page), page);
  return problems.length === 0 && matrices.every((matrix) => matrix.problems.length === 0);
}

function docketsOf({ mutants: globs, protocol, writeDocs }: SelftestFlags): readonly Docket[] {
  if (!import.meta.url.endsWith(".ts"))
    throw new UsageError("mutants are edits of the sources, which the published package does not have");
  if (writeDocs && (globs.length > 0 || protocol !== undefined))
    throw new UsageError("--write-docs needs every mutant: leave out --mutant and --protocol");
  const entries = protocol === undefined ? protocols : [protocolNamed(protocol)];
  const isWanted = ({ name }: Mutant): boolean =>
    globs.length === 0 || globs.some((glob) => matchesGlob(name, glob));
  const dockets = entries
    .map((entry) => ({
      entry,
      mutants: searchProtocolOf(entry.id).mutants.filter(isWanted),
      scenarios: scenariosFor([], { protocol: entry.name }).map(({ id }) => id),
    }))
    .filter(({ mutants }) => mutants.length > 0);
  if (dockets.length === 0) throw new UsageError(`no mutant is called ${globs.join(" or ")}`);
  return dockets;
}

/** The reference first: who cannot trust an alarm needs to read no further. */
function jobsOf(
  { entry: { id: protocol }, mutants }: Docket,
  bases: readonly string[],
  plansMax: number,
): readonly TrialJob[] {
  const jobs: TrialJob[] = [];
  for (let at = 0; at < bases.length; at += referenceBasesPerJob) {
    const some = bases.slice(at, at + referenceBasesPerJob);
    const ofReference = Math.min(plansMax, referencePlansMax);
    jobs.push({ protocol, isCorpusRun: at === 0, bases: some, plansMax: ofReference });
  }
  for (const { name: mutant } of mutants) {
    jobs.push({ protocol, mutant, isCorpusRun: true, bases, plansMax });
  }
  return jobs;
}

/** A page that was written from other seeds cannot be held against this run; its names can. */
function pageProblems(
  page: string,
  matrices: readonly KillMatrix[],
  { page: file, bases, plansMax, mutants, protocol }: SelftestFlags,
): readonly string[] {
  const committed = existsSync(file) ? readFileSync(file, "utf8") : "";
  const remedy = '"seatrial selftest --write-docs" writes it';
  const isOfSameSeeds = committed.includes(seedsText({ bases, plansMax }));
  if (isOfSameSeeds && mutants.length === 0 && protocol === undefined)
    return committed === page ? [] : [`${file} is out of date; ${remedy}`];
  const missing = matrices.flatMap(namesOnPage).filter((name) => !committed.includes(name));
  return missing.length === 0 ? [] : [`${file} does not know ${missing.join(", ")}; ${remedy}`];
}

function writeJson(matrices: readonly KillMatrix[], { json, outputDir }: SelftestFlags): void {
  const text = `${JSON.stringify({ matrices }, null, 1)}\n`;
  writeAtomically(resolve(join(outputDir, "selftest.json")), text);
  if (json) process.stdout.write(text);
}

const nameOf = ({ mutant }: TrialJob): string => mutant ?? "the reference";
