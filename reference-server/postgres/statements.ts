// The SQL of WaveFlow's named statements, one text each. Several rows travel as one JSON document, so that a batch of any
// size is one statement, prepared once.
import type { SqlStatement } from "./session.ts";

export interface ReceiptRow {
  readonly key: string;
  readonly operation_id: string;
  readonly device_id: string;
  readonly id: number;
  readonly lamport_ts: number;
  readonly fingerprint: string;
}

export interface OpRow {
  readonly id: number;
  readonly prev_id: number;
  readonly device_id: string;
  readonly operation_id: string;
  readonly entity_type: string;
  readonly entity_id: string;
  readonly op: string;
  readonly field: string | null;
  readonly value: unknown;
  readonly lamport_ts: number;
  readonly wall_clock: string;
}

export interface WatermarkRow {
  readonly compacted_up_to: number;
  readonly generation: number;
}

/** $1 user. Two users of one hash wait for each other, and that is all a collision costs.  Source: WF-PUSH-9. */
export const lockUser = define<unknown>("lock_user", `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`);

/** $1 user, $2 operation ids. */
export const findReceipts = define<ReceiptRow>(
  "find_receipts",
  `SELECT operation_id::text AS key, id, lamport_ts, fingerprint,
          coalesce(operation_id_as_sent, operation_id::text) AS operation_id,
          coalesce(device_id_as_sent, device_id::text) AS device_id
   FROM sync_receipt WHERE user_id = $1 AND operation_id = ANY ($2::uuid[])`,
);

/** $1 user, $2 device. */
export const highestLamport = define<{ of_device: number; of_user: number }>(
  "highest_lamport",
  `SELECT coalesce(max(highest_lamport) FILTER (WHERE device_id = $2::uuid), 0) AS of_device,
          coalesce(max(highest_lamport), 0) AS of_user
   FROM sync_device WHERE user_id = $1`,
);

/** $1 user. */
export const highestId = define<{ id: number }>(
  "highest_id",
  `SELECT id FROM sync_op WHERE user_id = $1 ORDER BY id DESC LIMIT 1`,
);

/** $1 how many. */
export const takeIds = define<{ id: number }>(
  "take_ids",
  `SELECT nextval('sync_op_id_seq') AS id FROM generate_series(1, $1::bigint)`,
);

/** $1 user, $2 the ops as a JSON array. JSON null becomes SQL NULL on the way, which only a delete is stored with. */
export const insertOps = define<unknown>(
  "insert_ops",
  `INSERT INTO sync_op (id, user_id, device_id, operation_id, entity_type, entity_id, op, field, value, lamport_ts,
                        wall_clock, prev_id, device_id_as_sent, operation_id_as_sent)
   SELECT id, $1, device_id, operation_id, entity_type, entity_id, op, field,
          CASE op WHEN 'delete' THEN NULL ELSE coalesce(value, 'null') END, lamport_ts,
          wall_clock, prev_id, device_id_as_sent, operation_id_as_sent
   FROM json_to_recordset($2::json) AS given (
     id bigint, device_id uuid, operation_id uuid, entity_type text, entity_id text, op text, field text, value jsonb,
     lamport_ts bigint, wall_clock timestamptz, prev_id bigint, device_id_as_sent text, operation_id_as_sent text)`,
);

/** $1 user, $2 the receipts as a JSON array. */
export const insertReceipts = define<unknown>(
  "insert_receipts",
  `INSERT INTO sync_receipt (user_id, operation_id, device_id, id, lamport_ts, fingerprint, device_id_as_sent,
                             operation_id_as_sent)
   SELECT $1, operation_id, device_id, id, lamport_ts, fingerprint, device_id_as_sent, operation_id_as_sent
   FROM json_to_recordset($2::json) AS given (
     operation_id uuid, device_id uuid, id bigint, lamport_ts bigint, fingerprint text, device_id_as_sent text,
     operation_id_as_sent text)`,
);

/** $1 user, $2 device, $3 stamp, $4 time of contact. */
export const raiseDevice = define<unknown>(
  "raise_device",
  `INSERT INTO sync_device AS present (user_id, device_id, highest_lamport, contact_at) VALUES ($1, $2, $3, $4)
   ON CONFLICT (user_id, device_id) DO UPDATE
   SET highest_lamport = greatest(present.highest_lamport, excluded.highest_lamport),
       contact_at = greatest(present.contact_at, excluded.contact_at)
   WHERE present.highest_lamport < excluded.highest_lamport OR present.contact_at < excluded.contact_at`,
);

/** $1 user, $2 since, $3 limit. */
export const opsAfter = define<OpRow>(
  "ops_after",
  `SELECT id, prev_id, entity_type, entity_id, op, field, value, lamport_ts,
          coalesce(device_id_as_sent, device_id::text) AS device_id,
          coalesce(operation_id_as_sent, operation_id::text) AS operation_id,
          to_char(wall_clock AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS wall_clock
   FROM sync_op WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
);

/** $1 user. */
export const readWatermark = define<WatermarkRow>(
  "read_watermark",
  `SELECT compacted_up_to, generation FROM sync_compaction_watermark WHERE user_id = $1`,
);

/** $1 user, $2 device. */
export const findCursor = define<{ last_seen_id: number }>(
  "find_cursor",
  `SELECT last_seen_id FROM device_sync_cursor WHERE user_id = $1 AND device_id = $2`,
);

/** $1 user, $2 device, $3 last seen id, $4 time. */
export const raiseCursor = define<unknown>(
  "raise_cursor",
  `INSERT INTO device_sync_cursor AS present (user_id, device_id, last_seen_id, last_seen_at) VALUES ($1, $2, $3, $4)
   ON CONFLICT (user_id, device_id) DO UPDATE
   SET last_seen_id = greatest(present.last_seen_id, excluded.last_seen_id),
       last_seen_at = greatest(present.last_seen_at, excluded.last_seen_at)
   WHERE present.last_seen_id < excluded.last_seen_id OR present.last_seen_at < excluded.last_seen_at`,
);

/** $1 user, $2 earliest contact that counts. The device's row knows of contacts that acknowledged nothing (WF-ACK-4). */
export const minimumCursor = define<{ minimum: number | null }>(
  "minimum_cursor",
  `SELECT min(last_seen_id) AS minimum
   FROM device_sync_cursor LEFT JOIN sync_device USING (user_id, device_id)
   WHERE user_id = $1 AND greatest(last_seen_at, contact_at) >= $2::timestamptz`,
);

/** $1 user, $2 below. Reads the user's ops below it once, by the index on (user_id, id), and sorts them; the rows to go
 *  are then found by their place on disk. A join back to the table instead may be planned as a loop over all pairs, where
 *  the statistics do not know the user yet. Nobody moves a row in between: the user is locked, and ops are never updated.
 *  An op without a field is a delete, so the deletes of an entity are one register, whose newest is the barrier.
 *  Source: WF-COMP-2. */
export const collapse = define<{ deleted: number; highest: number }>(
  "collapse",
  `WITH judged AS (
     SELECT ctid AS place, id,
            max(id) OVER (PARTITION BY entity_type, entity_id, field) AS newest,
            max(id) FILTER (WHERE op = 'delete') OVER (PARTITION BY entity_type, entity_id) AS barrier
     FROM sync_op WHERE user_id = $1 AND id < $2
   ), deleted AS (
     DELETE FROM sync_op
     WHERE ctid = ANY (ARRAY (SELECT place FROM judged WHERE id < newest OR id < barrier))
     RETURNING id
   )
   SELECT count(*) AS deleted, coalesce(max(id), 0) AS highest FROM deleted`,
);

/** $1 user, $2 compacted up to, $3 time. */
export const raiseWatermark = define<WatermarkRow>(
  "raise_watermark",
  `INSERT INTO sync_compaction_watermark AS present (user_id, compacted_up_to, generation, updated_at)
   VALUES ($1, $2, 1, $3)
   ON CONFLICT (user_id) DO UPDATE
   SET compacted_up_to = greatest(present.compacted_up_to, excluded.compacted_up_to),
       generation = present.generation + 1, updated_at = excluded.updated_at
   RETURNING compacted_up_to, generation`,
);

/** $1 after, $2 limit. Jumps from user to user along the index; reading every op to find its few users takes as long as
 *  the table is. */
export const usersWithOps = define<{ user_id: string }>(
  "users_with_ops",
  `WITH RECURSIVE found AS (
     (SELECT user_id FROM sync_op WHERE user_id > $1 ORDER BY user_id LIMIT 1)
     UNION ALL
     SELECT (SELECT user_id FROM sync_op WHERE user_id > found.user_id ORDER BY user_id LIMIT 1)
     FROM found WHERE found.user_id IS NOT NULL
   )
   SELECT user_id FROM found WHERE user_id IS NOT NULL LIMIT $2`,
);

/** $1 channel, $2 payload. Delivered at the commit. */
export const announce = define<unknown>("announce", `SELECT pg_notify($1, $2)`);

function define<Row>(name: string, text: string): SqlStatement<Row> {
  return { name, text };
}
