// Brings a database to the tables that this build expects. Safe when several processes start together: one migrates, the
// others wait for it. A released migration never changes, which its checksum holds us to, and a database that is newer
// than the build is left alone.
// Leaves out: ways back. A restored backup is the way back.
import { createHash } from "node:crypto";
import type pg from "pg";

export interface Migration {
  /** From 1, without gaps. */
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/** The database and this build do not belong together. `code` says why, the message what to do. */
export class MigrationRefused extends Error {
  override readonly name = "MigrationRefused";
  readonly code: "database_newer" | "migration_changed";

  constructor(code: MigrationRefused["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Runs the migrations that the database has not had, each in a transaction of its own, and answers their versions.
 *  Errors: `MigrationRefused`; an error of the database leaves the migrations before it done. */
export async function migrate(
  client: pg.ClientBase,
  migrations: readonly Migration[],
): Promise<readonly number[]> {
  // The two-number form has keys of its own, apart from those of the users' locks. Held by the session, so that a
  // process which dies in the middle lets go of it.
  await client.query(`SELECT pg_advisory_lock(${migrationLock})`);
  try {
    const appliedBefore = await readApplied(client);
    refuseStrangers(appliedBefore, migrations);
    const missing = migrations.filter(({ version }) => !appliedBefore.has(version));
    for (const migration of missing) await apply(client, migration);
    return missing.map(({ version }) => version);
  } finally {
    await client.query(`SELECT pg_advisory_unlock(${migrationLock})`);
  }
}

const migrationLock = "1397047636, 1";

interface AppliedMigration {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
}

async function readApplied(client: pg.ClientBase): Promise<ReadonlyMap<number, AppliedMigration>> {
  // Asked first: a database that only reads just now refuses even a CREATE that would do nothing, and a server that has
  // nothing to migrate can start on it all the same.
  const { rows: tables } = await client.query("SELECT WHERE to_regclass('schema_migrations') IS NOT NULL");
  if (tables.length === 0) {
    await client.query(`CREATE TABLE schema_migrations (
      version    INTEGER PRIMARY KEY,
      name       TEXT NOT NULL,
      checksum   TEXT NOT NULL,
      applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
    )`);
  }
  const { rows } = await client.query<AppliedMigration>(
    "SELECT version, name, checksum FROM schema_migrations ORDER BY version",
  );
  return new Map(rows.map((row) => [row.version, row]));
}

function refuseStrangers(
  applied: ReadonlyMap<number, AppliedMigration>,
  migrations: readonly Migration[],
): void {
  const byVersion = new Map(migrations.map((migration) => [migration.version, migration]));
  for (const { version, name, checksum } of applied.values()) {
    const ours = byVersion.get(version);
    if (ours === undefined) {
      throw new MigrationRefused(
        "database_newer",
        `The database has migration ${version} (${name}); this build ends at ${migrations.length}. ` +
          `Start a build that knows it, or use another database.`,
      );
    }
    if (checksumOf(ours) !== checksum) {
      throw new MigrationRefused(
        "migration_changed",
        `Migration ${version} (${name}) was run with other text than this build has: checksum ${checksum} in the ` +
          `database, ${checksumOf(ours)} here. Start the build that made the database, or use another database.`,
      );
    }
  }
}

async function apply(client: pg.ClientBase, migration: Migration): Promise<void> {
  await client.query("BEGIN");
  try {
    await client.query(migration.sql);
    await client.query("INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)", [
      migration.version,
      migration.name,
      checksumOf(migration),
    ]);
    await client.query("COMMIT");
  } catch (error) {
    // If the connection is gone, so is the transaction, and the first error is the one to show.
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

const checksumOf = ({ sql }: Migration): string => createHash("sha256").update(sql).digest("hex");
