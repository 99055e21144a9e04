// Everything that may go wrong by chance in a run: the weather of the network and the accidents of processes, disks
// and the database. A scenario or a storm sets what it wants; the rest is zero.
import { fineWeather, type PerMillion, type Weather } from "../network/weather.ts";

export interface Accidents {
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

export const noAccidents: Accidents = {
  crashServer: 0,
  loseDatabaseAnswer: 0,
  crashDevice: 0,
  failDisk: 0,
  restartAfterMaxMs: 2_000,
};

export interface Trouble {
  readonly weather: Weather;
  readonly accidents: Accidents;
}

/** Names of all settings of trouble, for whoever checks a scenario. */
export const troubleSettings: readonly string[] = [...Object.keys(fineWeather), ...Object.keys(noAccidents)];

/** Trouble from a scenario's flat table of settings.  Errors: RangeError for a setting that does not exist. */
export function troubleFrom(settings: Readonly<Record<string, number>>): Trouble {
  const weather: Record<string, number> = { ...fineWeather };
  const accidents: Record<string, number> = { ...noAccidents };
  for (const [name, value] of Object.entries(settings)) {
    if (name in weather) weather[name] = value;
    else if (name in accidents) accidents[name] = value;
    else
      throw new RangeError(`trouble has no setting "${name}"; expected one of ${troubleSettings.join(", ")}`);
  }
  return { weather: weather as unknown as Weather, accidents: accidents as unknown as Accidents };
}
