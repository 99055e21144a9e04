// What a scenario's rule makes of one exchange.
import { impostorReply } from "../../actors/impostor.ts";
import type { ExchangeFault } from "../../scenarios/format/fault-rules.ts";
import type { Reply } from "./wire.ts";

export interface Impostor {
  readonly reply: Reply;
  /** The server sees the request, and its answer is thrown away. */
  readonly withEffect: boolean;
}

export interface ExchangeFate {
  readonly requestDelayMs: number;
  readonly replyDelayMs: number;
  readonly isRequestLost: boolean;
  readonly isReplyLost: boolean;
  /** The request goes out once more, this long after the first. */
  readonly duplicateAfterMs: number | undefined;
  /** Who answers in the server's stead. */
  readonly impostor: Impostor | undefined;
  /** The fault's kind, in the words of the simulated network; `undefined` for an undisturbed exchange. */
  readonly fault: string | undefined;
}

const undisturbed: ExchangeFate = {
  requestDelayMs: 0,
  replyDelayMs: 0,
  isRequestLost: false,
  isReplyLost: false,
  duplicateAfterMs: undefined,
  impostor: undefined,
  fault: undefined,
};

/** The fate of an exchange, undisturbed without a rule. */
export function fateOf(rule: ExchangeFault | undefined): ExchangeFate {
  if (rule === undefined) return undisturbed;
  switch (rule.verb) {
    case "lose-request":
      return { ...undisturbed, isRequestLost: true, fault: "request lost" };
    case "lose-reply":
      return { ...undisturbed, isReplyLost: true, fault: "reply lost" };
    case "duplicate":
      return { ...undisturbed, duplicateAfterMs: rule.afterMs, fault: "request repeated" };
    case "delay-request":
      return { ...undisturbed, requestDelayMs: rule.byMs, fault: "request late" };
    case "delay-reply":
      return { ...undisturbed, replyDelayMs: rule.byMs, fault: "reply late" };
    case "answer":
      return {
        ...undisturbed,
        impostor: { reply: impostorReply(rule), withEffect: rule.withEffect },
        fault: "answered by somebody else",
      };
  }
}
