import { describe, expect, test } from "vitest";
import { bodyOf } from "../../sim/waveflow/hand-cranked.ts";
import { type HandDevice, HandWorld } from "../../sim/waveflow/hand-cranked-world.ts";

/** Writes `count` ops to different entities. */
const fill = async (device: HandDevice, count: number): Promise<readonly number[]> => {
  const ops = Array.from({ length: count }, (_, place) => device.op({ entity_id: `e${place}` }));
  return bodyOf(await device.push(...ops)).results.map(({ id }) => id);
};
const idsOf = async (device: HandDevice, query: Record<string, string> = {}) =>
  bodyOf(await device.pull(query)).ops.map(({ id }) => id);
/** Acknowledges everything and compacts. */
const compactAll = async (world: HandWorld, device: HandDevice) => {
  await device.ack(bodyOf(await device.pull()).head);
  return world.first.server.compact(device.user);
};

describe("WF-PULL-1: a pull gives what is above since, the caller's own ops included", () => {
  test("ascending, page by page, to an end", async () => {
    const world = new HandWorld();
    const [a, b] = [world.device("ada", 1), world.device("ada", 2)];
    const ids = [...(await fill(a, 3)), ...(await fill(b, 2))];
    expect(await idsOf(a)).toEqual(ids);
    expect(await idsOf(a, { since: String(ids[1]) })).toEqual(ids.slice(2));
    const page = bodyOf(await a.pull({ since: String(ids[0]), limit: "2" }));
    expect(page).toMatchObject({ ops: [{ id: ids[1] }, { id: ids[2] }], head: ids[4], has_more: true });
    const last = bodyOf(await a.pull({ since: String(ids[2]), limit: "2" }));
    expect(last).toMatchObject({ ops: [{ id: ids[3] }, { id: ids[4] }], head: ids[4], has_more: false });
    expect(bodyOf(await a.pull({ since: String(ids[4]) }))).toEqual({
      ops: [],
      head: ids[4],
      has_more: false,
    });
  });

  test("an empty log has head 0", async () => {
    const reply = await new HandWorld().device("ada", 1).pull();
    expect(reply).toMatchObject({ status: 200, body: { ops: [], head: 0, has_more: false } });
    expect(reply.headers["cache-control"]).toBe("no-store");
  });

  test("WF-AUTH-2: another user's log is another log", async () => {
    const world = new HandWorld();
    await fill(world.device("ada", 1), 3);
    expect(bodyOf(await world.device("bob", 1).pull())).toMatchObject({ ops: [], head: 0 });
  });

  test("the default page is the configured one, and a limit is a hard bound", async () => {
    const world = new HandWorld({ pullLimitDefault: 3 });
    const a = world.device("ada", 1);
    await fill(a, 5);
    expect(await idsOf(a)).toHaveLength(3);
    expect(await idsOf(a, { limit: "1000" })).toHaveLength(5);
  });

  test.each([
    { since: "-1" },
    { since: "" },
    { since: " 1" },
    { since: "1.0" },
    { since: "1e3" },
    { since: "+1" },
    { since: "0x1" },
    { since: "9007199254740993" },
    { since: ["1", "1"] },
    { limit: "0" },
    { limit: "1001" },
    { limit: "ten" },
    { limit: ["5", "6"] },
  ])("%j is a 400", async (query) => {
    const reply = await new HandWorld().device("ada", 1).pull(query);
    expect(reply.status).toBe(400);
    expect(bodyOf(reply).type).toBe("invalid_request");
  });
});

describe("WF-PULL-3, 7: whoever cannot go on from where he is, is told to start over", () => {
  test("since is good at 0, at the watermark and above, and at nothing between", async () => {
    const world = new HandWorld();
    const a = world.device("ada", 1);
    await a.push(a.op(), a.op(), a.op(), a.op({ entity_id: "2" }));
    const { compactedUpTo: watermark } = await compactAll(world, a);
    expect(watermark).toBeGreaterThan(1);
    const statusAt = async (since: number) => (await a.pull({ since: String(since) })).status;
    expect(await statusAt(0)).toBe(200);
    for (let since = 1; since < watermark; since++) expect(await statusAt(since)).toBe(410);
    expect(await statusAt(watermark)).toBe(200);
    expect(await statusAt(watermark + 1)).toBe(200);
    expect((await a.pull({ since: "1" })).body).toEqual({
      type: "resync_required",
      compacted_up_to: watermark,
    });
  });

  test("a cursor above the head says that the server has lost history", async () => {
    const world = new HandWorld();
    const a = world.device("ada", 1);
    const [head] = await fill(a, 1);
    const reply = await a.pull({ since: String(head! + 1) });
    expect(reply.status).toBe(410);
    expect(reply.body).toEqual({ type: "resync_required", compacted_up_to: 0, reason: "cursor_ahead" });
    expect((await world.device("bob", 1).pull({ since: "1" })).status).toBe(410);
  });

  test("WF-PULL-4: a watermark that cannot be read is a 5xx", async () => {
    const world = new HandWorld();
    const a = world.device("ada", 1);
    await fill(a, 2);
    world.first.wire.plan("pull", "readWatermark", { kind: "refuse", sqlstate: "XX000" });
    expect((await a.pull({ since: "1" })).status).toBe(500);
    world.first.wire.plan("pull", "readWatermark", { kind: "lose" });
    expect((await a.pull({ since: "1" })).status).toBe(503);
  });

  test("WF-PULL-4: guard, head and ops are of one moment, whatever happens between them", async () => {
    const world = new HandWorld();
    const [a, b] = [world.device("ada", 1), world.device("ada", 2)];
    const [, second] = bodyOf(await a.push(a.op(), a.op({ entity_id: "2" }))).results.map(({ id }) => id);
    world.first.wire.plan("pull", "readWatermark", { kind: "hold", position: "after" });
    const pulling = b.pull({ since: "1" });
    await a.push(a.op({ value: "B" }), a.op({ entity_id: "2", value: "B" }), a.op({ entity_id: "3" }));
    expect((await compactAll(world, a)).deleted).toBe(2);
    world.first.wire.release();
    expect(bodyOf(await pulling)).toMatchObject({ ops: [{ id: second, value: "A" }], head: second });
  });
});

describe("WF-PULL-5: a full read from 0 ends", () => {
  /** Six survivors, the first four below the watermark. */
  const compacted = async () => {
    const world = new HandWorld();
    const a = world.device("ada", 1);
    const ids = await fill(a, 4);
    await a.push(...["e9", "e9", "e9", "e10"].map((entity) => a.op({ entity_id: entity })));
    const { compactedUpTo } = await compactAll(world, a);
    expect(compactedUpTo).toBeGreaterThan(ids[3]!);
    return { world, a, compactedUpTo };
  };

  const walk = async (device: HandDevice, query: Record<string, string>) => {
    const first = bodyOf(await device.pull(query));
    return { first, next: { ...query, since: String(first.ops.at(-1)!.id), resync: first.resync! } };
  };

  test("its pages below the watermark are given with its token, and each repeats it", async () => {
    const { a } = await compacted();
    const all = await idsOf(a);
    const seen: number[] = [];
    let query: Record<string, string> = { limit: "2" };
    for (let pages = 1; ; pages++) {
      const page = bodyOf(await a.pull(query));
      seen.push(...page.ops.map(({ id }) => id));
      if (!page.has_more) {
        expect(pages).toBeGreaterThan(2);
        expect(page.head).toBe(all.at(-1));
        break;
      }
      if (pages > 1) expect(page.resync).toBe(query.resync);
      query = { limit: "2", since: String(page.ops.at(-1)!.id), resync: page.resync! };
    }
    expect(seen).toEqual(all);
  });

  test("without the token, with a foreign or unreadable one, the guard stands", async () => {
    const { world, a } = await compacted();
    const { next } = await walk(a, { limit: "2" });
    const bob = world.device("bob", 1);
    await fill(bob, 3);
    const foreign = bodyOf(await bob.pull({ limit: "1" })).resync!;
    for (const resync of [undefined, foreign, "walk-1-1-", "", `${next.resync}x`]) {
      const { resync: _, ...rest } = next;
      expect((await a.pull(resync === undefined ? rest : { ...rest, resync })).status).toBe(410);
    }
    expect((await a.pull({ ...next, resync: [next.resync, next.resync] })).status).toBe(410);
    expect((await a.pull(next)).status).toBe(200);
  });

  test("a compaction that deletes something in between ends it, also where the watermark stays", async () => {
    const { world, a, compactedUpTo } = await compacted();
    const { next } = await walk(a, { limit: "2" });
    await world.first.server.compact("ada");
    expect((await a.pull(next)).status).toBe(200);
    await a.push(a.op({ entity_id: "e0" }), a.op({ entity_id: "e11" }));
    expect(await compactAll(world, a)).toEqual({ deleted: 1, compactedUpTo });
    expect((await a.pull(next)).status).toBe(410);
    const again = await walk(a, { ...next, since: "0" });
    expect(again.first.resync).not.toBe(next.resync);
    expect((await a.pull(again.next)).status).toBe(200);
  });

  test("another user's compaction does not", async () => {
    const { world, a } = await compacted();
    const { next } = await walk(a, { limit: "2" });
    const bob = world.device("bob", 1);
    await bob.push(bob.op(), bob.op(), bob.op());
    expect((await compactAll(world, bob)).deleted).toBeGreaterThan(0);
    expect((await a.pull(next)).status).toBe(200);
  });
});

test("WF-PULL-2: a pull counts for nothing with compaction", async () => {
  const world = new HandWorld();
  const [a, b] = [world.device("ada", 1), world.device("ada", 2)];
  await a.push(a.op(), a.op(), a.op());
  await a.pull();
  await b.pull();
  expect(await world.first.server.compact("ada")).toEqual({ deleted: 0, compactedUpTo: 0 });
});
