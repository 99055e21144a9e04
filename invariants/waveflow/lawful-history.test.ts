import fc from "fast-check";
import { expect, test } from "vitest";
import { judge } from "../judge.ts";
import { type LawfulRun, runLawfully } from "./lawful-history.ts";
import type { Pick } from "./lawful-notebook.ts";
import { waveflowLaws } from "./laws.ts";

/** Choices from a list; where it ends, everything is harmless. */
function runOn(choices: readonly number[]): LawfulRun {
  let next = 0;
  const pick: Pick = (count) => (choices[next++] ?? 0) % count;
  return runLawfully(pick, () => next >= choices.length);
}

const choices = fc.array(fc.nat(1_000_000), { minLength: 200, maxLength: 3_000, size: "max" });

test("no law cries over a lawful history, and every law has something to say about some of them", () => {
  const happened = new Map<string, number>();
  const holding = new Set<string>();
  fc.assert(
    fc.property(choices, (drawn) => {
      const { history, happened: now } = runOn(drawn);
      for (const [what, count] of now) happened.set(what, (happened.get(what) ?? 0) + count);
      for (const { law, verdict } of judge(history, waveflowLaws)) {
        if (verdict.outcome === "holds") holding.add(law);
        if (verdict.outcome !== "violated" || advice.has(law)) continue;
        throw new Error(
          `${law}: ${verdict.witness.explanation} (events ${verdict.witness.events.join(", ")})`,
        );
      }
    }),
    { numRuns: 200, interruptAfterTimeLimit: 40_000, markInterruptAsFailure: false },
  );
  const never = waveflowLaws
    .filter(({ id }) => !holding.has(id) && !patient.has(id) && !notHere.has(id))
    .map(({ id }) => id);
  const missing = troubles.filter((trouble) => !happened.has(trouble));
  expect({ never, missing, happened: Object.fromEntries(happened) }).toMatchObject({
    never: [],
    missing: [],
  });
});

/** Measured, and nothing to cry over. */
const advice: ReadonlySet<string> = new Set(["no-needless-resync"]);

/** They speak of seconds in which nothing is done to anybody, and here something is done all the time. */
const patient: ReadonlySet<string> = new Set([
  "compaction-advances",
  "compaction-stays-below",
  "outrun-sockets-are-told",
  "sockets-are-fed",
]);

/** The devices here work in one mode, and their tokens are good. */
const notHere: ReadonlySet<string> = new Set(["modes-decide-what-leaves", "refused-token-waits"]);

/** A property that never met them shows nothing. */
const troubles = [
  "request lost",
  "request late",
  "request repeated",
  "reply lost",
  "frame lost",
  "frame late",
  "frame repeated",
  "crash",
  "server restore",
  "device restore",
  "clone",
  "account switch",
  "compaction",
  "resync_required",
  "resync",
  "lamport_regression",
  "invalid_op",
  "put back",
];
