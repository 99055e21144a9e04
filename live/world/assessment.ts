// A target before the first scenario: whether it can be tested at all, and what it can be asked for.
import type { TargetSpec } from "../subjects/target.ts";
import { HookUnanswered } from "../subjects/control.ts";
import { SubjectFailed } from "../subjects/subject.ts";
import type { Ground } from "./ground.ts";
import type { Group } from "./group.ts";
import type { LiveProtocol } from "./protocol.ts";
import type { Wish } from "./server-pool.ts";
import { checkTarget, entriesOf, type Standing, type TargetStanding } from "./target-check.ts";
import { type Lacks, lacksOf } from "./target-lacks.ts";
import { usersNeverSeen } from "./tokens.ts";

export interface Assessment {
  readonly standing: TargetStanding;
  readonly lacks: Lacks;
  /** Users of a list that nothing can be said of, because they have a history. */
  readonly usedUp: readonly string[];
}

export interface AssessmentOptions {
  readonly group: Group;
  readonly protocol: LiveProtocol;
  /** Absent: the reference, which lacks nothing. */
  readonly target: TargetSpec | undefined;
  readonly ground: Ground;
}

/** Errors: `SubjectFailed` for a server of which nothing can be said. */
export async function assessTarget(options: AssessmentOptions): Promise<Assessment> {
  const { group, protocol, target, ground } = options;
  const { listed } = ground;
  const desk = ground.plainDesk(() => undefined);
  const [first] = listed === undefined ? [usersNeverSeen()("seatrial")] : listed.users;
  if (first === undefined) {
    throw new SubjectFailed(
      "token_failed",
      "the list of tokens has no user whose token is good for any device",
    );
  }
  const standing = await checkTarget({ group, protocol, desk, user: first });
  const usedUp: string[] = [];
  for (const user of listed?.users ?? []) {
    const entries = await entriesOf({ group, protocol, desk, user });
    if (entries === undefined || entries === 0) continue;
    listed!.strike(user);
    usedUp.push(user);
  }
  const lacks: Lacks = target === undefined ? new Map() : lacksOf(target, standing);
  return { standing, lacks, usedUp };
}

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
