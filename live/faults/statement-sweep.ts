// One crash point of a sweep: a window of a scenario in which every statement of the server is counted, and a crash
// behind one of them. Nothing of the server need be known: not its language, not its tables, not its statements.
import type { WireAnswer } from "./postgres-wire/events.ts";
import type { PostgresWireProxy } from "./postgres-wire/proxy.ts";
import type { StatementWindow } from "./postgres-wire/window.ts";

/** A step of a scenario while which statements are counted: the first compaction, or the first time that a device does
 *  something. */
export type SweepWindow =
  | { readonly kind: "compact" }
  | { readonly kind: "device"; readonly device: string; readonly verb: string };

/** `cut`: the connection is reset and the server lives on. `kill`: the server is killed (SIGKILL) and started again. */
export type CrashMethod = "cut" | "kill";

export interface SweepPoint {
  readonly window: SweepWindow;
  /** Behind the statement with this number, from 1; 0: before the first. Absent: statements are only counted. */
  readonly crash?: { readonly after: number; readonly method: CrashMethod };
}

export interface SweptStatement {
  /** On one line, at most 4,096 characters. */
  readonly text: string;
  /** What the database said of it: a tag, an error, or nothing that was heard. */
  readonly answer: string;
}

/** What a run has seen of its window. */
export interface SweepSight {
  readonly statements: readonly SweptStatement[];
  /** The statement at which the crash came to pass, as this run had it; absent where it did not. */
  readonly struck?: string;
  /** Entries of the log behind the crash, once the server was up again; absent where it told none. */
  readonly entriesAfterwards?: number;
}

export interface SweepOptions {
  readonly point: SweepPoint;
  readonly lines: readonly PostgresWireProxy[];
  readonly kill: () => Promise<void>;
  readonly restart: () => Promise<void>;
  readonly onCut: (text: string) => void;
  readonly countEntries: () => Promise<number | undefined>;
}

export class StatementSweep {
  readonly #options: SweepOptions;
  #isBegun = false;
  #sight: SweepSight | undefined;

  constructor(options: SweepOptions) {
    this.#options = options;
  }

  /** `undefined` until the window is over. */
  get sight(): SweepSight | undefined {
    return this.#sight;
  }

  /** Runs a step, and crashes the server in the middle of it if it is the one that was meant. */
  async around<Outcome>(
    step: { readonly device?: string; readonly verb: string },
    run: () => Promise<Outcome>,
  ): Promise<Outcome> {
    if (this.#isBegun || !this.#isMeant(step)) return run();
    this.#isBegun = true;
    const { lines, countEntries } = this.#options;
    const windows = lines.map((line) => line.openWindow());
    const crashes = lines.map((line, place) => this.#arm(line, windows[place]!));
    const outcome = await run();
    for (const { cancel } of crashes) cancel();
    const struck = (await Promise.all(crashes.map(({ done }) => done))).find((text) => text !== undefined);
    const entriesAfterwards = struck === undefined ? undefined : await countEntries();
    this.#sight = {
      statements: windows.flatMap((window) =>
        window.close().map(({ statement, answer }) => ({ text: statement.text, answer: answerText(answer) })),
      ),
      ...(struck === undefined ? {} : { struck }),
      ...(entriesAfterwards === undefined ? {} : { entriesAfterwards }),
    };
    return outcome;
  }

  #isMeant({ device, verb }: { readonly device?: string; readonly verb: string }): boolean {
    const { window } = this.#options.point;
    return window.kind === "compact"
      ? device === undefined && verb === "compact"
      : device === window.device && verb === window.verb;
  }

  #arm(
    line: PostgresWireProxy,
    window: StatementWindow,
  ): { readonly done: Promise<string | undefined>; readonly cancel: () => void } {
    const { crash } = this.#options.point;
    if (crash === undefined) return { done: Promise.resolve(undefined), cancel: () => undefined };
    let isReached = false;
    const at = { window, ordinal: Math.max(1, crash.after) };
    const hold = line.hold({ at, side: crash.after === 0 ? "before" : "after" });
    const done = hold.reached.then(async (held) => {
      if (held === undefined) return undefined;
      isReached = true;
      if (crash.method === "kill") await this.#options.kill();
      else this.#options.onCut(`the connection to the database is cut ${placeText(crash.after)}`);
      const gone = hold.cut();
      if (crash.method === "kill") {
        await gone;
        await this.#options.restart();
      }
      return held.statement.text;
    });
    // What stands there is cut, and must not be let go by an impatient step.
    const cancel = (): void => {
      if (!isReached) hold.release();
    };
    return { done, cancel };
  }
}

/** Where in a window a crash strikes, in words. */
export const placeText = (after: number): string =>
  after === 0 ? "before the first statement" : `after statement ${after}`;

function answerText(answer: WireAnswer | undefined): string {
  switch (answer?.kind) {
    case undefined:
      return "";
    case "completed":
      return answer.tags.join("; ");
    case "failed":
      return `${answer.code} ${answer.message}`;
    case "skipped":
      return "skipped";
  }
}
