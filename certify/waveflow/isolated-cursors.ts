// Two users on devices of the same id, one of whom acknowledges: seen through compaction, the acknowledgement holds for its
// own user alone, and so does the token of a walk.
import { isJsonObject } from "../../protocol/json.ts";
import type { ProbeTarget } from "../probe.ts";
import { Exchanger } from "../probes/exchange.ts";
import type { ProbeFault } from "../probes/faults.ts";
import { ackOf, type Caller, pullOf, pushOf } from "./bad-case.ts";
import {
  acknowledgeGood,
  compactOverHook,
  describeOutcome,
  freshCaller,
  goodBody,
  type GoodOp,
  pushGood,
  readLog,
} from "./caller.ts";

export interface CursorsOfTwo {
  readonly target: ProbeTarget;
  readonly exchanger: Exchanger;
  readonly alice: Caller;
  readonly bob: Caller;
  /** Of one register, but for the last: a compaction of who has acknowledged them deletes some. */
  readonly ops: readonly GoodOp[];
  readonly signal: AbortSignal;
}

/** What crossed from one to the other.  Errors: `TargetUnusable`. */
export async function watchCursors(watch: CursorsOfTwo): Promise<readonly ProbeFault[] | "no hook"> {
  const { controlUrl, controlToken } = watch.target;
  if (controlUrl === undefined || controlToken === undefined) return "no hook";
  const hooks = new Exchanger({
    baseUrl: controlUrl,
    timeoutMs: 10_000,
    connectionsMax: 1,
    signal: watch.signal,
  });
  try {
    return await look(watch, (user) => compactOverHook(hooks, controlToken, user));
  } finally {
    hooks.close();
  }
}

async function look(
  { target, exchanger, alice, bob, ops }: CursorsOfTwo,
  compact: (user: string) => ReturnType<typeof compactOverHook>,
): Promise<readonly ProbeFault[]> {
  const single = await freshCaller(target);
  if (single === undefined) return [];
  await pushGood(exchanger, single, ops);
  const ofSingle = await compact(single.user);
  // A compaction that does not wait for acknowledgements at all says nothing of whose it waits for.
  if (ofSingle === undefined || ofSingle.deleted > 0) return [];
  const hers = await pushGood(exchanger, alice, ops);
  const { results, head } = await pushGood(exchanger, bob, ops);
  await acknowledgeGood(exchanger, bob, head);
  const ofAlice = await compact(alice.user);
  const ofBob = await compact(bob.user);
  if (ofAlice === undefined || ofBob === undefined) return [];
  const requests = [
    pushOf(alice, [{ text: goodBody(ops) }]),
    ackOf(bob, [{ text: `{"last_seen_id":${head}}` }]),
  ];
  if (ofAlice.deleted > 0) {
    const fault = {
      kind: "cursors",
      requirements: ["WF-AUTH-2"],
      text: "an acknowledgement of another user's device of the same id, and a compaction",
      expected: "nothing of alice's log to be deleted: none of her devices has acknowledged anything",
      seen: `${ofAlice.deleted} of her ops are gone`,
      requests,
    };
    return [fault];
  }
  const log = await readLog(exchanger, (await freshCaller(target, alice.user)) ?? alice);
  if (log.ops.length !== ops.length) {
    const fault = {
      kind: "compaction of another",
      requirements: ["WF-AUTH-2"],
      text: "a compaction of another user's log",
      expected: `all ${ops.length} ops of alice's log to stay`,
      seen: `${log.ops.length} are left`,
      requests,
    };
    return [fault];
  }
  // Now both have been compacted once, so that their walks differ by nothing but whose they are.
  await acknowledgeGood(exchanger, alice, hers.head);
  const isAlike = (await compact(alice.user))?.deleted === ofBob.deleted;
  return ofBob.deleted > 0 && isAlike ? foreignWalk(exchanger, { alice, bob, since: results[0]!.id }) : [];
}

/** The token of another's walk does not take anybody past the guard. */
async function foreignWalk(
  exchanger: Exchanger,
  { alice, bob, since }: { readonly alice: Caller; readonly bob: Caller; readonly since: number },
): Promise<readonly ProbeFault[]> {
  const walk = await exchanger.exchange(pullOf(alice, "?since=0&limit=1"));
  const token = walk.kind === "answer" && isJsonObject(walk.json) ? walk.json.resync : undefined;
  if (typeof token !== "string") return [];
  const bare = await exchanger.exchange(pullOf(bob, `?since=${since}`));
  const request = pullOf(bob, `?since=${since}&limit=1&resync=${encodeURIComponent(token)}`);
  const outcome = await exchanger.exchange(request);
  const isGuarded = bare.kind === "answer" && bare.status === 410;
  if (!isGuarded || (outcome.kind === "answer" && outcome.status === 410)) return [];
  const fault = {
    kind: "walks",
    requirements: ["WF-PULL-5"],
    text: "a pull from below the watermark with the token of another user's walk",
    expected: "410, as without a token",
    seen: describeOutcome(outcome),
    requests: [request],
  };
  return [fault];
}
