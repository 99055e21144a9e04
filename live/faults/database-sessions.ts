// What an operator does to the sessions of a database that others use: ends them, cancels what takes too long, holds
// what they want to write to. Sessions of operators themselves are spared.
// Source: PostgreSQL manual, 9.28.2 "Server Signaling Functions", 13.3.1 "Table-Level Locks".
import type pg from "pg";

/** What an operator's session calls itself. */
export const operatorName = "seatrial operator";

const others = `datname = current_database() AND pid <> pg_backend_pid()
  AND backend_type = 'client backend' AND application_name <> '${operatorName}'`;

/** Ends all sessions (57P01). */
export async function endSessions(client: pg.Client): Promise<void> {
  await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${others}`);
}

/** Cancels statements that have lasted longer (57014). */
export async function cancelStatements(client: pg.Client, afterMs: number): Promise<void> {
  await client.query(
    `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
     WHERE ${others} AND state = 'active' AND clock_timestamp() - query_start > $1 * interval '1 millisecond'`,
    [afterMs],
  );
}

/** Takes all tables in a mode that lets others read and not write, until the session ends; where there are none, nothing.
 *  Errors: 55P03 when somebody who has written does not come to an end. */
export async function lockTables(client: pg.Client): Promise<void> {
  const names = await tableNames(client);
  if (names.length === 0) return;
  await client.query("BEGIN");
  await client.query(`SET LOCAL lock_timeout = '${lockPatienceMs}ms'`);
  await client.query(`LOCK TABLE ${names.join(", ")} IN EXCLUSIVE MODE`);
}

/** Schema and name of each table that somebody has made, quoted. */
export async function tableNames(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

/** Whether somebody waits for a table of this database. */
export async function hasWaiters(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query(
    `SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'relation'
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1`,
  );
  return rows.length > 0;
}

/** Who has written comes to its end within this, or hangs for good. */
const lockPatienceMs = 5_000;
