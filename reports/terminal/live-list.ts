// The live list: how far every world is, what runs now, what came last, what failed. Holds state, paints nothing; at
// most a screenful.
import type { ScenarioOutcome, ScenarioResult } from "../../invariants/result.ts";
import type { Ink } from "../ink.ts";
import type { RunPlan, ScenarioStart, WorldName } from "../reporter.ts";
import { countText, durationText } from "../time-text.ts";
import { cut, printable } from "../wrap.ts";
import { outcomeInk, outcomeMarks } from "./plain-lines.ts";

const recentMax = 6;
const failuresMax = 8;
const barWidthMax = 40;

interface WorldProgress {
  readonly world: WorldName;
  readonly total: number;
  readonly counts: Record<ScenarioOutcome, number>;
}

interface Running {
  readonly id: string;
  readonly startedAtMs: number;
}

export interface PaintOptions {
  readonly width: number;
  readonly height: number;
  readonly ink: Ink;
  readonly nowMs: number;
}

export class LiveList {
  readonly #worlds: readonly WorldProgress[];
  readonly #startedAtMs: number;
  readonly #running = new Map<string, Running>();
  #recent: readonly ScenarioResult[] = [];
  #failures: readonly ScenarioResult[] = [];

  constructor(plan: RunPlan, nowMs: number) {
    this.#startedAtMs = nowMs;
    this.#worlds = plan.worlds.map(({ world, scenarios }) => ({
      world,
      total: scenarios,
      counts: { pass: 0, fail: 0, drifted: 0, blocked: 0, error: 0, skipped: 0 },
    }));
  }

  begin({ id, world }: ScenarioStart, nowMs: number): void {
    this.#running.set(`${world} ${id}`, { id, startedAtMs: nowMs });
  }

  end(result: ScenarioResult): void {
    this.#running.delete(`${result.world} ${result.id}`);
    const world = this.#worlds.find((one) => one.world === result.world);
    if (world !== undefined) world.counts[result.outcome]++;
    if (result.outcome === "fail" || result.outcome === "error" || result.outcome === "drifted") {
      this.#failures = [...this.#failures, result].slice(-failuresMax);
    } else if (result.outcome === "pass") this.#recent = [...this.#recent, result].slice(-recentMax);
  }

  progress(nowMs: number): {
    readonly done: number;
    readonly total: number;
    readonly elapsedMs: number;
    readonly running: readonly string[];
  } {
    return {
      done: this.#worlds.reduce((sum, world) => sum + doneOf(world), 0),
      total: this.#worlds.reduce((sum, { total }) => sum + total, 0),
      elapsedMs: nowMs - this.#startedAtMs,
      running: [...this.#running.values()].map(({ id }) => id),
    };
  }

  /** Bars first, failures next, because they are what one waits for; then what is going on. */
  lines({ width, height, ink, nowMs }: PaintOptions): readonly string[] {
    const bars = this.#worlds.map((world) => barLine(world, { width, ink }));
    const elapsed = ` ${ink.dim(durationText(nowMs - this.#startedAtMs))}`;
    const failures = this.#failures.map((result) => resultLine(result, { width, ink }));
    const room = Math.max(0, height - bars.length - failures.length - 4);
    const running = [...this.#running.values()].map(
      ({ id, startedAtMs }) =>
        ` ${ink.cyan("…")} ${cut(printable(id), width - 16)}  ${ink.dim(durationText(nowMs - startedAtMs))}`,
    );
    const recent = this.#recent.map((result) => resultLine(result, { width, ink }));
    const moving = [...recent, ...running].slice(-Math.max(1, room));
    return ["", ...bars, elapsed, ...failures, ...moving].slice(0, Math.max(1, height - 1));
  }
}

/** `━━━━────`, as long as the share that is done. */
export function progressBar(share: number, width: number, ink: Ink): string {
  const room = Math.max(8, Math.min(barWidthMax, width));
  const full = Math.max(0, Math.min(room, Math.round(share * room)));
  return `${ink.cyan("━".repeat(full))}${ink.dim("─".repeat(room - full))}`;
}

function barLine(progress: WorldProgress, { width, ink }: { width: number; ink: Ink }): string {
  const { world, total, counts } = progress;
  const done = doneOf(progress);
  const parts = (["pass", "fail", "drifted", "error", "blocked", "skipped"] as const)
    .filter((outcome) => outcome === "pass" || counts[outcome] > 0)
    .map((outcome) => outcomeInk(outcome, ink)(`${outcomeMarks[outcome]} ${counts[outcome]}`));
  const bar = progressBar(total === 0 ? 1 : done / total, width - 50, ink);
  return ` ${ink.bold(world.padEnd(4))} ${bar} ${countText(done)} of ${countText(total)}  ${parts.join("  ")}`;
}

function resultLine(result: ScenarioResult, { width, ink }: { width: number; ink: Ink }): string {
  const mark = outcomeInk(result.outcome, ink)(outcomeMarks[result.outcome]);
  const id = cut(printable(result.id), width - 24);
  return ` ${mark} ${id}  ${ink.dim(`${result.world}, ${durationText(result.durationMs)}`)}`;
}

function doneOf({ counts }: WorldProgress): number {
  return counts.pass + counts.fail + counts.drifted + counts.error + counts.blocked + counts.skipped;
}
