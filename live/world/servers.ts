// The servers of one run: which process a device talks to, what the scenario does to the processes and their database,
// and what becomes of the run's clock. The processes themselves belong to a group that outlives the run.
import type { Scenario, ServerAction } from "../../scenarios/format/types.ts";
import type { StepOutcome } from "../../scenarios/format/world.ts";
import { HookUnanswered } from "../subjects/control.ts";
import type { Subject } from "../subjects/subject.ts";
import type { Chronicle } from "./chronicle.ts";
import type { ServerGroup } from "./server-group.ts";

export interface RunServersOptions {
  readonly group: ServerGroup;
  readonly scenario: Scenario;
  readonly chronicle: Chronicle;
  /** The scenario's users at this moment, the first device's first. */
  readonly users: () => Iterable<string>;
  /** How a user is called on the servers. */
  readonly serverUser: (user: string) => string;
}

export class RunServers {
  readonly #options: RunServersOptions;
  readonly #group: ServerGroup;
  readonly #chronicle: Chronicle;
  readonly #watch: { cancel(): void };
  #clockOffsetMs: number;
  #skewMs = 0;
  #hasBackup = false;
  #isOver = false;

  constructor(options: RunServersOptions) {
    this.#options = options;
    this.#group = options.group;
    this.#chronicle = options.chronicle;
    this.#clockOffsetMs = options.group.clockOffsetMs;
    this.#watch = options.group.watch((subject, how) => {
      this.#chronicle.problem(`${subject.name} ended by itself: ${how}`);
      this.#chronicle.crashed("server", subject.name, `ended by itself: ${how}`);
    });
  }

  /** How far everybody's clock is ahead of the machine's, skews apart. Units: milliseconds. */
  get clockOffsetMs(): number {
    return this.#clockOffsetMs;
  }

  /** Where the process of a device listens; `undefined` while it is down. */
  urlFor(device: string): string | undefined {
    const { subjects } = this.#group;
    const spec = this.#options.scenario.devices.find(({ name }) => name === device);
    return subjects[((spec?.process ?? 1) - 1) % subjects.length]!.url;
  }

  /** Where any process listens. */
  anyUrl(): string | undefined {
    return this.#group.subjects.find(({ url }) => url !== undefined)?.url;
  }

  async act(action: ServerAction): Promise<StepOutcome> {
    switch (action.verb) {
      case "compact":
        return this.#compact(action.process);
      case "crash":
        for (const subject of this.#subjects(action.process)) await this.#kill(subject, "killed");
        return ok;
      case "stop":
        for (const subject of this.#subjects(action.process)) {
          if (subject.url === undefined) continue;
          await subject.stop();
          this.#chronicle.crashed("server", subject.name, "stopped");
        }
        return ok;
      case "restart":
        for (const subject of this.#subjects(action.process)) {
          await this.#kill(subject, "killed");
          await this.#start(subject);
        }
        return ok;
      case "backup":
        await this.#group.backup();
        this.#hasBackup = true;
        return ok;
      case "restore":
        return this.#restoreDatabase();
      case "skew":
        this.#skewMs = action.byMs;
        await this.#setClock();
        this.#chronicle.fault("skew", "server", `the server's clock is off by ${action.byMs} ms`);
        return ok;
      case "crash-during":
      case "lose-answer-during":
      case "fail-during":
      case "hold-during":
      case "lose-connections":
      case "release":
        throw new Error(`the live world cannot do "${action.verb}"; a scenario with it needs "statements"`);
    }
  }

  async advance(byMs: number): Promise<void> {
    this.#clockOffsetMs += byMs;
    await this.#setClock();
    this.#chronicle.fault("clock", "world", `time moves by ${byMs} ms`);
  }

  /** Starts what is down. */
  async calm(): Promise<void> {
    for (const subject of this.#group.subjects) if (subject.url === undefined) await this.#start(subject);
  }

  /** The run is over; the processes stay as they are. */
  end(): void {
    this.#isOver = true;
    this.#watch.cancel();
  }

  /** Runs the job for everybody. The body speaks of the first device's user. */
  async #compact(process?: number): Promise<StepOutcome> {
    const subject = this.#subjects(process).find(({ url }) => url !== undefined);
    if (subject === undefined) return { outcome: "blocked" };
    let body: { readonly compacted_up_to: number; readonly deleted: number } | undefined;
    for (const user of this.#options.users()) {
      const begunAt = this.#chronicle.now();
      try {
        const report = await this.#group.compact(subject, this.#options.serverUser(user));
        body ??= { compacted_up_to: report.compactedUpTo, deleted: report.deleted };
        this.#chronicle.record({ kind: "compacted", actor: "server", user, begunAt, ...report });
      } catch (error) {
        if (!(error instanceof HookUnanswered)) throw error;
        return { outcome: "unknown", type: error.name, body: { message: error.message } };
      }
    }
    return { outcome: "ok", body };
  }

  async #restoreDatabase(): Promise<StepOutcome> {
    // The group may have one of an earlier run.
    if (!this.#hasBackup) throw new Error("the server has no backup; expected a backup step before");
    for (const subject of this.#group.subjects) await this.#kill(subject, "its database is restored");
    await this.#group.restore();
    this.#chronicle.fault("restore", "server", "the database is put back to its backup");
    for (const subject of this.#group.subjects) if (!this.#isOver) await this.#group.start(subject);
    return ok;
  }

  async #kill(subject: Subject, text: string): Promise<void> {
    if (subject.url === undefined) return;
    await subject.kill();
    this.#chronicle.crashed("server", subject.name, text);
  }

  async #start(subject: Subject): Promise<void> {
    // A step that was under way when the run was broken off must not start what has been taken down since.
    if (this.#isOver) return;
    this.#chronicle.restarted(subject.name);
    await this.#group.start(subject);
  }

  /** A server's clock can only be moved on. Where it would have to go back, everybody else's goes on instead: what a
   *  skew is about is how far clocks are apart. */
  async #setClock(): Promise<void> {
    this.#clockOffsetMs = Math.max(this.#clockOffsetMs, this.#group.clockOffsetMs - this.#skewMs);
    await this.#group.setClock(this.#clockOffsetMs + this.#skewMs);
  }

  /** The process with this number, from 1, or all of them. */
  #subjects(process: number | undefined): readonly Subject[] {
    const { subjects } = this.#group;
    return process === undefined ? subjects : subjects.slice(process - 1, process);
  }
}

const ok: StepOutcome = { outcome: "ok" };
