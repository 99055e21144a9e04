// Chance on the wire, from a seed. Each decision has an address (whose message, of which kind, the how manieth) and is
// drawn from seed and address alone: the same traffic under the same seed meets the same accidents, and what another
// device does moves none of them.
import { createHash } from "node:crypto";
import { drawAccident, type NetworkOdds, noNetworkOdds } from "../../../actors/network-accidents.ts";
import type { Accident, AccidentAddress } from "../../../scenarios/format/types.ts";

/** What befalls a message, if anything; asked once for each, rules or not. `what` is `frame`, or the protocol's name of
 *  the exchange. */
export type AccidentSource = (address: AccidentAddress) => Accident | undefined;

export interface SeededAccidentsOptions {
  readonly seed: string;
  /** What is not named does not happen. */
  readonly odds: Partial<NetworkOdds>;
}

export function seededAccidents({ seed, odds }: SeededAccidentsOptions): AccidentSource {
  const allOdds = { ...noNetworkOdds, ...odds };
  return (address) => {
    const { who, what, nth } = address;
    const drawn = createHash("sha256")
      .update(JSON.stringify([seed, who, what, nth]))
      .digest();
    const draws = { kind: drawn.readUInt32BE(0), extent: drawn.readUInt32BE(4) };
    const accident = drawAccident(what, allOdds, draws);
    return accident === undefined ? undefined : { ...address, ...accident };
  };
}
