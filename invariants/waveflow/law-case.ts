// A law's case for tests: one history in two forms, lawful and with the one thing changed that the law is about.
import { expect } from "vitest";
import { HistoryBuilder } from "./history-builder.ts";
import { waveflowLaws } from "./laws.ts";

/** Builds either form and returns what the explanation of the broken one says. */
export type LawCase = (builder: HistoryBuilder, isBroken: boolean) => RegExp;

/** Expects the law to hold on the lawful form, to be violated by the broken one with a witness, and to be inconclusive
 *  where nothing happened. */
export function judgeCase(id: string, build: LawCase): void {
  const law = waveflowLaws.find((one) => one.id === id);
  if (law === undefined) throw new Error(`there is no law ${id}`);
  const judged = (isBroken: boolean) => {
    const builder = new HistoryBuilder();
    const says = build(builder, isBroken);
    const history = builder.history({ stalenessMs: 90 * 86_400_000 });
    return { verdict: law.judge(history), says, events: history.events.length };
  };
  const lawful = judged(false).verdict;
  expect(lawful).toMatchObject({ outcome: "holds" });
  const { verdict, says, events } = judged(true);
  if (verdict.outcome !== "violated") throw new Error(`${id} is ${verdict.outcome}; expected a violation`);
  expect(verdict.witness.explanation).toMatch(says);
  expect(verdict.witness.events.length).toBeGreaterThan(0);
  for (const event of verdict.witness.events) expect(event).toBeLessThan(events);
  const nothing = new HistoryBuilder().join("laptop");
  expect(law.judge(nothing.history({ stalenessMs: 1 }))).toMatchObject({ outcome: "inconclusive" });
}
