// What can be done to the processes of a target, found out by doing it.
import { HookUnanswered } from "../subjects/control.ts";
import { type Subject, SubjectFailed } from "../subjects/subject.ts";
import type { Ground } from "./ground.ts";
import type { Group } from "./group.ts";
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

/** Starts two processes on one database, or one where there cannot be two, kills one, starts it again, and stops it in
 *  good order.
 *  Errors: those of a server that does not come up at all; what else the target does wrong is in the answer. */
export async function tryProcesses(ground: Ground, wish: Wish): Promise<ProcessStanding> {
  const onLines = { ...wish, hasLines: true };
  let second: Standing = { works: true, seen: "two processes listen on one database" };
  const lease = await ground.pool.lease({ ...onLines, processes: 2 }).catch((error: unknown) => {
    second = notDone(error);
    return ground.pool.lease(onLines);
  });
  try {
    return { second, ...(await tryLast(lease.group)) };
  } finally {
    lease.release({ keep: false });
  }
}

/** The last process of a group has no scenario that needs it. */
async function tryLast(group: Group): Promise<Omit<ProcessStanding, "second">> {
  const { subjects, lines } = group;
  const subject = subjects.at(-1)!;
  let statements = 0;
  const unwatch = lines.at(-1)?.subscribe(({ kind }) => {
    if (kind === "statement") statements++;
  });
  const crash = await tryOut("comes back on its database", async () => {
    await subject.kill();
    await group.start(subject);
  });
  const stop = await tryStop(subject);
  unwatch?.();
  const blind =
    "it sends no statement to its DATABASE_URL: it is killed between requests, and not behind each statement";
  const database =
    statements > 0
      ? { works: true, seen: "it speaks to the DATABASE_URL that it is told" }
      : { works: false, seen: blind };
  return { crash, stop, database };
}

async function tryStop(subject: Subject): Promise<Standing> {
  const begunAt = performance.now();
  await subject.stop();
  const tookMs = Math.round(performance.now() - begunAt);
  const isForced = subject
    .lastLines()
    .some((line) => line.startsWith("[seatrial]") && line.includes("SIGTERM"));
  return isForced
    ? { works: false, seen: `it does not end on SIGTERM and is killed after ${tookMs} ms` }
    : { works: true, seen: `it ends on SIGTERM, in ${tookMs} ms` };
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
