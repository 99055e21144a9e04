// The driver did not do its part: it died, was silent, or said something that is no line of the conversation. Nothing is
// known of the client then, so this is never held against one of its rules.

export type DriverFault =
  | "not_started"
  | "wrong_version"
  | "wrong_protocol"
  | "no_greeting"
  | "no_reply"
  | "wrong_id"
  | "garbage"
  | "died"
  | "failed_itself";

export class DriverFailed extends Error {
  readonly code = "driver_failed";
  override readonly name = "DriverFailed";
  readonly fault: DriverFault;

  constructor(fault: DriverFault, message: string) {
    super(message);
    this.fault = fault;
  }
}
