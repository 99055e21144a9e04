// One server at an address, as a group: of its database and its process nothing is known, so only its hooks and a restart
// command are there to be asked for. What a scenario needs beyond that is blocked before it comes here.
import { DatabaseFaults } from "../faults/database-faults.ts";
import { bringClockTo, type CompactionReport, type Hooks } from "../subjects/control.ts";
import { type Subject, SubjectFailed } from "../subjects/subject.ts";
import type { UrlTarget } from "../subjects/target.ts";
import { UrlSubject } from "../subjects/url-subject.ts";
import type { Group } from "./group.ts";

export class UrlGroup implements Group {
  readonly subjects: readonly Subject[];
  readonly databaseUrl = "";
  readonly lines = [];
  readonly databaseFaults = new DatabaseFaults({ url: "", lines: [] });
  clockOffsetMs = 0;
  readonly #subject: UrlSubject;
  readonly #target: UrlTarget;
  readonly #hooks: Hooks;
  readonly #watchers = new Set<(subject: Subject, how: string) => void>();
  /** Everybody who was there has been told so. */
  #isGone = false;

  constructor(target: UrlTarget, hooks: Hooks) {
    this.#target = target;
    this.#hooks = hooks;
    this.#subject = new UrlSubject(target);
    this.subjects = [this.#subject];
  }

  get isWhole(): boolean {
    return this.#subject.url !== undefined;
  }

  async readClock(): Promise<void> {
    this.clockOffsetMs = Math.max(0, (await this.#hooks.moveClock(this.#subject, 0)) - Date.now());
  }

  /** Brings back a server that is not there, where there is a command for that.
   *  Errors: `SubjectFailed` for one that stays away. */
  async makeWhole(): Promise<void> {
    await this.#subject.start();
    const seen = await this.#subject.health();
    this.#isGone = false;
    if (seen.isUp) return;
    if (this.#target.restartCommand !== undefined) return this.#subject.restart();
    throw new SubjectFailed("not_started", `the server under test is gone: ${seen.text}`);
  }

  watch(onEnd: (subject: Subject, how: string) => void): { cancel(): void } {
    this.#watchers.add(onEnd);
    return { cancel: () => this.#watchers.delete(onEnd) };
  }

  async lookAfter(): Promise<void> {
    if (!this.isWhole || this.#isGone) return;
    const seen = await this.#subject.health();
    if (seen.isUp || this.#isGone) return;
    this.#isGone = true;
    for (const tell of this.#watchers) tell(this.#subject, seen.text);
  }

  async start(subject: Subject): Promise<void> {
    await subject.start();
    if (this.clockOffsetMs !== 0) await bringClockTo(subject, this.clockOffsetMs, this.#hooks);
  }

  compact(subject: Subject, user: string): Promise<CompactionReport> {
    return this.#hooks.compact(subject, user);
  }

  async setClock(offsetMs: number): Promise<void> {
    this.clockOffsetMs = offsetMs;
    if (this.isWhole) await bringClockTo(this.#subject, offsetMs, this.#hooks);
  }

  backup(): Promise<number> {
    return Promise.reject(new Error("the database of a server at an address cannot be copied"));
  }

  restore(): Promise<void> {
    return Promise.reject(new Error("the database of a server at an address cannot be put back"));
  }

  /** It was there before us, and stays. */
  async dispose(): Promise<void> {
    await this.#subject.stop();
  }

  lastLines(): readonly string[] {
    return [];
  }
}
