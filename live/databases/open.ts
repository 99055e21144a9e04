// The three ways to a PostgreSQL, behind one interface.
import type { DatabaseChoice, EmbeddedMajor } from "./choice.ts";
import { startEmbeddedPostgres } from "./embedded.ts";
import { EmbeddedPostgresError } from "./embedded-error.ts";
import { startOwnServer } from "./own-server.ts";
import { type DatabaseProvider, DatabaseUnavailable } from "./provider.ts";
import { openDatabasesByUrl } from "./url.ts";

export type { DatabaseChoice } from "./choice.ts";

export interface OpenOptions {
  /** Server settings, as in postgresql.conf. A server that runs already is refused where it is set otherwise. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Errors: `DatabaseUnavailable`. */
export async function openDatabases(
  choice: DatabaseChoice,
  { settings = {} }: OpenOptions = {},
): Promise<DatabaseProvider> {
  switch (choice.kind) {
    case "url":
      return await openDatabasesByUrl(choice.url, { settings });
    case "embedded":
      return await openEmbedded(choice.major, settings);
    case "container": {
      const { startContainerPostgres } = await import("./container.ts");
      const server = await startContainerPostgres({
        image: choice.image,
        settings: { ...throwAwaySettings, ...settings },
      });
      return await openOn(server, `${choice.image} in a container, PostgreSQL`);
    }
  }
}

async function openEmbedded(
  major: EmbeddedMajor | undefined,
  settings: Readonly<Record<string, string>>,
): Promise<DatabaseProvider> {
  try {
    const server = await startEmbeddedPostgres({
      ...(major === undefined ? {} : { major }),
      settings: { ...throwAwaySettings, ...settings },
    });
    const databases = await openOn(server, "embedded PostgreSQL");
    return { ...databases, startOwnServer: (options) => startOwnServer({ ...options, major }) };
  } catch (error) {
    if (error instanceof EmbeddedPostgresError)
      throw new DatabaseUnavailable(error.message, { cause: error });
    throw error;
  }
}

async function openOn(
  server: { readonly url: string; stop(): Promise<void> },
  title: string,
): Promise<DatabaseProvider> {
  try {
    const databases = await openDatabasesByUrl(server.url, { title, isThrownAway: true });
    return {
      ...databases,
      stop: async () => {
        // A server that is gone, killed by a scenario or with us, must not keep the rest from being removed.
        await databases.stop().finally(() => server.stop());
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

// The crashes of a run are those of the servers, never of PostgreSQL itself, so nothing has to reach the platter.
const throwAwaySettings = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  max_connections: "300",
};
