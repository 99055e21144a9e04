// The seat of a device that somebody else wrote, as the live world keeps it.
import type { DriverSeat } from "../../actors/driver-seat.ts";
import type { LiveDisk } from "./protocol.ts";

export interface LiveDriverSeat extends DriverSeat {
  /** Its files, and the end of whoever writes to them. */
  readonly disk: LiveDisk;
}
