/** The server cannot be started. `code` says at which step; the message what was seen and what to do about it. */
export class EmbeddedPostgresError extends Error {
  override readonly name = "EmbeddedPostgresError";
  readonly code: "no_binaries" | "no_unprivileged_user" | "initdb_failed" | "start_failed";

  constructor(code: EmbeddedPostgresError["code"], message: string) {
    super(message);
    this.code = code;
  }
}
