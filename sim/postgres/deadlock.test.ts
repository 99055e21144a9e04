import { describe, expect, test } from "vitest";
import { blockersOf, checkDeadlock } from "./deadlock.ts";
import { Lock, type LockOwner } from "./lock-queue.ts";

const owner = (): LockOwner => ({ lockWait: undefined, onGranted: () => {} });

describe("the deadlock check", () => {
  test("finds nothing where the waits end", () => {
    const [a, b] = [owner(), owner()];
    const lock = new Lock();
    lock.acquire(a, "exclusive");
    lock.acquire(b, "exclusive");
    expect(checkDeadlock(b).kind).toBe("none");
    expect(blockersOf(b)).toEqual([a]);
  });

  test("finds a circle of three, from each of them", () => {
    const ring = [owner(), owner(), owner()];
    const locks = ring.map(() => new Lock());
    ring.forEach((owner, place) => locks[place]?.acquire(owner, "exclusive"));
    ring.forEach((owner, place) => locks[(place + 1) % 3]?.acquire(owner, "exclusive"));
    for (const owner of ring) expect(checkDeadlock(owner).kind).toBe("deadlock");
  });

  test("takes no notice of a circle that it only waits for", () => {
    const [a, b, c] = [owner(), owner(), owner()];
    const [one, two] = [new Lock(), new Lock()];
    one.acquire(a, "exclusive");
    two.acquire(b, "exclusive");
    one.acquire(b, "exclusive");
    two.acquire(a, "exclusive");
    one.acquire(c, "exclusive");
    expect(checkDeadlock(c).kind).toBe("none");
  });

  test("undoes a circle that only the order of a queue makes", () => {
    const [a, b, c] = [owner(), owner(), owner()];
    const [one, two] = [new Lock(), new Lock()];
    one.acquire(a, "shared");
    two.acquire(c, "exclusive");
    one.acquire(b, "exclusive");
    one.acquire(c, "shared");
    two.acquire(a, "exclusive");
    const verdict = checkDeadlock(a);
    expect(verdict.kind).toBe("reorder");
    if (verdict.kind === "reorder") for (const [lock, order] of verdict.queues) lock.reorder(order);
    expect(c.lockWait).toBeUndefined();
    expect(blockersOf(b)).toEqual([a, c]);
  });
});
