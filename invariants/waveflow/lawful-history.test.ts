import fc from "fast-check";
import { expect, test } from "vitest";
import { judge } from "../judge.ts";
import { runLawfully, type LawfulRun, type Pick } from "./lawful-history.ts";
import { waveflowLaws } from "./laws.ts";

/** Choices from a list; where it ends, everything is harmless. */
function runOn(choices: readonly number[]): LawfulRun {
  let next = 0;
  const pick: Pick = (count) => (choices[next++] ?? 0) % count;
  return runLawfully(pick, () => next >= choices.length);
}

const choices = fc.array(fc.nat(1_000_000), { minLength: 50, maxLength: 3_000, size: "max" });

test("no law cries over a lawful history", () => {
  const happened = new Map<string, number>();
  const looked = new Map<string, number>();
  fc.assert(
    fc.property(choices, (drawn) => {
      const run = runOn(drawn);
      for (const [what, count] of run.happened) happened.set(what, (happened.get(what) ?? 0) + count);
      for (const { law, verdict } of judge(run.history, waveflowLaws)) {
        if (verdict.outcome === "violated" && !advice.has(law)) {
          throw new Error(`${law}: ${verdict.witness.explanation} [${verdict.witness.events.join(", ")}]`);
        }
        if (verdict.outcome === "holds") looked.set(law, (looked.get(law) ?? 0) + 1);
      }
    }),
    {
      numRuns: Number(process.env.LAWFUL_RUNS ?? 150),
      ...(process.env.LAWFUL_SEED === undefined ? {} : { seed: Number(process.env.LAWFUL_SEED) }),
    },
  );
  const never = waveflowLaws.filter(({ id }) => !looked.has(id)).map(({ id }) => id);
  console.info(Object.fromEntries(happened), Object.fromEntries(looked));
  expect(never).toEqual([]);
});

const advice = new Set(["no-needless-resync"]);
