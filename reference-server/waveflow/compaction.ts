// The job that forgets what everybody has. One transaction per user, under the lock that pushes take: cursors, deletes
// and watermark are decided and committed together, so a crash leaves all of it or nothing.
import type { ServerId, UserId } from "../../protocol/waveflow/types.ts";
import type { AckBuffer } from "./ack-buffer.ts";
import type { Clock, Database } from "./ports.ts";

export interface CompactionPorts {
  readonly database: Database;
  readonly clock: Clock;
  readonly buffer: AckBuffer;
  readonly stalenessMs: number;
  readonly onFault: (error: unknown) => void;
}

export interface CompactionOutcome {
  readonly deleted: number;
  readonly compactedUpTo: ServerId;
}

/** What one run of the job came to. `failed` users keep what they have and are tried again by the next run. */
export interface CompactionRun {
  readonly users: number;
  readonly deleted: number;
  readonly failed: number;
}

/** Compacts one user's log. ACKs in memory are written first, in the same transaction, and so count. A device whose
 *  last contact is exactly `stalenessMs` ago counts too.
 *  Errors: those of the database; then nothing has happened.  Source: WF-COMP-1 to WF-COMP-8. */
export async function compactUser(ports: CompactionPorts, user: UserId): Promise<CompactionOutcome> {
  const { database, clock, buffer, stalenessMs } = ports;
  const { merged, outcome } = await database.transaction(
    { isolation: "read committed", purpose: "compact" },
    async (transaction) => {
      await transaction.lockUser(user);
      const merged = await buffer.merge(transaction, user);
      const now = clock.now();
      const below = await transaction.minimumCursor({ user, contactSince: now - stalenessMs });
      const collapsed = below === undefined ? undefined : await transaction.collapse({ user, below });
      if (collapsed === undefined || collapsed.deleted === 0) {
        const { compactedUpTo } = await transaction.readWatermark(user);
        return { merged, outcome: { deleted: 0, compactedUpTo } };
      }
      const { deleted, highestDeletedId } = collapsed;
      const raised = await transaction.raiseWatermark({ user, compactedUpTo: highestDeletedId, at: now });
      await transaction.announce({ kind: "watermark", user, compactedUpTo: raised.compactedUpTo });
      return { merged, outcome: { deleted, compactedUpTo: raised.compactedUpTo } };
    },
  );
  buffer.settle(user, merged);
  return outcome;
}

/** Compacts every user that has a log, one after the other; a user whose compaction fails does not stop the rest.
 *  Errors: those of the database while the users are listed. */
export async function compactEveryUser(ports: CompactionPorts): Promise<CompactionRun> {
  let users = 0;
  let deleted = 0;
  let failed = 0;
  let after = "";
  for (;;) {
    const page = await ports.database.transaction(
      { isolation: "read committed", purpose: "job" },
      (transaction) => transaction.usersWithOps({ after, limit: usersPerPage }),
    );
    for (const user of page) {
      users++;
      try {
        deleted += (await compactUser(ports, user)).deleted;
      } catch (error) {
        failed++;
        ports.onFault(error);
      }
    }
    if (page.length < usersPerPage) return { users, deleted, failed };
    after = page.at(-1)!;
  }
}

const usersPerPage = 500;
