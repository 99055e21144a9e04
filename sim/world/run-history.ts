// What a run writes down while it happens: the history, how often each kind of fault struck, and the digest.
import type { Recorder } from "../../actors/actor.ts";
import type { HistoryEvent } from "../../invariants/history.ts";
import { hashText } from "../kernel/addressed-random.ts";
import type { Kernel } from "../kernel/kernel.ts";

export class RunHistory {
  readonly events: HistoryEvent[] = [];
  /** How often each kind of fault really happened. */
  readonly faultCounts = new Map<string, number>();
  /** For devices, which know no times. */
  readonly recorder: Recorder;
  readonly #kernel: Kernel;
  readonly #kindHashes = new Map<string, number>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.recorder = { record: (event) => this.record(event as unknown as HistoryEvent) };
  }

  /** Takes the event over, and gives it its time. */
  record(event: HistoryEvent): void {
    (event as { at: number }).at = this.#kernel.now();
    this.events.push(event);
    this.#kernel.digest.add(this.#hashOf(event.kind));
    this.#kernel.trace?.addRecord(this.#kernel.now(), event.actor, event.kind);
  }

  fault(kind: string, target: string, text: string): void {
    this.#count(kind);
    this.record({ kind: "fault", at: 0, actor: "world", fault: kind, target, text });
  }

  crash(kind: string, target: string, text: string): void {
    this.#count(kind);
    this.record({ kind: "crash", at: 0, actor: "world", target, text });
  }

  restart(target: string): void {
    this.record({ kind: "restart", at: 0, actor: "world", target });
  }

  #count(kind: string): void {
    this.faultCounts.set(kind, (this.faultCounts.get(kind) ?? 0) + 1);
  }

  #hashOf(kind: string): number {
    let hash = this.#kindHashes.get(kind);
    if (hash === undefined) this.#kindHashes.set(kind, (hash = hashText(kind, 0)));
    return hash;
  }
}
