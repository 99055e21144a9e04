// What happened in a run, as its world writes it down: the history, and how often each kind of fault really struck.
import type { Recorder } from "../../actors/actor.ts";
import type { HistoryEvent, RunMs } from "../../invariants/history.ts";

/** An event without its time. */
type Untimed<Event> = Event extends HistoryEvent ? Omit<Event, "at"> : never;

export class Chronicle implements Recorder {
  readonly events: HistoryEvent[] = [];
  readonly faultCounts = new Map<string, number>();
  /** What nobody asked for: a server that ended by itself, an error that nobody caught. */
  readonly problems: string[] = [];
  /** What was noticed and is no fault, in words. */
  readonly observations: string[] = [];
  readonly #startedAt = performance.now();
  readonly #underWay = new Map<number, { readonly device: string; readonly message: string }>();
  #isClosed = false;

  now(): RunMs {
    return Math.round(performance.now() - this.#startedAt);
  }

  record(event: Readonly<Record<string, unknown>> | Untimed<HistoryEvent>): void {
    if (this.#isClosed) return;
    const told = { ...event, at: this.now() } as unknown as HistoryEvent;
    this.events.push(told);
    if (told.kind === "invoked") {
      const { kind = "" } = told.request as { readonly kind?: string };
      this.#underWay.set(told.call, { device: told.actor, message: kind });
    } else if (told.kind === "accepted" || told.kind === "refused" || told.kind === "unknown") {
      this.#underWay.delete(told.call);
    }
  }

  /** The exchanges that have been begun and have no end yet. */
  underWay(): readonly { readonly device: string; readonly message: string }[] {
    return [...this.#underWay.values()];
  }

  fault(kind: string, target: string, text: string): void {
    this.#count(kind);
    this.record({ kind: "fault", actor: "world", fault: kind, target, text });
  }

  /** `who` says what kind of thing crashed: "server", "device". */
  crashed(who: string, target: string, text: string): void {
    this.#count(`${who} crash`);
    this.record({ kind: "crash", actor: "world", target, text });
  }

  restarted(target: string): void {
    this.record({ kind: "restart", actor: "world", target });
  }

  problem(text: string): void {
    if (!this.#isClosed) this.problems.push(text);
  }

  /** An error that somebody should have caught. */
  bug(who: string, error: unknown): void {
    this.problem(`${who}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }

  /** The run is over: what comes late is not part of it. */
  close(): void {
    this.#isClosed = true;
  }

  #count(kind: string): void {
    this.faultCounts.set(kind, (this.faultCounts.get(kind) ?? 0) + 1);
  }
}
