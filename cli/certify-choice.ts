// What of all that a certification can run is run: the levels that were asked for, what the filters leave of them, what
// failed the last time, and of that the part that this machine does.
import type { Settings } from "../certify/settings.ts";
import type { CertifyItem } from "./certify-items.ts";
import { lastFailedIn } from "./recorded-results.ts";
import { onlyFailed, selectScenarios, type Shard, shardOf } from "./select.ts";

export interface ChoiceRequest {
  /** Names of levels. */
  readonly asked: readonly string[];
  readonly ids: readonly string[];
  readonly settings: Pick<Settings, "grep" | "grepInvert" | "outputDir">;
  readonly shard?: Shard | undefined;
  readonly lastFailed?: boolean | undefined;
}

export interface Choice {
  readonly items: readonly CertifyItem[];
  /** Nothing of the levels was left out but by the shard. */
  readonly isWhole: boolean;
  /** From 1. */
  readonly shard?: { readonly index: number; readonly of: number };
}

/** Errors: UsageError where nothing is left. */
export function chooseItems(items: readonly CertifyItem[], request: ChoiceRequest): Choice {
  const { asked, ids, settings, shard, lastFailed } = request;
  const { grep, grepInvert, outputDir } = settings;
  const ofLevels = items.filter(({ level }) => asked.includes(level));
  const selected = selectScenarios(
    ofLevels.map(({ scenario }) => scenario),
    {
      ids,
      ...(grep === undefined ? {} : { grep }),
      ...(grepInvert === undefined ? {} : { grepInvert }),
    },
  );
  const chosen = new Set(lastFailed === true ? onlyFailed(selected, lastFailedIn(outputDir)) : selected);
  const kept = ofLevels.filter(({ scenario }) => chosen.has(scenario));
  const isWhole = kept.length === ofLevels.length;
  if (shard === undefined) return { items: kept, isWhole };
  return { items: shardOf(kept, shard), isWhole, shard: { index: shard.index + 1, of: shard.of } };
}
