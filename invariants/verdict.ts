// What a judge may say, and what a judge is.
import type { EventIndex, History, HistoryEvent } from "./history.ts";

/** The events that contradict a law, in order, and why in words that a stranger understands. */
export interface Witness {
  readonly events: readonly EventIndex[];
  /** One or two sentences: the two facts that cannot both be. Names devices, ids and values. */
  readonly explanation: string;
  /** The rules that this very violation breaks, where the law stands for several. Absent: those of the law. */
  readonly requirements?: readonly string[];
}

/** `holds` says how many cases were looked at; a law whose premise never came up is `inconclusive`, never `holds`. */
export type Verdict =
  | { readonly outcome: "holds"; readonly cases: number }
  | { readonly outcome: "violated"; readonly witness: Witness; readonly violations: number }
  | { readonly outcome: "inconclusive"; readonly reason: string };

/** A judge: pure, total, linear in the history. */
export interface Law<Event extends HistoryEvent = HistoryEvent> {
  /** kebab-case, the same for the same promise in every protocol. */
  readonly id: string;
  /** The rules it can show broken. */
  readonly requirements: readonly string[];
  /** One sentence in the present tense. */
  readonly promise: string;
  /** Stands for rules of kind A only: measured and shown, and never failing a build. */
  readonly isAdvice?: true;
  judge(history: History<Event>): Verdict;
}

/** A verdict with the law that gave it. */
export interface Judgement {
  readonly law: string;
  readonly requirements: readonly string[];
  readonly promise: string;
  readonly isAdvice?: true;
  readonly verdict: Verdict;
}

/** The rules that a violation breaks: those that its witness names, else all that its law stands for. Empty where the
 *  law is not violated. */
export function brokenRules({ requirements, verdict }: Judgement): readonly string[] {
  return verdict.outcome === "violated" ? (verdict.witness.requirements ?? requirements) : [];
}

/** A violation that fails what was tested: not of a law that only advises. */
export const isFailing = ({ isAdvice, verdict }: Judgement): boolean =>
  verdict.outcome === "violated" && isAdvice !== true;
