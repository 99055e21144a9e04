import { describe, expect, test } from "vitest";
import type { LiveProtocol } from "./protocol.ts";
import { ServerPool, type Wish } from "./server-pool.ts";

const protocol = { id: "waveflow/1" } as LiveProtocol;
const wish = (changes: Partial<Wish> = {}): Wish => ({
  protocol,
  config: {},
  processes: 1,
  isShared: false,
  hasLines: false,
  ...changes,
});

function createPool({ groupsMax = 2 } = {}) {
  const disposed: number[] = [];
  let started = 0;
  const pool = new ServerPool({
    groupsMax,
    start: async () => {
      const number = ++started;
      return { number, dispose: async () => void disposed.push(number) };
    },
  });
  return { pool, disposed, started: () => started };
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

describe("a pool of servers", () => {
  test("gives one group to all who share, and one to each who does not", async () => {
    const { pool } = createPool({ groupsMax: 5 });
    const wishes = [true, true, false, false].map((isShared) => pool.lease(wish({ isShared })));
    const numbers = (await Promise.all(wishes)).map(({ group }) => group.number);
    expect(numbers[0]).toBe(numbers[1]);
    expect(new Set(numbers).size).toBe(3);
  });

  test("hands a group on to the next one of its kind", async () => {
    const { pool, started } = createPool();
    (await pool.lease(wish())).release({ keep: true });
    expect((await pool.lease(wish())).group.number).toBe(1);
    expect(started()).toBe(1);
  });

  test("hands on no group that is spoilt", async () => {
    const { pool, disposed } = createPool();
    (await pool.lease(wish())).release({ keep: false });
    expect((await pool.lease(wish())).group.number).toBe(2);
    expect(disposed).toEqual([1]);
  });

  test("lets those finish who share a group that one of them spoilt", async () => {
    const { pool, disposed } = createPool();
    const [first, second] = [
      await pool.lease(wish({ isShared: true })),
      await pool.lease(wish({ isShared: true })),
    ];
    first.release({ keep: false });
    await pause();
    expect(disposed).toEqual([]);
    second.release({ keep: true });
    await pause();
    expect(disposed).toEqual([1]);
  });

  test("gives up an idle group of another kind where there is no room", async () => {
    const { pool, disposed } = createPool({ groupsMax: 1 });
    (await pool.lease(wish())).release({ keep: true });
    expect((await pool.lease(wish({ config: { stalenessMs: 1 } }))).group.number).toBe(2);
    await pause();
    expect(disposed).toEqual([1]);
  });

  test("makes who comes wait while all groups are in use", async () => {
    const { pool } = createPool({ groupsMax: 1 });
    const first = await pool.lease(wish());
    let isServed = false;
    const second = pool.lease(wish({ processes: 2 })).then(() => {
      isServed = true;
    });
    await pause();
    expect(isServed).toBe(false);
    first.release({ keep: true });
    await second;
    expect(isServed).toBe(true);
  });

  test("starts no more ahead than there is room for, and none twice", async () => {
    const { pool, started } = createPool({ groupsMax: 2 });
    await pool.startAhead([wish(), wish(), wish({ isShared: true }), wish({ processes: 2 })]);
    expect(started()).toBe(2);
  });

  test("ends every group when it is closed, and turns away who still waits", async () => {
    const { pool, disposed } = createPool({ groupsMax: 1 });
    await pool.lease(wish());
    const waiting = pool.lease(wish());
    await Promise.all([pool.close(), expect(waiting).rejects.toThrow("closed")]);
    expect(disposed).toEqual([1]);
  });
});
