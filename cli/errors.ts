// The two ways in which a command ends without a verdict. Everything else that is thrown is a bug of Seatrial.

/** Whoever called asked for something that does not exist or makes no sense. Exit code 2. */
export class UsageError extends Error {
  readonly code = "usage";
  override readonly name = "UsageError";
}

/** What was to be tested could not be brought up: no database, no port, a server that never answered. Exit code 3. */
export class SetupError extends Error {
  readonly code = "setup";
  override readonly name = "SetupError";
}
