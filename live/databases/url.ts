// Databases on a PostgreSQL server that already runs. Only databases that this provider made are ever dropped.
import pg from "pg";
import { type DatabaseProvider, DatabaseUnavailable } from "./provider.ts";

/** A provider over the server of this URL; its user must be allowed to create databases. The database that the URL
 *  names is only connected to, never written.
 *  Errors: `DatabaseUnavailable`. */
export async function openDatabasesByUrl(
  url: string,
  options: { readonly name?: string } = {},
): Promise<DatabaseProvider> {
  const place = placeOf(url);
  // One session at a time: creating two databases from one template at once is refused by PostgreSQL.
  const pool = new pg.Pool({ connectionString: url, max: 1, allowExitOnIdle: true });
  pool.on("error", () => undefined);
  const made = new Set<string>();
  try {
    await checkPrivilege(pool, place);
  } catch (error) {
    await pool.end();
    throw error instanceof DatabaseUnavailable ? error : unavailable(place, error);
  }
  const dropDatabase = async (name: string): Promise<void> => {
    if (!made.delete(name)) return;
    await pool.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
  };
  let stopping: Promise<void> | undefined;
  return {
    name: options.name ?? `PostgreSQL at ${place}`,
    createDatabase: async (name) => {
      await pool.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
      made.add(name);
      return databaseUrl(url, name);
    },
    dropDatabase,
    stop: () => {
      stopping ??= (async () => {
        for (const name of made) await dropDatabase(name);
        await pool.end();
      })();
      return stopping;
    },
  };
}

async function checkPrivilege(pool: pg.Pool, place: string): Promise<void> {
  const { rows } = await pool.query<{ allowed: boolean; name: string }>(
    "SELECT (rolcreatedb OR rolsuper) AS allowed, rolname AS name FROM pg_roles WHERE rolname = current_user",
  );
  const [role] = rows;
  if (role?.allowed === true) return;
  throw new DatabaseUnavailable(
    `The user ${role?.name ?? "of the URL"} at ${place} may not create databases, and every server under test gets one ` +
      `of its own. Let it: ALTER ROLE ${role?.name ?? "…"} CREATEDB, or use the embedded PostgreSQL.`,
  );
}

function placeOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || !/^postgres(?:ql)?:$/u.test(parsed.protocol)) {
    throw new DatabaseUnavailable(
      "The database URL is none. Expected postgresql://user:password@host:port/database, or no URL for the embedded " +
        "PostgreSQL.",
    );
  }
  return parsed.host;
}

function databaseUrl(url: string, name: string): string {
  const copy = new URL(url);
  copy.pathname = `/${encodeURIComponent(name)}`;
  return copy.href;
}

function unavailable(place: string, error: unknown): DatabaseUnavailable {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  const advice =
    code === "ECONNREFUSED" || code === "ENOTFOUND" || code === "ETIMEDOUT"
      ? "Start it, or correct host and port"
      : code === "28P01" || code === "28000"
        ? "Correct user and password"
        : "Correct the URL";
  return new DatabaseUnavailable(
    `PostgreSQL at ${place} cannot be used: ${message ?? String(error)}${code === undefined ? "" : ` (${code})`}. ` +
      `${advice}, or leave the URL away to use the embedded PostgreSQL.`,
  );
}
