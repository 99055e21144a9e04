// The steps of a plan as they are written down. Each gets the line and the words that stand for it in errors and
// stories; the plan's file, once written, has them in full.
import type { JsonValue } from "../protocol/json.ts";
import type {
  DeviceAction,
  NetworkAction,
  RawRequest,
  Remembered,
  ServerAction,
  Step,
} from "../scenarios/format/types.ts";

type StepBody = Step extends infer One ? (One extends Step ? Omit<One, "source"> : never) : never;

export class StepList {
  #steps: Step[] = [];

  get steps(): readonly Step[] {
    return this.#steps;
  }

  get length(): number {
    return this.#steps.length;
  }

  device(name: string, verb: string, args: DeviceAction["args"] = {}): void {
    this.#add({ kind: "device", device: name, action: { verb, args } }, `${name}: ${verb}`);
  }

  network(action: NetworkAction): void {
    this.#add({ kind: "network", action }, `network: ${action.verb}`);
  }

  server(action: ServerAction, remember?: Remembered): void {
    const body: StepBody = { kind: "server", action, ...(remember === undefined ? {} : { remember }) };
    this.#add(body, `server: ${action.verb}`);
  }

  request(request: RawRequest, remember?: Remembered): void {
    const body: StepBody = { kind: "request", request, ...(remember === undefined ? {} : { remember }) };
    this.#add(body, `request: ${request.method} ${request.path}`);
  }

  sync(devices: readonly string[]): void {
    this.#add({ kind: "sync", devices }, `sync: ${devices.join(", ")}`);
  }

  /** Longer than a step may wait becomes several waits. */
  wait(forMs: number): void {
    for (let restMs = forMs; restMs > 0; restMs -= waitMaxMs) {
      const partMs = Math.min(restMs, waitMaxMs);
      this.#add({ kind: "wait", forMs: partMs }, `wait: ${partMs}ms`);
    }
  }

  advance(advanceMs: number): void {
    this.#add({ kind: "clock", advanceMs }, `clock: advance ${advanceMs}ms`);
  }

  settle(withinMs: number): void {
    this.#add({ kind: "settle", withinMs }, "settle");
  }

  /** What `write` adds happens at once. */
  together(write: () => void): void {
    this.#nest("together", write);
  }

  /** What `write` adds is begun and not waited for. */
  start(write: () => void): void {
    this.#nest("start", write);
  }

  finish(): void {
    this.#add({ kind: "finish" }, "finish");
  }

  #nest(kind: "together" | "start", write: () => void): void {
    const outer = this.#steps;
    this.#steps = [];
    write();
    const steps = this.#steps;
    this.#steps = outer;
    if (steps.length > 0) this.#add({ kind, steps }, kind);
  }

  #add(body: StepBody, text: string): void {
    this.#steps.push({ ...body, source: { line: this.#steps.length + 1, text } } as Step);
  }
}

/** The format's own bound.  Units: milliseconds. */
const waitMaxMs = 60_000;

/** An entity and one field of it, as `edit` takes them. */
export const editOf = (
  entity: { readonly entityType: string; readonly entityId: string },
  edits: readonly { readonly field: string; readonly value: JsonValue }[],
): JsonValue => ({ entityType: entity.entityType, entityId: entity.entityId, edits: [...edits] });
