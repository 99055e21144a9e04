// Runs laws over a history. A verdict is data; a law that throws is a bug of ours and is shown as one.
import type { History, HistoryEvent } from "./history.ts";
import type { Judgement, Law } from "./verdict.ts";

/** One judgement per law, in the order of the laws.
 *  Errors: `LawFailed` when a law throws. */
export function judge<Event extends HistoryEvent>(
  history: History<Event>,
  laws: readonly Law<Event>[],
): readonly Judgement[] {
  return laws.map((law) => {
    const { id, requirements, promise, isAdvice } = law;
    try {
      const judgement = { law: id, requirements, promise, verdict: law.judge(history) };
      return isAdvice === true ? { ...judgement, isAdvice } : judgement;
    } catch (cause) {
      throw new LawFailed(id, history, cause);
    }
  });
}

/** A law threw instead of giving a verdict: the bug is in the law. */
export class LawFailed extends Error {
  readonly code = "law_failed";
  override readonly name = "LawFailed";
  readonly law: string;

  constructor(law: string, history: History, cause: unknown) {
    const seen = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    super(
      `law ${law} threw ${seen}; expected a verdict on ${history.scenario} in world ${history.world} with seed ${history.seed}`,
      { cause },
    );
    this.law = law;
  }
}
