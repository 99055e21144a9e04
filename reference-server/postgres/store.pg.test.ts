// The laws that every store of WaveFlow keeps, on PostgreSQL.
import { startEmbeddedPostgres } from "../../live/databases/embedded.ts";
import { describeStore } from "../waveflow/store.contract.ts";
import { openStore } from "./open-store.ts";

describeStore("PostgreSQL", async () => {
  const postgres = await startEmbeddedPostgres();
  const store = await openStore({ url: await postgres.createDatabase("contract"), connectTimeoutMs: 30_000 });
  return {
    database: store.database,
    fanout: store.fanout,
    close: async () => {
      await store.close();
      await postgres.stop();
    },
  };
});
