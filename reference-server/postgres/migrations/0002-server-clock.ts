// How far the server's clock was moved by its operator, for every process on this database. At most one row.
import type { Migration } from "../migrate.ts";

export const serverClock: Migration = {
  version: 2,
  name: "server-clock",
  sql: `
CREATE TABLE server_clock (
  only_row  BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row),
  offset_ms BIGINT NOT NULL
);
`,
};
