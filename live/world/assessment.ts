// A target before the first scenario: whether it can be tested at all, and what it can be asked for.
import type { TargetSpec } from "../subjects/target.ts";
import { SubjectFailed } from "../subjects/subject.ts";
import type { Ground } from "./ground.ts";
import type { Group } from "./group.ts";
import type { LiveProtocol } from "./protocol.ts";
import { checkTarget, entriesOf, type TargetStanding } from "./target-check.ts";
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
