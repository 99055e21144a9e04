import { describe, expect, test } from "vitest";
import { limits } from "../../protocol/waveflow/types.ts";
import { bodyOf } from "../../sim/waveflow/hand-cranked.ts";
import { type HandDevice, HandWorld } from "../../sim/waveflow/hand-cranked-world.ts";

const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
const device = (): HandDevice => new HandWorld().device("ada", 1);
const pushText = (a: HandDevice, text: string) => a.send({ method: "POST", path: "/sync/ops", text });

describe("WF-PUSH-12: bad input is told what is wrong with it, and stores nothing", () => {
  test.each([
    ["no JSON", "{", undefined],
    ["nothing", "", undefined],
    ["no object", "[]", undefined],
    ["no ops", "{}", undefined],
    ["an empty batch", '{"ops":[]}', undefined],
    ["ops that are no array", '{"ops":{}}', undefined],
    ["an op that is none", '{"ops":[null]}', 0],
  ])("%s is a 400", async (_, text, index) => {
    const a = device();
    const reply = await pushText(a, text);
    expect(reply.status).toBe(400);
    const { type, errors, index: told } = bodyOf(reply);
    expect({ type, told }).toEqual({ type: "invalid_request", told: index });
    expect(errors).toEqual(
      expect.arrayContaining([{ path: expect.any(String), message: expect.any(String) }]),
    );
  });

  test.each([
    { operation_id: "1" },
    { operation_id: undefined },
    { entity_type: "" },
    { entity_type: "t".repeat(65) },
    { entity_id: "" },
    { entity_id: "\u{1F3B5}".repeat(257) },
    { entity_id: 1 },
    { op: "rename" },
    { op: undefined },
    { field: "" },
    { field: null },
    { field: "f".repeat(65) },
    { value: undefined },
    { op: "delete", value: null },
    { op: "delete", field: null, value: 1 },
    { lamport_ts: 0 },
    { lamport_ts: -1 },
    { lamport_ts: 1.5 },
    { lamport_ts: "1" },
    { lamport_ts: 2 ** 53 },
    { lamport_ts: undefined },
  ])("an op with %j is a 400 at its index", async (change) => {
    const a = device();
    const reply = await a.push(a.op(), a.op(change));
    expect(reply.status).toBe(400);
    expect(bodyOf(reply).index).toBe(1);
    expect(bodyOf(await a.pull()).ops).toEqual([]);
  });

  test("an integer is never rounded into range", async () => {
    const a = device();
    for (const stamp of ["9007199254740993", "9007199254740991.5", "1e400", "1.0000000000000000001"]) {
      const op = JSON.stringify(a.op()).replace(/"lamport_ts":\d+/u, `"lamport_ts":${stamp}`);
      expect((await pushText(a, `{"ops":[${op}]}`)).status).toBe(400);
    }
  });

  test("lengths count code points, members that nobody knows are ignored, nothing is trimmed", async () => {
    const a = device();
    const accepted = await a.push(
      a.op({ entity_id: "\u{1F3B5}".repeat(256), entity_type: "t".repeat(64) }),
      a.op({ entity_id: " 1", extra: { of: "no" }, field: " " }),
      a.op({ op: "delete", field: undefined, value: undefined }),
    );
    expect(accepted.status).toBe(200);
    expect(bodyOf(await a.pull()).ops).toMatchObject([
      {},
      { entity_id: " 1", field: " " },
      { field: null, value: null },
    ]);
  });

  test("too many ops or bytes are a 413, which goes before 400", async () => {
    const a = device();
    const tooMany = Array.from({ length: limits.opsPerPushMax + 1 }, () => null);
    for (const reply of [
      await a.push(...(tooMany as never[])),
      await pushText(a, `{${" ".repeat(limits.bytesPerPushMax)}`),
      await pushText(a, `"${"\u00e9".repeat(limits.bytesPerPushMax / 2)}"`),
      await a.push(a.op({ value: "x".repeat(limits.bytesPerPushMax) })),
    ]) {
      expect(reply.status).toBe(413);
      expect(reply.body).toEqual({ type: "batch_too_large", max_ops: 1_000, max_bytes: 1_048_576 });
    }
    const most = Array.from({ length: limits.opsPerPushMax }, () => a.op());
    expect((await a.push(...most)).status).toBe(200);
  });

  test("what the store cannot keep is a 422 at its index", async () => {
    const a = device();
    const changes = [
      { value: "a\u0000b" },
      { value: [{ "k\u0000": 1 }] },
      { value: "\ud800" },
      { entity_id: "\udfff" },
      { entity_type: "\u0000" },
      { field: "\u0000" },
      { value: Number.POSITIVE_INFINITY },
      { value: nested(65) },
    ];
    for (const change of changes) {
      const [good, bad] = [a.op(), a.op(change)];
      const reply = await a.push(good, bad);
      expect(reply.status).toBe(422);
      expect(reply.body).toEqual({
        type: "invalid_op",
        index: 1,
        operation_id: bad.operation_id,
        reason: expect.any(String),
      });
    }
    expect(bodyOf(await a.pull()).ops).toEqual([]);
    expect((await a.push(a.op({ value: nested(64) }))).status).toBe(200);
  });

  test("a nesting that would overflow a stack is a 422 like any other", async () => {
    const a = device();
    const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    const op = JSON.stringify(a.op({ value: 0 })).replace('"value":0', `"value":${deep}`);
    expect((await pushText(a, `{"ops":[${op}]}`)).status).toBe(422);
    const json = { ops: [a.op({ value: JSON.parse(deep) })] };
    expect((await a.send({ method: "POST", path: "/sync/ops", json })).status).toBe(422);
  });
});

describe("WF-PUSH-13: a broken device cannot exhaust the clock", () => {
  test("a stamp may lie 2^32 above the user's highest before the request, and no further", async () => {
    const world = new HandWorld();
    const [a, b] = [world.device("ada", 1), world.device("ada", 2)];
    const leap = limits.lamportLeapMax;
    expect((await a.push(a.op({ lamport_ts: leap + 1 }))).status).toBe(422);
    expect((await a.push(a.op({ lamport_ts: leap }))).status).toBe(200);
    const [one, two] = [b.op({ lamport_ts: 2 * leap }), b.op({ lamport_ts: 2 * leap + 1 })];
    const reply = await b.push(one, two);
    expect(reply.body).toMatchObject({ type: "invalid_op", index: 1, operation_id: two.operation_id });
    expect((await b.push(one)).status).toBe(200);
  });
});
