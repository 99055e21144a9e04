// All that may befall a message by chance in the simulation: odds, and how long messages take.
import { type NetworkOdds, noNetworkOdds } from "../../actors/network-accidents.ts";

/** The fault swarm of a run. All zero is fine weather: messages take their time and arrive. */
export interface Weather extends NetworkOdds {
  readonly latencyMinMs: number;
  readonly latencyMaxMs: number;
}

/** Nothing goes wrong, and messages take 5 to 40 ms. */
export const fineWeather: Weather = { latencyMinMs: 5, latencyMaxMs: 40, ...noNetworkOdds };
