// Less chance. First everything that chance did is written into the plan by its address, and the odds go: from then on
// nothing strikes that the plan does not name. Then accidents are dropped by delta debugging, and made as short as they
// can be.
import type { Accident, Scenario } from "../../../scenarios/format/types.ts";
import type { Attempts } from "../attempts.ts";
import { fewest } from "../delta.ts";
import { isOdds } from "../plan-size.ts";
import { tryTimes } from "./times.ts";

/** Puts what chance did into the plan in place of its odds. Where that is not the same failure any more, the odds are
 *  set to nothing one by one. */
export async function pinChance(attempts: Attempts): Promise<void> {
  attempts.begin("pinning chance");
  const { scenario, best } = attempts;
  const odds = Object.entries(scenario.trouble).filter(isOdds);
  if (odds.length === 0) return;
  if (scenario.accidents === undefined && (await attempts.take(pinned(scenario, best.run.accidents)))) return;
  await fewest(odds, (kept) => attempts.take(withOdds(attempts.scenario, kept)));
}

export async function fewerAccidents(attempts: Attempts): Promise<void> {
  attempts.begin("dropping accidents");
  const { accidents = [] } = attempts.scenario;
  await fewest(accidents, (kept) => attempts.take(withAccidents(attempts.scenario, kept)));
}

/** The shortest delay that still does it, the earliest occurrence, and crashes that last until a step or the calm ends
 *  them. */
export async function plainerAccidents(attempts: Attempts): Promise<void> {
  attempts.begin("making accidents plain");
  const count = attempts.scenario.accidents?.length ?? 0;
  for (let index = 0; index < count; index++) {
    const change = (to: Partial<Accident>): Promise<boolean> => {
      const accidents = attempts.scenario.accidents ?? [];
      return attempts.take(
        withAccidents(
          attempts.scenario,
          accidents.map((one, place) => (place === index ? { ...one, ...to } : one)),
        ),
      );
    };
    const accident = attempts.scenario.accidents![index]!;
    for (let nth = 1; nth < Math.min(accident.nth, nthTries); nth++) if (await change({ nth })) break;
    if (accident.extentMs !== undefined)
      await tryTimes(accident.extentMs, (extentMs) => change({ extentMs }));
  }
}

/** Occurrences that are tried before the one that struck. */
const nthTries = 20;

/** No accidents are no list: then nothing of chance is left to be said. */
export function withAccidents(scenario: Scenario, accidents: readonly Accident[]): Scenario {
  const { accidents: _accidents, ...rest } = scenario;
  return accidents.length === 0 ? rest : { ...rest, accidents };
}

const pinned = (scenario: Scenario, accidents: readonly Accident[]): Scenario =>
  withAccidents(withOdds(scenario, []), accidents);

function withOdds(scenario: Scenario, kept: readonly (readonly [string, number])[]): Scenario {
  const isKept = new Set(kept.map(([name]) => name));
  const entries = Object.entries(scenario.trouble).filter((entry) => !isOdds(entry) || isKept.has(entry[0]));
  return { ...scenario, trouble: Object.fromEntries(entries) };
}
