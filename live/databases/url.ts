// Databases on a PostgreSQL server that already runs. Only databases that Seatrial made are ever dropped: those of this
// run, and those of runs that are dead, which are known by a comment on them.
import pg from "pg";
import { undoneAfterUs } from "../leftovers/keeper.ts";
import { ownComment, sweepDatabases } from "./database-owners.ts";
import { type DatabaseProvider, DatabaseUnavailable } from "./provider.ts";
import { placeOf, problemOfServer, type ServerFacts, unavailable } from "./unusable-server.ts";

export interface UrlOptions {
  /** What kind of server it is, in front of its version. Default: "PostgreSQL", with its place behind. */
  readonly title?: string;
  /** The server itself is thrown away after the run, by whoever asks: nothing need be told to anybody. */
  readonly isThrownAway?: boolean;
  /** How the server must be set, for example `{ deadlock_timeout: "10ms" }`. One that is set otherwise is refused. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A provider over the server of this URL; its user must be allowed to create databases. The database that the URL
 *  names is only connected to, never written.
 *  Errors: `DatabaseUnavailable`. */
export async function openDatabasesByUrl(url: string, options: UrlOptions = {}): Promise<DatabaseProvider> {
  const place = placeOf(url);
  // One session at a time: creating two databases from one template at once is refused by PostgreSQL.
  const pool = new pg.Pool({
    connectionString: url,
    max: 1,
    allowExitOnIdle: true,
    connectionTimeoutMillis: connectionTimeoutMs,
  });
  pool.on("error", () => undefined);
  const isShared = options.isThrownAway !== true;
  let facts: ServerFacts;
  try {
    facts = await factsOf(pool);
    const problem =
      problemOfServer(facts, place) ?? (await wrongSetting(pool, options.settings ?? {}, place));
    if (problem !== undefined) throw new DatabaseUnavailable(problem);
    if (isShared) await sweepDatabases(pool);
  } catch (error) {
    await pool.end();
    throw error instanceof DatabaseUnavailable ? error : unavailable(place, error);
  }
  const made = new Map<string, () => void>();
  const dropDatabase = async (name: string): Promise<void> => {
    const forget = made.get(name);
    if (forget === undefined) return;
    await pool.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
    made.delete(name);
    forget();
  };
  let stopping: Promise<void> | undefined;
  return {
    name:
      options.title === undefined
        ? `PostgreSQL ${facts.version} at ${place}`
        : `${options.title} ${facts.version}`,
    createDatabase: async (name) => {
      // Told before it is made, so that there is no moment in which only we know of it, and never of somebody else's.
      const isOurs = isShared && !(await isThere(pool, name));
      const keeping = isOurs ? undoneAfterUs({ kind: "database", url, name }) : undefined;
      try {
        await pool.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
      } catch (error) {
        keeping?.cancel();
        throw error;
      }
      made.set(name, () => keeping?.cancel());
      if (isShared) await pool.query(ownComment(name));
      return databaseUrl(url, name);
    },
    dropDatabase,
    stop: () => {
      stopping ??= (async () => {
        try {
          for (const name of made.keys()) await dropDatabase(name);
        } finally {
          await pool.end();
        }
      })();
      return stopping;
    },
  };
}

const connectionTimeoutMs = 10_000;

async function factsOf(pool: pg.Pool): Promise<ServerFacts> {
  const { rows } = await pool.query<ServerFacts>(
    `SELECT current_setting('server_version_num')::int AS "versionNumber", current_setting('server_version') AS version,
       rolcreatedb OR rolsuper AS "mayCreateDatabases", rolname AS role
     FROM pg_roles WHERE rolname = current_user`,
  );
  return rows[0]!;
}

async function isThere(pool: pg.Pool, name: string): Promise<boolean> {
  const { rows } = await pool.query("SELECT FROM pg_database WHERE datname = $1", [name]);
  return rows.length > 0;
}

async function wrongSetting(
  pool: pg.Pool,
  settings: Readonly<Record<string, string>>,
  place: string,
): Promise<string | undefined> {
  for (const [name, wanted] of Object.entries(settings)) {
    const { rows } = await pool.query<{ readonly seen: string }>("SELECT current_setting($1) AS seen", [
      name,
    ]);
    const seen = rows[0]!.seen;
    if (seen !== wanted)
      return `PostgreSQL at ${place} has ${name} = ${seen}; expected ${wanted}. Set it: ALTER SYSTEM SET ${name} = '${wanted}', then restart it.`;
  }
  return undefined;
}

function databaseUrl(url: string, name: string): string {
  const copy = new URL(url);
  copy.pathname = `/${encodeURIComponent(name)}`;
  return copy.href;
}
