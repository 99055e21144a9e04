// The selftest while it runs: a line for what is done, and at the foot of a terminal what runs and how long it will take.
import { mutantText } from "../explore/selftest/kill-matrix-text.ts";
import type { TrialOutcome } from "../explore/selftest/mutant-trial.ts";
import { createInk, type Ink, wantsColour } from "../reports/ink.ts";
import { progressBar } from "../reports/terminal/live-list.ts";
import { Screen, type TextStream } from "../reports/terminal/screen.ts";
import { durationText } from "../reports/time-text.ts";
import { cut } from "../reports/wrap.ts";

const repaintMs = 250;
const defaultColumns = 100;

export class SelftestProgress {
  readonly #total: number;
  readonly #stream: TextStream;
  readonly #screen: Screen;
  readonly #ink: Ink;
  readonly #startedAt = performance.now();
  readonly #running = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #done = 0;

  constructor(total: number, stream: TextStream) {
    this.#total = total;
    this.#stream = stream;
    this.#screen = new Screen(stream);
    this.#ink = createInk(wantsColour(process.env, stream));
    this.#timer = setInterval(() => this.#repaint(), repaintMs);
  }

  began(name: string): void {
    this.#running.add(name);
  }

  ended(name: string, outcome: TrialOutcome): void {
    this.#over(name, this.#outcomeLine(outcome));
  }

  /** What something came to that is no trial in the simulation. */
  told(name: string, { line, isGood }: { readonly line: string; readonly isGood: boolean }): void {
    this.#over(name, isGood ? line : this.#ink.red(line));
  }

  failed(name: string, error: string): void {
    this.#over(name, this.#ink.red(`broken  ${name}: ${error}`));
  }

  close(): void {
    clearInterval(this.#timer);
    if (this.#stream.isTTY === true) this.#screen.erase();
  }

  #outcomeLine(outcome: TrialOutcome): string {
    const { mutant, corpus, bases } = outcome;
    const { line, isGood } =
      mutant === undefined ? referenceLine(outcome) : mutantText({ mutant, scenarios: corpus, bases });
    return isGood ? line : this.#ink.red(line);
  }

  #over(name: string, line: string): void {
    this.#running.delete(name);
    this.#done++;
    if (this.#stream.isTTY === true) this.#screen.write([line]);
    else this.#stream.write(`${String(this.#done).padStart(4)}/${this.#total}  ${line}\n`);
    this.#repaint();
  }

  #repaint(): void {
    if (this.#stream.isTTY !== true) return;
    const width = this.#stream.columns ?? defaultColumns;
    const elapsedMs = performance.now() - this.#startedAt;
    const leftMs = this.#done === 0 ? undefined : (elapsedMs / this.#done) * (this.#total - this.#done);
    const left = leftMs === undefined ? "" : `, about ${durationText(leftMs)} left`;
    this.#screen.repaint([
      ` ${progressBar(this.#done / this.#total, width - 60, this.#ink)} ${this.#done} of ${this.#total} after ${durationText(elapsedMs)}${left}`,
      this.#ink.dim(cut(` ${[...this.#running].join(", ")}`, width - 2)),
    ]);
  }
}

function referenceLine({ corpus, bases }: TrialOutcome): { readonly line: string; readonly isGood: boolean } {
  const plans = bases.reduce((sum, one) => sum + one.plans, 0);
  const alarms = corpus.length + bases.filter(({ kill }) => kill !== undefined).length;
  const verdict = alarms === 0 ? "clean  " : "ALARM  ";
  return { line: `${verdict} the reference: ${plans} plans, ${alarms} false alarms`, isGood: alarms === 0 };
}
