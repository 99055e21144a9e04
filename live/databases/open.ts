// The choice of a provider.
import { EmbeddedPostgresError, startEmbeddedPostgres } from "./embedded.ts";
import { type DatabaseProvider, DatabaseUnavailable } from "./provider.ts";
import { openDatabasesByUrl } from "./url.ts";

/** `embedded`: a PostgreSQL from npm, started here. `url`: one that runs already. */
export type DatabaseChoice = { readonly kind: "embedded" } | { readonly kind: "url"; readonly url: string };

/** Errors: `DatabaseUnavailable`. */
export async function openDatabases(choice: DatabaseChoice): Promise<DatabaseProvider> {
  if (choice.kind === "url") return openDatabasesByUrl(choice.url);
  try {
    return await openEmbeddedDatabases();
  } catch (error) {
    if (error instanceof EmbeddedPostgresError)
      throw new DatabaseUnavailable(error.message, { cause: error });
    throw error;
  }
}

async function openEmbeddedDatabases(): Promise<DatabaseProvider> {
  const server = await startEmbeddedPostgres({ settings: embeddedSettings });
  try {
    const databases = await openDatabasesByUrl(server.url, { name: "embedded PostgreSQL" });
    return {
      ...databases,
      stop: async () => {
        await databases.stop();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

// The crashes of a run are those of the servers, never of PostgreSQL itself, so nothing has to reach the platter.
const embeddedSettings = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  max_connections: "300",
};
