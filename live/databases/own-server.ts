// A PostgreSQL for one group of servers alone, so that it can be ended, started and filled without anybody else noticing.
// What it has answered it keeps, whatever becomes of it, as a database does that people rely on.
import pg from "pg";
import type { EmbeddedMajor } from "./choice.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "./embedded.ts";
import type { OwnDatabaseServer, OwnServerOptions } from "./provider.ts";
import { openDatabasesByUrl } from "./url.ts";

/** Enough for tables that nobody has filled, and little to be filled up.  Units: bytes. */
const smallDiskBytes = 24 * 1_048_576;

/** Its machine does not crash, so nothing has to reach the platter; but it does, so a commit waits until the system has
 *  what was written. */
const settings = {
  fsync: "off",
  full_page_writes: "off",
  synchronous_commit: "on",
  max_connections: "100",
};

/** Errors: `EmbeddedPostgresError`, `NoSmallDisk`, `DatabaseUnavailable`. */
export async function startOwnServer({
  major,
  hasSmallDisk,
}: OwnServerOptions & { readonly major?: EmbeddedMajor | undefined }): Promise<OwnDatabaseServer> {
  const server = await startEmbeddedPostgres({
    settings,
    ...(major === undefined ? {} : { major }),
    ...(hasSmallDisk ? { smallDiskBytes } : {}),
  });
  try {
    const databases = await openDatabasesByUrl(server.url, {
      title: "embedded PostgreSQL",
      isThrownAway: true,
    });
    if (hasSmallDisk) {
      await ask(server, `CREATE TABLESPACE ${smallDisk} LOCATION ${literal(server.smallDiskPath!)}`);
    }
    return {
      ...databases,
      createDatabase: async (name) => {
        const url = await databases.createDatabase(name);
        if (hasSmallDisk) {
          await ask(
            server,
            `ALTER DATABASE ${pg.escapeIdentifier(name)} SET default_tablespace = ${smallDisk}`,
          );
        }
        return url;
      },
      end: (how) => server.end(how),
      begin: () => server.begin(),
      // The server itself does it: nobody else sees the disk. A program that runs out of room is what is wanted.
      fill: () => runAsServer(server, `cat /dev/zero > ${fillerOf(server)} 2> /dev/null || true`),
      empty: () => runAsServer(server, `rm -f ${fillerOf(server)}`),
      stop: async () => {
        await databases.stop().finally(() => server.stop());
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

const smallDisk = "small_disk";
const fillerOf = ({ smallDiskPath }: EmbeddedPostgres): string => `${smallDiskPath}/filler`;
const literal = (text: string): string => pg.escapeLiteral(text);

const runAsServer = (server: EmbeddedPostgres, program: string): Promise<void> =>
  ask(server, `COPY (SELECT) TO PROGRAM ${literal(program)}`);

async function ask(server: EmbeddedPostgres, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
