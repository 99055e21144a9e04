// Whose a database is, as a comment on it. A run that was killed together with its keeper cannot drop its databases; the
// next run on the same server does. It drops nothing without such a comment, nothing whose maker may be alive, and of
// other machines, whose processes it cannot see, only what is a day old and has no session.
import pg from "pg";
import { isGone, machine, ownOwner } from "../leftovers/owner.ts";

const day = 24 * 60 * 60 * 1_000;
const mark = "made by seatrial";

interface OwnedDatabase {
  readonly name: string;
  readonly comment: string;
  readonly sessions: number;
}

/** The statement that says on a database that this process made it. */
export function ownComment(name: string, now: Date = new Date()): string {
  const comment = `${mark} as ${name}, owner ${ownOwner()}, on ${now.toISOString()}`;
  return `COMMENT ON DATABASE ${pg.escapeIdentifier(name)} IS ${pg.escapeLiteral(comment)}`;
}

/** Drops the databases of dead runs. One that somebody else drops first, or that may not be dropped, is passed over. */
export async function sweepDatabases(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<OwnedDatabase>(
    `SELECT datname AS name, shobj_description(oid, 'pg_database') AS comment,
       (SELECT count(*)::int FROM pg_stat_activity AS activity WHERE activity.datid = pg_database.oid) AS sessions
     FROM pg_database WHERE shobj_description(oid, 'pg_database') LIKE $1`,
    [`${mark} %`],
  );
  for (const { name } of rows.filter((row) => isAbandoned(row, Date.now()))) {
    await pool
      .query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`)
      .catch(() => undefined);
  }
}

export function isAbandoned({ name, comment, sessions }: OwnedDatabase, nowMs: number): boolean {
  const parts = commentPattern.exec(comment);
  // A comment that was copied with a database names another one.
  if (parts?.[1] !== name) return false;
  const owner = parts[2]!;
  if (owner.startsWith(`${machine()}-`)) return isGone(owner);
  return sessions === 0 && nowMs - Date.parse(parts[3]!) > day;
}

const commentPattern = new RegExp(`^${mark} as (.*), owner ([0-9a-f]{8}-\\d+-\\d+), on (\\S+)$`, "su");
