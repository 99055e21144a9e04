// A backup of a database while its servers run, as an operator takes one. `CREATE DATABASE … TEMPLATE` refuses while
// anybody is connected, and a backup that first stops the server would flush its memory and close its sockets: a
// different thing. So the tables are copied inside the database, in one snapshot, into a schema of our own.
// Leaves out: changes of the schema between backup and restore, and objects other than tables and sequences.
import pg from "pg";

const backupSchema = "seatrial_backup";

/** Copies all tables, and where the sequences stand, in place of an earlier backup. Answers how many tables there are. */
export function backupDatabase(url: string): Promise<number> {
  return inTransaction(url, async (client) => {
    const tables = await tablesOf(client);
    const sequences = await sequencesOf(client);
    await client.query(`DROP SCHEMA IF EXISTS ${backupSchema} CASCADE`);
    await client.query(`CREATE SCHEMA ${backupSchema}`);
    for (const [index, table] of tables.entries()) {
      await client.query(`CREATE TABLE ${copyName(index)} AS TABLE ${table.name}`);
    }
    await client.query(
      `CREATE TABLE ${backupSchema}.sequences (name text, last_value bigint, is_called boolean)`,
    );
    for (const sequence of sequences) {
      await client.query(
        `INSERT INTO ${backupSchema}.sequences SELECT $1, last_value, is_called FROM ${sequence}`,
        [sequence],
      );
    }
    return tables.length;
  });
}

/** Puts the tables and sequences back to the backup. Nobody else should be connected. */
export function restoreDatabase(url: string): Promise<void> {
  return inTransaction(url, async (client) => {
    const tables = await tablesOf(client);
    // The rows were consistent when they were copied; in which order they come back must not matter.
    await client.query("SET LOCAL session_replication_role = replica");
    if (tables.length > 0) await client.query(`TRUNCATE ${tables.map(({ name }) => name).join(", ")}`);
    for (const [index, { name, columns }] of tables.entries()) {
      await client.query(
        `INSERT INTO ${name} (${columns}) OVERRIDING SYSTEM VALUE SELECT ${columns} FROM ${copyName(index)}`,
      );
    }
    await client.query(`SELECT setval(name::regclass, last_value, is_called) FROM ${backupSchema}.sequences`);
  });
}

const copyName = (index: number): string => `${backupSchema}.copy_${index}`;

interface Table {
  /** Schema and name, quoted. */
  readonly name: string;
  /** Columns that are stored, quoted, in their order; generated ones come back by themselves. */
  readonly columns: string;
}

const isOurs = `namespace.nspname <> '${backupSchema}' AND namespace.nspname <> 'information_schema'
  AND namespace.nspname NOT LIKE 'pg\\_%'`;

/** Ordinary tables, in order of their names, so that backup and restore number them alike. */
async function tablesOf(client: pg.Client): Promise<readonly Table[]> {
  const { rows } = await client.query<Table>(`
    SELECT format('%I.%I', namespace.nspname, class.relname) AS name,
           string_agg(quote_ident(attribute.attname), ', ' ORDER BY attribute.attnum) AS columns
    FROM pg_class AS class
    JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
    JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid
    WHERE class.relkind = 'r' AND attribute.attnum > 0 AND NOT attribute.attisdropped
      AND attribute.attgenerated = '' AND ${isOurs}
    GROUP BY 1 ORDER BY 1`);
  return rows;
}

async function sequencesOf(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(`
    SELECT format('%I.%I', namespace.nspname, class.relname) AS name
    FROM pg_class AS class
    JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
    WHERE class.relkind = 'S' AND ${isOurs} ORDER BY 1`);
  return rows.map(({ name }) => name);
}

async function inTransaction<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url, lock_timeout: lockTimeoutMs });
  await client.connect();
  try {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } finally {
    await client.end();
  }
}

/** A session that a killed server left behind ends within this. */
const lockTimeoutMs = 10_000;
