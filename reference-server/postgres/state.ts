// What the database holds of one user, in one snapshot: for the control endpoint and for whoever debugs.
import type { JsonValue } from "../../protocol/json.ts";
import type { SessionPool } from "./pool.ts";
import type { SqlStatement } from "./session.ts";
import { PostgresTransaction } from "./transaction.ts";

const readCursors: SqlStatement<{ device_id: string; last_seen_id: number }> = {
  name: "read_cursors",
  text: `SELECT device_id::text AS device_id, last_seen_id FROM device_sync_cursor WHERE user_id = $1 ORDER BY device_id`,
};

/** Errors: those of the database. */
export async function readState(pool: SessionPool, user: string): Promise<JsonValue> {
  return await pool.inTransaction("repeatable read", async (session) => {
    const transaction = new PostgresTransaction(session);
    const { compactedUpTo } = await transaction.readWatermark(user);
    const stored = await transaction.opsAfter({ user, since: 0, limit: Number.MAX_SAFE_INTEGER });
    const cursors = await session.run(readCursors, [user]);
    const ops = stored.map(({ prevId: _, ...op }): JsonValue => ({ ...op }));
    return {
      head: await transaction.highestId(user),
      compacted_up_to: compactedUpTo,
      ops,
      cursors: cursors.map(({ device_id, last_seen_id }) => ({ device_id, last_seen_id })),
    };
  });
}
