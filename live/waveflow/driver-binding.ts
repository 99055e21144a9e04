// WaveFlow in the live world with devices that somebody else wrote, each a process behind a driver. Servers, network and
// readers are those of every live run.
import { DriverActor } from "../../actors/waveflow/driver-actor.ts";
import type { Carrier } from "../faults/wire.ts";
import type { LiveDriverSeat } from "../world/driver-seat.ts";
import type { LiveProtocol } from "../world/protocol.ts";
import { hurriedDevice, waveflowLive } from "./binding.ts";

export interface DriverBindingOptions {
  /** The seat whose files are in this directory; the same for all of its lives. */
  readonly seatOf: (directory: string) => LiveDriverSeat;
  /** How long a client should wait for an answer.  Units: milliseconds. */
  readonly patienceMs: number;
}

/** The protocol as a live runner takes it. */
export function driverLive({ seatOf, patienceMs }: DriverBindingOptions): LiveProtocol {
  return {
    ...waveflowLive,
    openDisk: (directory) => seatOf(directory).disk,
    // Drivers ask by themselves.
    createCarrier: () => unusedCarrier,
    createActor({ spec, disk, line, directory, clock, uuid, recorder, accounts, config, nextCall }) {
      return new DriverActor({
        spec,
        seat: seatOf(directory),
        line,
        moment: () => disk.commit([]),
        clockOffsetMs: () => clock.now() - Date.now(),
        uuid,
        recorder,
        accounts,
        config: { ...hurriedDevice, requestTimeoutMs: patienceMs, ...config },
        nextCall,
      });
    },
  };
}

const unusedCarrier: Carrier = {
  exchange: () => Promise.reject(new Error("a driver's requests take their own way")),
  openSocket: () => Promise.reject(new Error("a driver's sockets take their own way")),
};
