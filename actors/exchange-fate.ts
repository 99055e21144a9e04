// What becomes of one exchange, and what a scenario's line makes of it. The simulated network and the live world's
// faults carry out the same fate, so that a line means the same in both. Leaves out what chance does: only the
// simulation draws fates.
import type { ExchangeFault } from "../scenarios/format/fault-rules.ts";
import type { ImpostorAnswer } from "./impostor.ts";

export interface ExchangeFate {
  readonly requestDelayMs: number;
  readonly replyDelayMs: number;
  readonly isRequestLost: boolean;
  readonly isReplyLost: boolean;
  /** The request goes out once more, this long after the first. */
  readonly duplicateAfterMs: number | undefined;
  /** Somebody else's answer, instead of the server's or in place of its reply. */
  readonly impostor: Impostor | undefined;
  /** Where the connection breaks, so that the device knows at once that it gets no answer: before the server sees the
   *  request, after its answer, or in the middle of it. Absent: nowhere. */
  readonly breaksAt?: "request" | "reply" | "body";
  /** The fault's kind, for the history; `undefined` for an undisturbed exchange. */
  readonly fault: string | undefined;
}

export interface Impostor extends ImpostorAnswer {
  /** The server sees the request, and its answer is thrown away. */
  readonly withEffect: boolean;
}

/** The fate that a rule makes of an undisturbed one. */
export function ruledFate(plain: ExchangeFate, rule: ExchangeFault): ExchangeFate {
  switch (rule.verb) {
    case "lose-request":
      return { ...plain, isRequestLost: true, fault: "request lost" };
    case "lose-reply":
      return { ...plain, isReplyLost: true, fault: "reply lost" };
    case "reset-request":
      return { ...plain, breaksAt: "request", fault: "request reset" };
    case "reset-reply":
      return { ...plain, breaksAt: "reply", fault: "reply reset" };
    case "truncate-reply":
      return { ...plain, breaksAt: "body", fault: "reply cut off" };
    case "duplicate":
      return { ...plain, duplicateAfterMs: rule.afterMs, fault: "request repeated" };
    case "delay-request":
      return { ...plain, requestDelayMs: plain.requestDelayMs + rule.byMs, fault: "request late" };
    case "delay-reply":
      return { ...plain, replyDelayMs: plain.replyDelayMs + rule.byMs, fault: "reply late" };
    case "answer": {
      const { status, body, json, retryAfterMs, withEffect } = rule;
      const impostor = { status, body, json, retryAfterMs, withEffect };
      return { ...plain, impostor, fault: "answered by somebody else" };
    }
  }
}
