// Defects of the simulated store as they are in SQL, and what else a defect needs at the rim to a real database: what makes
// those mutants that edit the simulation's statements or tables mutants of a real process as well. Each is the same defect,
// so that what it breaks in the simulation it breaks on a real database.
import type { SourceEdit } from "../mutant.ts";

const statements = "reference-server/postgres/statements.ts";
const tables = "reference-server/postgres/migrations/0001-log.ts";

const inStatements = (find: string, replace: string): SourceEdit => ({ file: statements, find, replace });
const inTables = (find: string, replace: string): SourceEdit => ({ file: tables, find, replace });

const ofReceipts = "FROM sync_receipt WHERE user_id = $1 AND operation_id = ANY ($2::uuid[])";
const afterDeleted = "     RETURNING id\n   )\n   SELECT count(*) AS deleted";
const highestDeleted = "coalesce(max(id), 0) AS highest FROM deleted";
const judgedRows = "FROM sync_op WHERE user_id = $1 AND id < $2";
const registers = "PARTITION BY entity_type, entity_id, field) AS newest";
const entities = "PARTITION BY entity_type, entity_id) AS barrier";
const newest = `max(id) OVER (${registers}`;
const barrier = `max(id) FILTER (WHERE op = 'delete') OVER (${entities}`;
const doomed = "WHERE id < newest OR id < barrier";
const countsAsContact = "greatest(last_seen_at, contact_at) >= $2::timestamptz";

/** Ranks ops by something else than their ids. */
const rankedBy = (rank: string): readonly SourceEdit[] => [
  inStatements("SELECT ctid AS place, id,", `SELECT ctid AS place, id, ${rank} AS rank,`),
  inStatements(newest, newest.replace("max(id)", `max(${rank})`)),
  inStatements(barrier, barrier.replace("max(id)", `max(${rank})`)),
  inStatements(doomed, "WHERE rank < newest OR rank < barrier"),
];

/** Tells what kind of op each is. */
const withKinds = (condition: string): readonly SourceEdit[] => [
  inStatements("SELECT ctid AS place, id,", "SELECT ctid AS place, id, op,"),
  inStatements(doomed, `WHERE ${condition}`),
];

/** By the names of the mutants. */
export const onPostgres: Readonly<Record<string, readonly SourceEdit[]>> = {
  "receipt-dies-with-op": [
    inStatements(
      afterDeleted,
      "     RETURNING id\n   ), forgotten AS (\n     DELETE FROM sync_receipt USING deleted\n     WHERE sync_receipt.user_id = $1 AND sync_receipt.id = deleted.id\n   )\n   SELECT count(*) AS deleted",
    ),
  ],
  "receipt-scope-device": [
    inStatements(
      ofReceipts,
      "FROM sync_receipt WHERE user_id = $1 AND device_id::text || ' ' || operation_id::text = ANY (SELECT lower(given) FROM unnest($2::text[]) AS given)",
    ),
    inTables("PRIMARY KEY (user_id, operation_id)", "PRIMARY KEY (user_id, operation_id, device_id)"),
  ],
  "cross-user-receipt": [
    inStatements(ofReceipts, ofReceipts.replace("user_id = $1", "$1::text IS NOT NULL")),
  ],
  "receipt-by-case": [
    inTables(
      "operation_id         UUID NOT NULL,\n  device_id            UUID NOT NULL,\n  id                   BIGINT NOT NULL,",
      'operation_id         TEXT COLLATE "C" NOT NULL,\n  device_id            UUID NOT NULL,\n  id                   BIGINT NOT NULL,',
    ),
    inStatements(
      "SELECT operation_id::text AS key, id, lamport_ts, fingerprint,",
      "SELECT lower(operation_id) AS key, id, lamport_ts, fingerprint,",
    ),
    inStatements(ofReceipts, ofReceipts.replace("$2::uuid[]", "$2::text[]")),
    inStatements(
      "     operation_id uuid, device_id uuid, id bigint, lamport_ts bigint, fingerprint text,",
      "     operation_id text, device_id uuid, id bigint, lamport_ts bigint, fingerprint text,",
    ),
  ],
  "stamp-from-the-log": [
    inStatements(
      "SELECT coalesce(max(highest_lamport) FILTER (WHERE device_id = $2::uuid), 0) AS of_device,\n          coalesce(max(highest_lamport), 0) AS of_user\n   FROM sync_device",
      "SELECT coalesce(max(lamport_ts) FILTER (WHERE device_id = $2::uuid), 0) AS of_device,\n          coalesce(max(lamport_ts), 0) AS of_user\n   FROM sync_op",
    ),
  ],
  "contact-resets-the-stamp": [
    inStatements(
      "SET highest_lamport = greatest(present.highest_lamport, excluded.highest_lamport),",
      "SET highest_lamport = excluded.highest_lamport,",
    ),
  ],
  "device-row-by-case": [
    inTables(
      'CREATE TABLE sync_device (\n  user_id        TEXT COLLATE "C" NOT NULL,\n  device_id      UUID NOT NULL,',
      'CREATE TABLE sync_device (\n  user_id        TEXT COLLATE "C" NOT NULL,\n  device_id      TEXT COLLATE "C" NOT NULL,',
    ),
    inStatements("FILTER (WHERE device_id = $2::uuid), 0)", "FILTER (WHERE device_id = $2), 0)"),
    inStatements(
      "LEFT JOIN sync_device USING (user_id, device_id)",
      "LEFT JOIN (SELECT user_id, device_id::uuid AS device_id, max(contact_at) AS contact_at FROM sync_device GROUP BY 1, 2) AS seen USING (user_id, device_id)",
    ),
  ],
  "since-inclusive": [inStatements("AND id > $2 ORDER BY id LIMIT $3", "AND id >= $2 ORDER BY id LIMIT $3")],
  "head-of-everybody": [
    inStatements(
      "SELECT id FROM sync_op WHERE user_id = $1 ORDER BY id DESC",
      "SELECT id FROM sync_op WHERE $1::text IS NOT NULL ORDER BY id DESC",
    ),
  ],
  "cross-user-pull": [
    inStatements(
      "FROM sync_op WHERE user_id = $1 AND id > $2",
      "FROM sync_op WHERE $1::text IS NOT NULL AND id > $2",
    ),
  ],
  "ack-goes-back": [
    inStatements(
      "SET last_seen_id = greatest(present.last_seen_id, excluded.last_seen_id),",
      "SET last_seen_id = excluded.last_seen_id,",
    ),
    inStatements(
      "WHERE present.last_seen_id < excluded.last_seen_id OR present.last_seen_at < excluded.last_seen_at",
      "WHERE present.last_seen_id <> excluded.last_seen_id",
    ),
  ],
  "stale-by-silence": [inStatements(countsAsContact, "last_seen_at >= $2::timestamptz")],
  "compact-takes-max": [
    inStatements("SELECT min(last_seen_id) AS minimum", "SELECT max(last_seen_id) AS minimum"),
  ],
  "compact-at-m": [inStatements(judgedRows, judgedRows.replace("id < $2", "id <= $2"))],
  "compact-looks-above-m": [
    inStatements(judgedRows, "FROM sync_op WHERE user_id = $1"),
    inStatements(doomed, "WHERE id < $2 AND (id < newest OR id < barrier)"),
  ],
  "compact-includes-stale-boundary": [
    inStatements(
      countsAsContact,
      "date_trunc('minute', greatest(last_seen_at, contact_at)) > date_trunc('minute', $2::timestamptz)",
    ),
  ],
  "compact-keeps-highest-lamport": rankedBy("lamport_ts"),
  "compact-keeps-the-highest-operation-id": rankedBy('operation_id::text COLLATE "C"'),
  "compact-keeps-the-oldest": [
    inStatements(newest, newest.replace("max(id)", "min(id)")),
    inStatements(barrier, barrier.replace("max(id)", "min(id)")),
    inStatements(doomed, "WHERE id > newest OR id > barrier"),
  ],
  "tombstone-collapsed-with-fields": [
    inStatements(
      barrier,
      `${barrier},\n            max(id) OVER (PARTITION BY entity_type, entity_id) AS latest`,
    ),
    ...withKinds("id < newest OR id < barrier OR (op = 'delete' AND id < latest)"),
  ],
  "tombstone-takes-later-fields": withKinds(
    "id < newest OR id < barrier OR (op = 'upsert' AND barrier IS NOT NULL)",
  ),
  "tombstones-expire": withKinds("id < newest OR op = 'delete'"),
  "compact-forgets-the-type": [
    inStatements(registers, registers.replace("entity_type, ", "")),
    inStatements(entities, entities.replace("entity_type, ", "")),
  ],
  "compact-forgets-the-user": [
    inStatements(judgedRows, judgedRows.replace("user_id = $1", "$1::text IS NOT NULL")),
  ],
  "smallest-cursor-of-anybody": [
    inStatements(
      "WHERE user_id = $1 AND greatest(last_seen_at",
      "WHERE $1::text IS NOT NULL AND greatest(last_seen_at",
    ),
  ],
  "watermark-falls": [
    inStatements(
      "SET compacted_up_to = greatest(present.compacted_up_to, excluded.compacted_up_to),",
      "SET compacted_up_to = excluded.compacted_up_to,",
    ),
  ],
  "watermark-counts-the-deleted": [inStatements(highestDeleted, "count(*) AS highest FROM deleted")],
  "watermark-of-the-lowest": [inStatements(highestDeleted, "coalesce(min(id), 0) AS highest FROM deleted")],
  "every-delivery-is-an-op": [
    inTables(
      ",\n  UNIQUE (user_id, device_id, operation_id),\n  UNIQUE (user_id, device_id, lamport_ts)\n",
      "\n",
    ),
  ],
};
