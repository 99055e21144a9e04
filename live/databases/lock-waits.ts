// Who waits for whom inside the database, as PostgreSQL itself tells it.
import pg from "pg";

export interface LockWait {
  /** The backend that waits. */
  readonly processId: number;
  /** The backends that hold what it waits for, or stand before it in the queue. */
  readonly blockedBy: readonly number[];
  /** What it is asking for. */
  readonly statement: string;
}

/** Looks at a database now and then until told to stop, and tells of every wait for a lock that it sees.
 *  Source: PostgreSQL manual, "pg_stat_activity", "pg_blocking_pids". */
export function watchLockWaits(url: string, onWait: (wait: LockWait) => void): { stop(): Promise<void> } {
  let isOver = false;
  const watch = async (): Promise<void> => {
    const client = new pg.Client({ connectionString: url, application_name: "seatrial-observer" });
    // A database that goes away under an observer is somebody else's news.
    client.on("error", () => (isOver = true));
    try {
      await client.connect();
      while (!isOver) {
        const { rows } = await client.query<LockWait>(lockWaitsQuery);
        for (const wait of rows) onWait(wait);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    } catch {
      // As above.
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  const watching = watch();
  return {
    stop: () => {
      isOver = true;
      return watching;
    },
  };
}

/** Between two looks.  Units: milliseconds. */
const pauseMs = 25;

const lockWaitsQuery = `
  SELECT pid AS "processId", pg_blocking_pids(pid) AS "blockedBy", query AS statement
  FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
