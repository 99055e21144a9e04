// Where the real databases come from. A run takes a fresh one for every group of server processes and gives it back.

export interface DatabaseProvider {
  /** What it is, for error messages and reports: "embedded PostgreSQL 18.4", "PostgreSQL 15.18 at db.example:5432". */
  readonly name: string;
  /** Makes an empty database and answers its URL. */
  createDatabase(name: string): Promise<string>;
  /** Drops a database that `createDatabase` made; sessions that are still open are ended. */
  dropDatabase(name: string): Promise<void>;
  /** Drops what is left and lets go of the server. May be called twice. */
  stop(): Promise<void>;
}

/** The databases that were asked for cannot be had; the message says what was seen and what to do about it. */
export class DatabaseUnavailable extends Error {
  override readonly name = "DatabaseUnavailable";
  readonly code = "database_unavailable";
}
