// The servers of one run: which process a device talks to, what the scenario does to the processes and their database,
// and what becomes of the run's clock. The processes themselves belong to a group that outlives the run.
import type { ServerAccount } from "../../actors/actor.ts";
import type { DatabaseAction, Scenario, ServerAction } from "../../scenarios/format/types.ts";
import type { StepOutcome } from "../../scenarios/format/world.ts";
import { HookUnanswered } from "../subjects/control.ts";
import { type SweepPoint, type SweepSight, StatementSweep } from "../faults/statement-sweep.ts";
import { type Subject, SubjectFailed } from "../subjects/subject.ts";
import { type Guide, Guidance } from "../faults/guide.ts";
import { type Errand, StatementFaults } from "../faults/statement-faults.ts";
import type { Life } from "../faults/life.ts";
import type { Chronicle } from "./chronicle.ts";
import type { Group } from "./group.ts";

export interface RunServersOptions {
  readonly group: Group;
  readonly scenario: Scenario;
  readonly chronicle: Chronicle;
  /** The scenario's users at this moment, the first device's first. */
  readonly users: () => Iterable<string>;
  /** How a user is called on the servers. */
  readonly serverUser: (user: string) => string;
  /** The scenario's name of a device that the servers know by its id. */
  readonly deviceNamed: (deviceId: string) => string | undefined;
  readonly sweep?: SweepPoint;
  /** The server's account of the first device's user. */
  readonly readFirstAccount: () => Promise<Pick<ServerAccount, "entries">>;
}

export class RunServers {
  readonly #options: RunServersOptions;
  readonly #group: Group;
  readonly #chronicle: Chronicle;
  readonly #watch: { cancel(): void };
  readonly #statements: StatementFaults;
  readonly #sweep: StatementSweep | undefined;
  #clockOffsetMs: number;
  #skewMs = 0;
  #hasBackup = false;
  #hasEmptyBackup = false;
  /** Jobs of the servers that are under way. */
  readonly #jobs: Errand[] = [];
  #guidance: Guidance | undefined;
  #isOver = false;

  constructor(options: RunServersOptions) {
    this.#options = options;
    this.#group = options.group;
    this.#chronicle = options.chronicle;
    this.#clockOffsetMs = options.group.clockOffsetMs;
    options.group.databaseFaults.forget();
    this.#statements = new StatementFaults({
      lines: options.group.lines,
      databaseUrl: options.group.databaseUrl,
      underWay: () => [...this.#jobs, ...this.#chronicle.underWay()],
      onObservation: (text) => this.#chronicle.observations.push(text),
      deviceNamed: options.deviceNamed,
      kill: (place, text) => this.#kill(this.#group.subjects[place]!, text),
      onFault: ({ kind, text }) => this.#chronicle.fault(kind, "server", text),
    });
    this.#sweep = this.#createSweep(options);
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

  /** Holds the run to a guide, until everybody has come to rest. */
  follow(guide: Guide, devices: { restart(name: string): Promise<void> }, life: Life): Guidance {
    const { subjects, lines } = this.#group;
    this.#guidance = new Guidance({
      guide,
      lines,
      statements: this.#statements,
      servers: subjects.map(({ name }) => name),
      deviceNamed: this.#options.deviceNamed,
      restart: async (who) => {
        const subject = subjects.find(({ name }) => name === who);
        if (subject === undefined) await devices.restart(who);
        else if (subject.url === undefined) await this.#start(subject);
      },
      life,
    });
    return this.#guidance;
  }

  /** Where any process listens. */
  anyUrl(): string | undefined {
    return this.#group.subjects.find(answers)?.url;
  }

  async database(action: DatabaseAction): Promise<void> {
    const tell = (kind: string, text: string): void => this.#chronicle.fault(kind, "database", text);
    await this.#group.databaseFaults.apply(action, tell);
  }

  /** Runs a step of the scenario; a sweep may crash the servers in the middle of it. */
  around(
    step: { readonly device?: string; readonly verb: string },
    run: () => Promise<StepOutcome>,
  ): Promise<StepOutcome> {
    return this.#sweep === undefined ? run() : this.#sweep.around(step, run);
  }

  get sweepSight(): SweepSight | undefined {
    return this.#sweep?.sight;
  }

  async act(action: ServerAction): Promise<StepOutcome> {
    switch (action.verb) {
      case "compact":
        return this.around({ verb: "compact" }, () => this.#compact(action.process));
      case "crash":
        for (const subject of this.#subjects(action.process)) await this.#kill(subject, "killed");
        return ok;
      case "stop":
        for (const subject of this.#subjects(action.process)) await this.#stop(subject);
        return ok;
      case "restart":
        for (const subject of this.#subjects(action.process)) {
          await this.#kill(subject, "killed");
          if (!(await this.#start(subject))) return blocked;
        }
        return ok;
      case "roll":
        for (const subject of this.#group.subjects) {
          await this.#stop(subject);
          if (!(await this.#start(subject))) return blocked;
        }
        return ok;
      case "pause":
        for (const subject of this.#subjects(action.process)) {
          if (!answers(subject)) continue;
          subject.pause();
          this.#chronicle.fault("process paused", subject.name, `${subject.name} stands still`);
        }
        return ok;
      case "resume":
        for (const subject of this.#subjects(action.process)) subject.resume();
        return ok;
      case "backup":
        this.#hasEmptyBackup = (await this.#group.backup()) === 0;
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
        this.#statements.arm(action);
        if (action.purpose !== "compact") return ok;
        return action.verb === "hold-during" ? this.#compactUntilHeld() : this.#compact();
      case "lose-connections":
        for (const [place, subject] of this.#group.subjects.entries()) {
          if (action.process !== undefined && action.process !== place + 1) continue;
          this.#statements.loseConnections(place);
          const text = `${subject.name} loses its connections`;
          this.#chronicle.fault("database connections lost", subject.name, text);
        }
        return ok;
      case "release":
        this.#statements.release(action);
        return ok;
    }
  }

  async advance(byMs: number): Promise<void> {
    this.#clockOffsetMs += byMs;
    await this.#setClock();
    this.#chronicle.fault("clock", "world", `time moves by ${byMs} ms`);
  }

  #createSweep({ sweep, group, readFirstAccount }: RunServersOptions): StatementSweep | undefined {
    if (sweep === undefined) return undefined;
    return new StatementSweep({
      point: sweep,
      lines: group.lines,
      kill: async () => {
        for (const subject of group.subjects) await this.#kill(subject, "killed");
      },
      restart: async () => {
        for (const subject of group.subjects) await this.#start(subject);
      },
      onCut: (text) => this.#chronicle.fault("database connection cut", "server", text),
      countEntries: () =>
        readFirstAccount().then(
          ({ entries }) => entries,
          () => undefined,
        ),
    });
  }

  /** Starts what is down. */
  async calm(): Promise<void> {
    await this.#group.databaseFaults.recover();
    for (const subject of this.#group.subjects) subject.resume();
    this.#guidance?.calm();
    await this.#statements.calm();
    for (const subject of this.#group.subjects) if (subject.url === undefined) await this.#start(subject);
  }

  /** Faults at statements and of the database that were arranged and never struck, as scenario lines say them. Who
   *  keeps nothing in the database that was given has lost nothing when that is put back. */
  unsprung(): readonly string[] {
    return [
      ...this.#statements.unsprung(),
      ...this.#group.databaseFaults.unstruck(),
      ...(this.#hasEmptyBackup ? ["server: restore"] : []),
    ];
  }

  /** The run is over; the processes stay as they are. */
  end(): void {
    this.#isOver = true;
    this.#guidance?.end();
    this.#statements.end();
    this.#watch.cancel();
  }

  /** Runs the job for everybody. The body speaks of the first device's user. */
  async #compact(process?: number): Promise<StepOutcome> {
    const subject = this.#subjects(process).find(answers);
    if (subject === undefined) return blocked;
    let body: { readonly compacted_up_to: number; readonly deleted: number } | undefined;
    for (const user of this.#options.users()) {
      const begunAt = this.#chronicle.now();
      const job = { message: "compact" };
      this.#jobs.push(job);
      try {
        const report = await this.#group.compact(subject, this.#options.serverUser(user));
        body ??= { compacted_up_to: report.compactedUpTo, deleted: report.deleted };
        this.#chronicle.record({ kind: "compacted", actor: "server", user, begunAt, ...report });
      } catch (error) {
        if (!(error instanceof HookUnanswered)) throw error;
        return { outcome: "unknown", type: error.name, body: { message: error.message } };
      } finally {
        this.#jobs.splice(this.#jobs.indexOf(job), 1);
      }
    }
    return { outcome: "ok", body };
  }

  /** Done when the job stands still at its place, or was over before it came there. */
  async #compactUntilHeld(): Promise<StepOutcome> {
    const job = this.#compact();
    // A job that is held may go wrong long after this step; then its own record says so.
    job.catch(() => undefined);
    await Promise.race([job, this.#statements.untilHeld()]);
    return ok;
  }

  async #restoreDatabase(): Promise<StepOutcome> {
    // The group may have one of an earlier run.
    if (!this.#hasBackup) throw new Error("the server has no backup; expected a backup step before");
    for (const subject of this.#group.subjects) await this.#kill(subject, "its database is restored");
    await this.#group.restore();
    if (!this.#hasEmptyBackup)
      this.#chronicle.fault("restore", "server", "the database is put back to its backup");
    for (const subject of this.#group.subjects) if (!this.#isOver) await this.#group.start(subject);
    return ok;
  }

  async #kill(subject: Subject, text: string): Promise<void> {
    if (subject.url === undefined) return;
    await subject.kill();
    this.#chronicle.crashed("server", subject.name, text);
    await this.#statements.noteKilled(this.#group.subjects.indexOf(subject));
  }

  async #stop(subject: Subject): Promise<void> {
    if (subject.url === undefined) return;
    const text = subject.isPaused ? "killed, because it did not stop" : "stopped";
    await subject.stop();
    this.#chronicle.crashed("server", subject.name, text);
  }

  /** A process that finds no database does not come up: `false`. Whether one comes up that finds a database in trouble
   *  is its own affair. */
  async #start(subject: Subject): Promise<boolean> {
    if (!this.#group.databaseFaults.takesConnections) return false;
    // A step that was under way when the run was broken off must not start what has been taken down since.
    if (this.#isOver) return true;
    this.#chronicle.restarted(subject.name);
    try {
      await this.#group.start(subject);
    } catch (error) {
      const mayStayDown = error instanceof SubjectFailed && error.code === "not_started";
      if (!mayStayDown || this.#group.databaseFaults.isCalm) throw error;
      this.#chronicle.crashed("server", subject.name, "does not come up");
      return false;
    }
    return true;
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
const blocked: StepOutcome = { outcome: "blocked" };
const answers = ({ url, isPaused }: Subject): boolean => url !== undefined && !isPaused;
