// Where the real databases come from. A run takes a fresh one for every group of server processes and gives it back.

export interface DatabaseProvider {
  /** What it is, for error messages and reports: "embedded PostgreSQL 18.4", "PostgreSQL 15.18 at db.example:5432". */
  readonly name: string;
  /** Makes an empty database and answers its URL. */
  createDatabase(name: string): Promise<string>;
  /** Drops a database that `createDatabase` made; sessions that are still open are ended. */
  dropDatabase(name: string): Promise<void>;
  /** Starts another server of the same kind, for whoever wants to do to it what others must not feel. Absent where
   *  servers are not ours to start. */
  readonly startOwnServer?: (options: OwnServerOptions) => Promise<OwnDatabaseServer>;
  /** Drops what is left and lets go of the server. May be called twice. */
  stop(): Promise<void>;
}

export interface OwnServerOptions {
  /** Its databases keep their tables on a disk that can be filled. */
  readonly hasSmallDisk: boolean;
}

/** A database server of one group of servers alone. */
export interface OwnDatabaseServer extends DatabaseProvider {
  /** "fast": in good order. "immediate": as by a crash. */
  end(how: "fast" | "immediate"): Promise<void>;
  /** Starts it again, where it was.  Errors: those of its kind. */
  begin(): Promise<void>;
  /** Takes all the room that its databases have left, until `empty`. Only where it has a small disk. */
  fill(): Promise<void>;
  empty(): Promise<void>;
}

/** The databases that were asked for cannot be had; the message says what was seen and what to do about it. */
export class DatabaseUnavailable extends Error {
  override readonly name = "DatabaseUnavailable";
  readonly code = "database_unavailable";
}
