// What one step of a scenario came to, counted while the device carries it out: answers as they came, and what the
// device did durably.
import type { PushReply } from "../../protocol/waveflow/types.ts";
import type { IncomingReply } from "../../reference-client/waveflow/ports.ts";
import type { StepOutcome } from "../../scenarios/format/world.ts";
import type { ExchangeOutcome } from "./recording-transport.ts";

const noCounts = {
  batches: 0,
  stored: 0,
  duplicate: 0,
  dropped: 0,
  restamped: 0,
  deadLettered: 0,
  pages: 0,
  applied: 0,
  parked: 0,
  resyncs: 0,
  acks: 0,
} as const;

export type CountName = keyof typeof noCounts;

const countOfCall: Readonly<Record<string, CountName | undefined>> = {
  push: "batches",
  pull: "pages",
  ack: "acks",
};

interface Said {
  readonly status?: number;
  readonly type?: string;
}

export class StepTally {
  #counts: Record<CountName, number> = { ...noCounts };
  #firstFailure: StepOutcome | undefined;
  #lastAnswer: StepOutcome | undefined;
  #said: Said | undefined;

  /** Begins a step. Steps of one device that overlap share what they count. */
  reset(): void {
    this.#counts = { ...noCounts };
    this.#firstFailure = undefined;
    this.#lastAnswer = undefined;
    this.#said = undefined;
  }

  count(name: CountName, by = 1): void {
    this.#counts[name] += by;
  }

  asked(kind: string): void {
    const name = countOfCall[kind];
    if (name !== undefined) this.count(name);
  }

  unanswered(): void {
    this.#firstFailure ??= { outcome: "unknown" };
  }

  answered(reply: IncomingReply, outcome: ExchangeOutcome): void {
    const body = "json" in reply.body ? reply.body.json : reply.body.text;
    const answer: StepOutcome = {
      outcome: outcome.kind === "accepted" ? "ok" : outcome.kind,
      status: reply.status,
      headers: reply.headers,
      body,
      ...(typeof outcome.type === "string" && outcome.type !== "" ? { type: outcome.type } : {}),
    };
    if (outcome.kind !== "accepted") this.#firstFailure ??= answer;
    this.#lastAnswer = answer;
    const accepted = outcome.reply as { readonly kind: string; readonly reply?: PushReply } | undefined;
    if (accepted?.kind !== "push") return;
    for (const { status } of accepted.reply!.results) this.count(status);
  }

  /** What the device says of the answer that its pass ended on; it is held against the wire by whoever expects a status. */
  said({ status, type }: { readonly [Part in keyof Said]: Said[Part] | undefined }): void {
    this.#said = { ...(status === undefined ? {} : { status }), ...(type === undefined ? {} : { type }) };
  }

  /** What the person was shown is the answer. */
  read(fields: unknown): void {
    this.#lastAnswer = { outcome: "ok", ...this.#lastAnswer, body: fields };
  }

  /** The step's outcome as the tally knows it; `ended` is what the device says of how it ended. */
  outcome(ended: string): StepOutcome {
    const telling = this.#firstFailure ?? this.#lastAnswer ?? { outcome: ended };
    return { ...this.#asSaid(telling), outcome: ended, counts: { ...this.#counts } };
  }

  /** Where the device speaks of an answer, status and type are what it says they were. */
  #asSaid(telling: StepOutcome): StepOutcome {
    if (this.#said === undefined || telling.status === undefined) return telling;
    const { status: _status, type: _type, ...rest } = telling;
    return { ...rest, ...this.#said };
  }

  /** How the first failure reads where the device says only that it failed. */
  failure(): string {
    return this.#firstFailure?.outcome ?? "unknown";
  }
}
