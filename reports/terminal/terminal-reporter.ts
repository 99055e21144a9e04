// What a run looks like to whoever waits for it. A terminal gets a live list that is repainted in place; everything
// else (a pipe, CI) gets one line a scenario and a heartbeat. Both end with the same words.
import type { RunResult, ScenarioResult } from "../../invariants/result.ts";
import { createInk, type Ink, wantsColour } from "../ink.ts";
import type { Reporter, RunPlan, ScenarioStart, Storyteller, StormProgress } from "../reporter.ts";
import { summaryLines } from "./summary.ts";
import { LiveList } from "./live-list.ts";
import { Screen, type TextStream } from "./screen.ts";
import { heartbeatLine, scenarioLine } from "./plain-lines.ts";
import { stormLines } from "./storm-lines.ts";

/** Units: milliseconds. */
const repaintEveryMs = 100;
const heartbeatEveryMs = 10_000;
const defaultWidth = 100;

export interface TerminalReporterOptions {
  readonly stream: TextStream;
  readonly environment: NodeJS.ProcessEnv;
  readonly tell: Storyteller;
  /** Where the report files go, for the reader of the last lines. */
  readonly outputDir: string;
}

export function createTerminalReporter(options: TerminalReporterOptions): Reporter {
  return new TerminalReporter(options);
}

class TerminalReporter implements Reporter {
  readonly #options: TerminalReporterOptions;
  readonly #ink: Ink;
  readonly #screen: Screen;
  readonly #isLive: boolean;
  #list: LiveList | undefined;
  #storm: StormProgress | undefined;
  #timer: NodeJS.Timeout | undefined;
  #paintedAtMs = 0;

  constructor(options: TerminalReporterOptions) {
    const { stream, environment } = options;
    this.#options = options;
    this.#ink = createInk(wantsColour(environment, stream));
    this.#screen = new Screen(stream);
    const isCi = (environment["CI"] ?? "") !== "" && environment["CI"] !== "false";
    this.#isLive = stream.isTTY === true && !isCi && environment["TERM"] !== "dumb";
  }

  onRunBegin(plan: RunPlan): void {
    this.#list = new LiveList(plan, performance.now());
    this.#timer = setInterval(
      () => (this.#isLive ? this.#paint() : this.#beat()),
      this.#isLive ? repaintEveryMs : heartbeatEveryMs,
    );
    this.#timer.unref();
  }

  onScenarioBegin(scenario: ScenarioStart): void {
    this.#list?.begin(scenario, performance.now());
    this.#paintIfDue();
  }

  onScenarioEnd(result: ScenarioResult): void {
    this.#list?.end(result);
    if (!this.#isLive) this.#screen.write([scenarioLine(result, this.#ink)]);
    this.#paintIfDue();
  }

  onProgress(progress: StormProgress): void {
    this.#storm = progress;
    this.#paintIfDue();
  }

  onInterrupt(): void {
    this.#screen.write(["stopping; the reports will say how far it came (Ctrl-C again: stop at once)"]);
  }

  onRunEnd(run: RunResult): void {
    clearInterval(this.#timer);
    this.#screen.erase();
    const { tell, outputDir } = this.#options;
    this.#screen.write(
      summaryLines(run, { tell, outputDir, ink: this.#ink, width: this.#width(), storm: this.#storm }),
    );
  }

  #paintIfDue(): void {
    if (this.#isLive && performance.now() - this.#paintedAtMs >= repaintEveryMs) this.#paint();
  }

  #paint(): void {
    this.#paintedAtMs = performance.now();
    const ink = this.#ink;
    const size = { width: this.#width(), height: this.#options.stream.rows ?? 24 };
    const lines =
      this.#storm === undefined
        ? (this.#list?.lines({ ...size, ink, nowMs: this.#paintedAtMs }) ?? [])
        : stormLines(this.#storm, { ...size, ink });
    this.#screen.repaint(lines);
  }

  #beat(): void {
    const line =
      this.#storm === undefined
        ? this.#list === undefined
          ? undefined
          : heartbeatLine(this.#list, performance.now())
        : stormLines(this.#storm, { width: 200, ink: this.#ink })
            .map((text) => text.trim())
            .join(" · ");
    if (line !== undefined) this.#screen.write([line]);
  }

  #width(): number {
    return Math.max(40, this.#options.stream.columns ?? defaultWidth);
  }
}
