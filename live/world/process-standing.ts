// What can be done to the processes of a target, found out by doing it.
import { HookUnanswered } from "../subjects/control.ts";
import { SubjectFailed } from "../subjects/subject.ts";
import type { Ground } from "./ground.ts";
import type { Wish } from "./server-pool.ts";
import type { Standing } from "./target-check.ts";

/** What can be done to the processes of a target. */
export interface ProcessStanding {
  /** A second one on the same database. */
  readonly second: Standing;
  /** SIGKILL, and a start on the same database. */
  readonly crash: Standing;
  /** SIGTERM. */
  readonly stop: Standing;
  /** It keeps its data in the database that it is told, where statements can be counted and held. */
  readonly database: Standing;
}

/** Starts two processes on one database, kills one, starts it again, and stops it in good order.
 *  Errors: bugs of ours; what the target does wrong is in the answer. */
export async function tryProcesses(ground: Ground, wish: Wish): Promise<ProcessStanding> {
  const untried: Standing = { works: false, seen: "not tried: there is no second process" };
  let lease: Awaited<ReturnType<Ground["pool"]["lease"]>>;
  try {
    lease = await ground.pool.lease({ ...wish, processes: 2, hasLines: true });
  } catch (error) {
    return { second: notDone(error), crash: untried, stop: untried, database: untried };
  }
  try {
    const { group } = lease;
    const subject = group.subjects[1]!;
    let statements = 0;
    const unwatch = group.lines[1]?.subscribe(({ kind }) => {
      if (kind === "statement") statements++;
    });
    const crash = await tryOut("comes back on its database", async () => {
      await subject.kill();
      await group.start(subject);
    });
    const begunAt = performance.now();
    await subject.stop();
    const tookMs = Math.round(performance.now() - begunAt);
    const forced = subject
      .lastLines()
      .find((line) => line.startsWith("[seatrial]") && line.includes("SIGTERM"));
    unwatch?.();
    return {
      database:
        statements > 0
          ? { works: true, seen: "it speaks to the DATABASE_URL that it is told" }
          : {
              works: false,
              seen: "it sends no statement to its DATABASE_URL: it is killed between requests, and not behind each statement",
            },
      second: { works: true, seen: "two processes listen on one database" },
      crash,
      stop:
        forced === undefined
          ? { works: true, seen: `it ends on SIGTERM, in ${tookMs} ms` }
          : { works: false, seen: `it does not end on SIGTERM and is killed after ${tookMs} ms` },
    };
  } finally {
    lease.release({ keep: false });
  }
}

/** Kills a server at an address by its restart command, and has it come back.
 *  Errors: as `tryProcesses`. */
export async function tryRestart(ground: Ground, wish: Wish): Promise<Pick<ProcessStanding, "crash">> {
  const lease = await ground.pool.lease(wish);
  try {
    const [subject] = lease.group.subjects;
    const crash = await tryOut("the restart command brings it back", async () => {
      await subject!.kill();
      await lease.group.start(subject!);
    });
    return { crash };
  } finally {
    lease.release({ keep: lease.group.isWhole });
  }
}

async function tryOut(seen: string, work: () => Promise<void>): Promise<Standing> {
  try {
    await work();
    return { works: true, seen };
  } catch (error) {
    return notDone(error);
  }
}

function notDone(error: unknown): Standing {
  if (error instanceof SubjectFailed || error instanceof HookUnanswered)
    return { works: false, seen: error.message };
  throw error;
}
