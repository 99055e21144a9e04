import { describe, expect, test } from "vitest";
import { Lock, type LockOwner } from "./lock-queue.ts";

class Owner implements LockOwner {
  lockWait: LockOwner["lockWait"];
  grants = 0;
  onGranted(): void {
    this.grants += 1;
  }
}

const owners = () => [new Owner(), new Owner(), new Owner(), new Owner()] as const;

describe("a lock", () => {
  test("is shared by sharers and held alone otherwise", () => {
    const [a, b, c] = owners();
    const lock = new Lock();
    expect(lock.acquire(a, "shared")).toBe(true);
    expect(lock.acquire(b, "shared")).toBe(true);
    expect(lock.tryAcquire(c, "exclusive")).toBe(false);
    lock.release(a, "shared");
    lock.release(b, "shared");
    expect(lock.tryAcquire(c, "exclusive")).toBe(true);
  });

  test("is granted in the order of arrival, sharers together", () => {
    const [a, b, c, d] = owners();
    const lock = new Lock();
    lock.acquire(a, "exclusive");
    lock.acquire(b, "shared");
    lock.acquire(c, "shared");
    lock.acquire(d, "exclusive");
    lock.release(a, "exclusive");
    expect([b.grants, c.grants, d.grants]).toEqual([1, 1, 0]);
    lock.release(c, "shared");
    lock.release(b, "shared");
    expect(d.grants).toBe(1);
  });

  test("lets nobody overtake a waiter that conflicts, not even a try", () => {
    const [a, b, c] = owners();
    const lock = new Lock();
    lock.acquire(a, "shared");
    lock.acquire(b, "exclusive");
    expect(lock.tryAcquire(c, "shared")).toBe(false);
    expect(lock.acquire(c, "shared")).toBe(false);
  });

  test("lets a holder pass those who wait for it", () => {
    const [a, b] = owners();
    const lock = new Lock();
    lock.acquire(a, "shared");
    lock.acquire(b, "exclusive");
    expect(lock.acquire(a, "exclusive")).toBe(true);
  });

  test("refuses at once a holder who would wait for somebody who waits for it", () => {
    const [a, b] = owners();
    const lock = new Lock();
    lock.acquire(a, "shared");
    lock.acquire(b, "shared");
    lock.acquire(a, "exclusive");
    expect(lock.tryAcquire(b, "exclusive")).toBe(false);
    expect(() => lock.acquire(b, "exclusive")).toThrow(expect.objectContaining({ sqlstate: "40P01" }));
  });

  test("counts its holds", () => {
    const [a, b] = owners();
    const lock = new Lock();
    lock.acquire(a, "exclusive");
    lock.acquire(a, "exclusive");
    lock.release(a, "exclusive");
    expect(lock.tryAcquire(b, "shared")).toBe(false);
    lock.release(a, "exclusive");
    expect(lock.isIdle()).toBe(true);
  });

  test("lets the next in when a waiter before it withdraws", () => {
    const [a, b, c] = owners();
    const lock = new Lock();
    lock.acquire(a, "shared");
    lock.acquire(b, "exclusive");
    lock.acquire(c, "shared");
    lock.withdraw(b);
    expect([b.grants, c.grants]).toEqual([0, 1]);
  });
});
