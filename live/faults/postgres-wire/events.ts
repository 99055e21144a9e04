// What is seen on the wire between a server under test and its database, as data.

/** One connection of a server to the database. */
export interface WireConnectionInfo {
  /** From 1, in the order in which the proxy took them. */
  readonly id: number;
  readonly user: string;
  readonly database: string;
  /** As the server gave it when it connected; empty where it gave none. */
  readonly applicationName: string;
  readonly isReplication: boolean;
  /** The process that serves it, as pg_stat_activity calls it; `undefined` until the login is done. */
  readonly backendProcessId: number | undefined;
}

/** One thing asked of the database: a Query message (which may hold several statements of SQL, that cannot be told apart
 *  on their way), one Execute of a portal, or one function call. */
export interface WireStatement {
  readonly connection: WireConnectionInfo;
  /** From 1, on its connection. */
  readonly serial: number;
  readonly form: "simple" | "extended" | "function call";
  /** White space normalised; of a prepared statement the text with which it was prepared. At most 4,096 characters. */
  readonly text: string;
  /** The name of the prepared statement; empty where it has none. */
  readonly name: string;
  readonly parameterCount: number;
  /** What each statement of the text does, in a word: "INSERT", "BEGIN", "COMMIT". */
  readonly commands: readonly string[];
  /** Texts of the statements before it in the same transaction, its BEGIN included; the first 64 of them. */
  readonly earlier: readonly string[];
}

/** What became of a statement. */
export type WireAnswer =
  /** With the tags of the database, as "INSERT 0 1"; several where a Query held several statements. */
  | { readonly kind: "completed"; readonly tags: readonly string[] }
  | { readonly kind: "failed"; readonly code: string; readonly message: string }
  /** The database passed over it, because one before it in the same pipeline had failed. */
  | { readonly kind: "skipped" };

/** How a new connection is refused. `reset`: as where nobody listens any more. The others as PostgreSQL itself says it. */
export type Refusal = "reset" | "too many connections" | "starting up";

/** Which end a connection was closed from. `fault`: a cut was asked for; `proxy`: the proxy was closed. */
export type ClosedBy = "server" | "database" | "fault" | "proxy";

export type WireEvent =
  /** One that asked for a connection was told that there is none, because a refusal is armed. */
  | { readonly kind: "refused"; readonly how: Refusal }
  | { readonly kind: "opened"; readonly connection: WireConnectionInfo }
  /** The login is done. */
  | { readonly kind: "ready"; readonly connection: WireConnectionInfo }
  /** Goes to the database now. */
  | { readonly kind: "statement"; readonly statement: WireStatement }
  | { readonly kind: "answered"; readonly statement: WireStatement; readonly answer: WireAnswer }
  /** An explicit transaction. A statement outside of one, or a pipeline up to its Sync, commits by itself, unsaid. */
  | {
      readonly kind: "transaction";
      readonly connection: WireConnectionInfo;
      readonly change: "began" | "committed" | "rolled back" | "prepared";
    }
  /** Bytes that are no message of the protocol; both ends are closed. `by` says who sent them. */
  | {
      readonly kind: "unparseable";
      readonly connection: WireConnectionInfo;
      readonly by: "server" | "database";
      readonly seen: string;
    }
  | {
      readonly kind: "closed";
      readonly connection: WireConnectionInfo;
      readonly by: ClosedBy;
      /** The database was left in the middle of an explicit transaction, which it rolls back. */
      readonly isInTransaction: boolean;
      /** The last FATAL error of the database, as when an operator terminates a session. */
      readonly fatal?: { readonly code: string; readonly message: string };
    };
