// The tables of waveflow.md section 2, and what the rules need beside them: receipts, devices, the generation of the
// watermark, and the id before each op. Released: never edited, only followed by the next number.
//
// UUID columns compare without regard to case but answer in lower case; `…_as_sent` keeps the other spelling where a
// device used one, because it is echoed. Text is compared byte by byte (COLLATE "C"): exact, and the order of users is
// the same on every machine.
import type { Migration } from "../migrate.ts";

export const log: Migration = {
  version: 1,
  name: "log",
  sql: `
CREATE TABLE sync_op (
  id                   BIGSERIAL PRIMARY KEY,
  user_id              TEXT COLLATE "C" NOT NULL,
  device_id            UUID NOT NULL,
  operation_id         UUID NOT NULL,
  entity_type          TEXT COLLATE "C" NOT NULL,
  entity_id            TEXT COLLATE "C" NOT NULL,
  op                   TEXT COLLATE "C" NOT NULL CHECK (op IN ('upsert', 'delete')),
  field                TEXT COLLATE "C" CHECK ((field IS NULL) = (op = 'delete')),
  value                JSONB,
  lamport_ts           BIGINT NOT NULL,
  wall_clock           TIMESTAMPTZ NOT NULL,
  prev_id              BIGINT NOT NULL,
  device_id_as_sent    TEXT,
  operation_id_as_sent TEXT,
  UNIQUE (user_id, device_id, operation_id),
  UNIQUE (user_id, device_id, lamport_ts)
);
CREATE INDEX sync_op_log ON sync_op (user_id, id);

CREATE TABLE sync_receipt (
  user_id              TEXT COLLATE "C" NOT NULL,
  operation_id         UUID NOT NULL,
  device_id            UUID NOT NULL,
  id                   BIGINT NOT NULL,
  lamport_ts           BIGINT NOT NULL,
  fingerprint          TEXT COLLATE "C" NOT NULL,
  device_id_as_sent    TEXT,
  operation_id_as_sent TEXT,
  PRIMARY KEY (user_id, operation_id)
);

-- Rows that are rewritten at every push: room on the page keeps the new version beside the old one, out of the index.
CREATE TABLE sync_device (
  user_id        TEXT COLLATE "C" NOT NULL,
  device_id      UUID NOT NULL,
  highest_lamport BIGINT NOT NULL,
  contact_at     TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (user_id, device_id)
) WITH (fillfactor = 50);

CREATE TABLE device_sync_cursor (
  user_id      TEXT COLLATE "C" NOT NULL,
  device_id    UUID NOT NULL,
  last_seen_id BIGINT NOT NULL,
  last_seen_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (user_id, device_id)
);
CREATE INDEX device_sync_cursor_contact ON device_sync_cursor (user_id, last_seen_at, last_seen_id);

CREATE TABLE sync_compaction_watermark (
  user_id         TEXT COLLATE "C" PRIMARY KEY,
  compacted_up_to BIGINT NOT NULL,
  generation      BIGINT NOT NULL,
  updated_at      TIMESTAMPTZ NOT NULL
);
`,
};
