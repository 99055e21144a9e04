// Everything that may go wrong by chance in a run: the weather of the network and the accidents of processes, disks
// and the database. A scenario or a storm sets what it wants; the rest is zero.
import type { PerMillion } from "../../actors/network-accidents.ts";
import type { Scenario } from "../../scenarios/format/types.ts";
import { fineWeather, type Weather } from "../network/weather.ts";

export interface AccidentOdds {
  /** Per database statement: the server process crashes before or after it. */
  readonly crashServer: PerMillion;
  /** Per database statement: the connection breaks and the answer is lost. COMMIT is a statement. */
  readonly loseDatabaseAnswer: PerMillion;
  /** Per durable step of a device: it crashes before or after it. */
  readonly crashDevice: PerMillion;
  /** Per durable step of a device: the disk refuses it. */
  readonly failDisk: PerMillion;
  /** What crashed by chance is back after at most this. Units: virtual milliseconds. */
  readonly restartAfterMaxMs: number;
}

const noOdds: AccidentOdds = {
  crashServer: 0,
  loseDatabaseAnswer: 0,
  crashDevice: 0,
  failDisk: 0,
  restartAfterMaxMs: 2_000,
};

export interface Trouble {
  readonly weather: Weather;
  readonly odds: AccidentOdds;
  /** Whether what a step has crashed comes back by itself, too: in storms it does, elsewhere a step has to do it. */
  readonly comesBack: boolean;
}

/** Names of all settings of trouble, for whoever checks a scenario. */
export const troubleSettings: readonly string[] = [...Object.keys(fineWeather), ...Object.keys(noOdds)];

/** Trouble from a scenario's flat table of settings. Where accidents are pinned there are no odds, and a
 *  `restartAfterMaxMs` says that things come back by themselves.
 *  Errors: RangeError for a setting that does not exist. */
export function troubleFrom(scenario: Pick<Scenario, "trouble" | "accidents">): Trouble {
  const weather: Record<string, number> = { ...fineWeather };
  const odds: Record<string, number> = { ...noOdds };
  for (const [name, value] of Object.entries(scenario.trouble)) {
    if (name in weather) weather[name] = value;
    else if (name in odds) odds[name] = value;
    else
      throw new RangeError(`trouble has no setting "${name}"; expected one of ${troubleSettings.join(", ")}`);
  }
  const isPinned = scenario.accidents !== undefined;
  const canCrash = odds.crashServer! > 0 || odds.crashDevice! > 0;
  return {
    weather: weather as unknown as Weather,
    odds: odds as unknown as AccidentOdds,
    comesBack: isPinned ? "restartAfterMaxMs" in scenario.trouble : canCrash,
  };
}

/** The trouble of a scenario whose accidents are pinned: what takes time still takes as long, and what a step crashes
 *  still comes back by itself if it did. */
export function withoutOdds(trouble: Scenario["trouble"]): Scenario["trouble"] {
  const { comesBack, odds } = troubleFrom({ trouble });
  const kept = Object.entries(trouble).filter(([name]) => name === "latencyMinMs" || name === "latencyMaxMs");
  return {
    ...Object.fromEntries(kept),
    ...(comesBack ? { restartAfterMaxMs: odds.restartAfterMaxMs } : {}),
  };
}
