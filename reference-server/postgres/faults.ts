// What an error of the driver means to the core.
// The driver gives two kinds: a message of the server, with an SQLSTATE and a severity, and everything else, which is the
// connection's end in one of its many shapes.
import pg from "pg";
import { SessionLost, StatementFailed } from "../waveflow/ports.ts";

/** Says whether the server itself answered with this error. Its answers come in the order of the statements, so such an
 *  answer proves that nothing behind that statement was done. */
export const isServerAnswer = (error: unknown): error is pg.DatabaseError =>
  error instanceof pg.DatabaseError;

/** The fault that a failed statement, or a failed attempt to connect, is. */
export function faultOf(error: unknown): SessionLost | StatementFailed {
  if (isServerAnswer(error) && !endsSession(error)) {
    return new StatementFailed(error.code ?? "XX000", error.message);
  }
  const message = error instanceof Error ? error.message : String(error);
  return new SessionLost(message === "" ? "the database cannot be reached" : message, { cause: error });
}

const endsSession = (error: pg.DatabaseError): boolean =>
  error.severity === "FATAL" || error.severity === "PANIC";
