// What the engine answers when a statement fails: the SQLSTATE that PostgreSQL gives for the same cause.
// Only the state, and the constraint for a unique violation, are promised; the words are for people.
// Source: PostgreSQL manual, Appendix A "PostgreSQL Error Codes".

/** A statement failed. `sqlstate` is PostgreSQL's five characters; `constraint` is set for a unique violation.
 *  Source: PostgreSQL manual, Appendix A "PostgreSQL Error Codes". */
export class DatabaseError extends Error {
  readonly code = "database_error";
  override readonly name = "DatabaseError";
  readonly sqlstate: string;
  readonly constraint: string | undefined;

  constructor(sqlstate: string, message: string, constraint?: string) {
    // Aborts are everyday events in a simulation, and walking the stack costs more than the statement did.
    const stackTraceLimit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
    this.sqlstate = sqlstate;
    this.constraint = constraint;
  }
}

/** 23505. */
export const uniqueViolation = (constraint: string): DatabaseError =>
  new DatabaseError("23505", `duplicate key value violates unique constraint "${constraint}"`, constraint);

/** 40001: under REPEATABLE READ another transaction changed or removed the row first. */
export const serializationFailure = (change: "update" | "delete"): DatabaseError =>
  new DatabaseError("40001", `could not serialize access due to concurrent ${change}`);

/** 40P01. */
export const deadlockDetected = (): DatabaseError => new DatabaseError("40P01", "deadlock detected");

/** 25P02: after an error nothing runs until the transaction ends. */
export const transactionFailed = (): DatabaseError =>
  new DatabaseError(
    "25P02",
    "current transaction is aborted, commands ignored until end of transaction block",
  );

/** 21000: one INSERT ... ON CONFLICT DO UPDATE proposed the same key twice. */
export const cardinalityViolation = (): DatabaseError =>
  new DatabaseError("21000", "ON CONFLICT DO UPDATE command cannot affect row a second time");

/** 08003: the session has ended. */
export const connectionGone = (): DatabaseError => new DatabaseError("08003", "the session has ended");

/** 25006: the session, or all of them, may only read. */
export const readOnlyTransaction = (command: string): DatabaseError =>
  new DatabaseError("25006", `cannot execute ${command} in a read-only transaction`);

/** 53100. */
export const diskFull = (): DatabaseError =>
  new DatabaseError("53100", "could not extend file: No space left on device");

/** 55P03: a lock was waited for longer than lock_timeout. */
export const lockTimeoutPassed = (): DatabaseError =>
  new DatabaseError("55P03", "canceling statement due to lock timeout");

/** 57014: the statement took longer than statement_timeout, or an operator cancelled it. */
export const statementTimeoutPassed = (): DatabaseError =>
  new DatabaseError("57014", "canceling statement due to statement timeout");
