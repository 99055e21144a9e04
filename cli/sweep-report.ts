// What a sweep came to: a row for each crash point, with the statement behind which the server was ended.
import { join } from "node:path";
import type { RunResult, ScenarioOutcome } from "../invariants/result.ts";
import { isFailing } from "../invariants/verdict.ts";
import { writeAtomically } from "../reports/write-atomically.ts";
import { idOf, type Sweep, type SweepRun, windowText } from "./sweep-points.ts";

interface SweepReport {
  readonly sweeps: readonly Sweep[];
  readonly runs: readonly SweepRun[];
  readonly result: RunResult;
}

/** What one run came to, in few words. */
interface Cell {
  readonly outcome: ScenarioOutcome;
  readonly violated: readonly string[];
  /** Entries of the log behind the crash. */
  readonly entries: number | undefined;
}

const textWidth = 62;
const cellWidth = 26;

/** For a terminal of 120 columns. */
export function sweepTable(report: SweepReport): string {
  return report.sweeps.map((sweep) => `\n${tableOf(sweep, report)}\n`).join("");
}

function tableOf(sweep: Sweep, report: SweepReport): string {
  const runs = report.runs.filter((run) => run.sweep === sweep);
  const methods = [...new Set(runs.map(({ method }) => method))];
  const { statements } = sweep.sight;
  const places = [...new Set(runs.map(({ after }) => after))];
  const header = `${"after".padStart(5)}  ${"statement".padEnd(textWidth)}  ${methods.map((method) => (method === "cut" ? "connection cut" : "server killed").padEnd(cellWidth)).join("")}`;
  const rows = places.map((after) => {
    const text = after === 0 ? "(before the first)" : statements[after - 1]!.text;
    const cells = methods.map((method) => {
      const run = runs.find((one) => one.after === after && one.method === method);
      return (run === undefined ? "" : cellText(cellOf(run, report))).padEnd(cellWidth);
    });
    const row = `${String(after).padStart(5)}  ${short(text).padEnd(textWidth)}  ${cells.join("")}`.trimEnd();
    return [row, ...elsewhere(runs, after, text)].join("\n");
  });
  const count = statements.length === 1 ? "1 statement" : `${statements.length} statements`;
  return [`${sweep.scenario.id}, "${windowText(sweep.window)}": ${count}`, header.trimEnd(), ...rows].join(
    "\n",
  );
}

/** Runs whose server asked something else at this place than it did when the statements were counted. */
function elsewhere(runs: readonly SweepRun[], after: number, counted: string): readonly string[] {
  if (after === 0) return [];
  return runs.flatMap(({ after: place, method, sight }) => {
    const struck = sight?.struck;
    if (place !== after || struck === undefined || template(struck) === template(counted)) return [];
    return [`       ${method} struck behind another one here: ${short(struck)}`];
  });
}

/** Comments name devices, which are others in each run. */
const template = (text: string): string => text.replaceAll(/\/\*.*?\*\//gu, "").trim();

/** `sweep.json`: the same as data, with whole texts. */
export function writeSweeps(directory: string, report: SweepReport): void {
  const sweeps = report.sweeps.map((sweep) => ({
    scenario: sweep.scenario.id,
    window: windowText(sweep.window),
    statements: sweep.sight.statements,
    points: report.runs
      .filter((run) => run.sweep === sweep)
      .map((run) => {
        const { outcome, violated, entries } = cellOf(run, report);
        const struck = run.sight?.struck;
        const at = struck === undefined ? {} : { struck };
        const afterwards = entries === undefined ? {} : { entriesAfterwards: entries };
        return {
          after: run.after,
          method: run.method,
          result: idOf(run),
          outcome,
          violated,
          ...at,
          ...afterwards,
        };
      }),
  }));
  writeAtomically(join(directory, "sweep.json"), `${JSON.stringify({ sweeps }, undefined, 2)}\n`);
}

function cellOf(run: SweepRun, { result }: SweepReport): Cell {
  const found = result.results.find(({ id }) => id === idOf(run));
  return {
    outcome: found?.outcome ?? "skipped",
    violated: (found?.judgements ?? []).filter(isFailing).map(({ law }) => law),
    entries: run.sight?.entriesAfterwards,
  };
}

function cellText({ outcome, violated, entries }: Cell): string {
  const log = entries === undefined ? "" : `, ${entries} in the log`;
  if (outcome === "pass") return `holds${log}`;
  if (violated.length > 0) return `${violated[0]!}${violated.length > 1 ? ` +${violated.length - 1}` : ""}`;
  return `${outcome}${log}`;
}

const short = (text: string): string => (text.length > textWidth ? `${text.slice(0, textWidth - 1)}…` : text);
