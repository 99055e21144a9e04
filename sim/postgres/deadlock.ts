// Looks for a circle of sessions that wait for each other. A session checks once, when it has waited for
// deadlock_timeout, and if its check finds a circle it is the one that fails. A circle that exists only because of the
// order of a queue is undone by changing that order, and nobody fails.
// Source: PostgreSQL manual, 13.3.4 "Deadlocks"; 19.12 "Lock Management"; src/backend/storage/lmgr/README,
// "The Deadlock Detection Algorithm".
import { type Lock, type LockOwner, type LockWait, modesConflict } from "./lock-queue.ts";

/** `none`: no circle. `deadlock`: the one who asked has to give up. `reorder`: these queues, in these orders, have none.
 *  Source: src/backend/storage/lmgr/README, "The Deadlock Detection Algorithm". */
export type DeadlockVerdict =
  | { readonly kind: "none" }
  | { readonly kind: "deadlock" }
  | { readonly kind: "reorder"; readonly queues: ReadonlyMap<Lock, readonly LockWait[]> };

/** Judges the waits that start from one waiting session.  Source: PostgreSQL manual, 13.3.4 "Deadlocks". */
export function checkDeadlock(start: LockOwner): DeadlockVerdict {
  const queues = findOrder(start, []);
  if (queues === undefined) return { kind: "deadlock" };
  return queues.size === 0 ? { kind: "none" } : { kind: "reorder", queues };
}

/** Whom a session waits for: holders that conflict, and conflicting requests before its own.
 *  Source: PostgreSQL manual, 9.27.1 "Session Information Functions", pg_blocking_pids. */
export function blockersOf(owner: LockOwner): LockOwner[] {
  const wait = owner.lockWait;
  if (wait === undefined) return [];
  const blockers = new Set(wait.lock.holdersAgainst(wait));
  for (const edge of softEdges(wait, wait.lock.waits())) blockers.add(edge.before.owner);
  return [...blockers];
}

// `after` stands behind `before` in a queue and waits for nothing else of it. Turning the edge round lets `after` pass.
interface SoftEdge {
  readonly after: LockWait;
  readonly before: LockWait;
}

type Queues = Map<Lock, readonly LockWait[]>;

// Every level turns round one edge more, and a level has as many branches as its circle has soft edges. Circles are as
// long as there are sessions in them.
function findOrder(start: LockOwner, turned: readonly SoftEdge[]): Queues | undefined {
  const queues = orderQueues(turned);
  if (queues === undefined) return undefined;
  const circle = findCircleFromAny(start, turned, queues);
  if (circle === undefined) return queues;
  for (const edge of circle) {
    const found = findOrder(start, [...turned, edge]);
    if (found !== undefined) return found;
  }
  return undefined;
}

// Passing one waiter may close a circle elsewhere, so those who were moved are looked at before the start.
function findCircleFromAny(
  start: LockOwner,
  turned: readonly SoftEdge[],
  queues: Queues,
): readonly SoftEdge[] | undefined {
  const owners = new Set([...turned.flatMap((edge) => [edge.after.owner, edge.before.owner]), start]);
  let found: readonly SoftEdge[] | undefined;
  for (const owner of owners) {
    const circle = findCircle(owner, queues);
    if (circle === undefined) continue;
    if (circle.length === 0) return circle;
    found = circle;
  }
  return found;
}

// The soft edges of a circle through `start`; empty for a circle that no order can open; undefined for no circle.
function findCircle(start: LockOwner, queues: Queues): SoftEdge[] | undefined {
  const visited = new Set<LockOwner>();
  const visit = (owner: LockOwner): SoftEdge[] | undefined => {
    if (visited.has(owner)) return owner === start ? [] : undefined;
    visited.add(owner);
    const wait = owner.lockWait;
    if (wait === undefined) return undefined;
    for (const holder of wait.lock.holdersAgainst(wait)) {
      const circle = visit(holder);
      if (circle !== undefined) return circle;
    }
    for (const edge of softEdges(wait, queues.get(wait.lock) ?? wait.lock.waits())) {
      const circle = visit(edge.before.owner);
      if (circle !== undefined) return [...circle, edge];
    }
    return undefined;
  };
  return visit(start);
}

function softEdges(wait: LockWait, queue: readonly LockWait[]): SoftEdge[] {
  const edges: SoftEdge[] = [];
  for (const before of queue) {
    if (before === wait) break;
    if (modesConflict(before.mode, wait.mode)) edges.push({ after: wait, before });
  }
  return edges;
}

// Each queue with an edge turned round, changed as little as that needs; undefined where the edges contradict each other.
function orderQueues(turned: readonly SoftEdge[]): Queues | undefined {
  const queues: Queues = new Map();
  for (const { after } of turned) {
    if (queues.has(after.lock)) continue;
    const order = orderQueue(after.lock.waits(), turned);
    if (order === undefined) return undefined;
    queues.set(after.lock, order);
  }
  return queues;
}

function orderQueue(queue: readonly LockWait[], turned: readonly SoftEdge[]): LockWait[] | undefined {
  const remaining = [...queue];
  const order: LockWait[] = [];
  while (remaining.length > 0) {
    const last = remaining.findLastIndex(
      (wait) => !turned.some((edge) => edge.after === wait && remaining.includes(edge.before)),
    );
    if (last < 0) return undefined;
    order.unshift(...remaining.splice(last, 1));
  }
  return order;
}
