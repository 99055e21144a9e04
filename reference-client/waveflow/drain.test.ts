import { describe, expect, test } from "vitest";
import { binding, createBoundSetup, title } from "./device-setup.ts";
import { NoAnswer, type IncomingReply, type OutgoingRequest } from "./ports.ts";
import { json, loseReply, portal, pushedOps, settled } from "./scripted-ports.ts";

describe("a drain", () => {
  test("sends the edits in batches and in order, and empties the queue", async () => {
    const { device, server, transport } = await createBoundSetup({ config: { batchSize: 2 } });
    for (const value of ["A", "B", "C"]) await device.edit(title(value));
    const outcome = await device.drain();
    expect(outcome).toMatchObject({ outcome: "complete", accepted: 3, status: 200 });
    expect(server.log.map((op) => op.value)).toEqual(["A", "B", "C"]);
    expect(transport.lines).toEqual(["POST /sync/ops", "POST /sync/ops"]);
    expect(device.countPending()).toBe(0);
  });

  test("moves no cursor by its reply, and the edit stays in sight until the log shows it", async () => {
    const { device, server } = await createBoundSetup();
    server.write({ value: "older" });
    await device.edit(title("mine"));
    await device.drain();
    expect(device.cursor).toBe(0);
    expect(device.confirmed()).toEqual({});
    expect(device.visible()).toEqual({ "song/1": { title: "mine" } });
    await device.pull();
    expect(device.cursor).toBe(2);
    expect(device.confirmed()).toEqual({ "song/1": { title: "mine" } });
    expect(device.status().accepted).toBe(0);
  });

  test("an accepted edit that a higher id overwrote loses when the log shows that", async () => {
    const { device, server } = await createBoundSetup();
    await device.edit(title("mine"));
    await device.drain();
    server.write({ value: "theirs" });
    await device.pull();
    expect(device.visible()).toEqual({ "song/1": { title: "theirs" } });
  });

  test("an accepted edit that was compacted away before it was seen does not linger", async () => {
    const { device, server } = await createBoundSetup();
    await device.edit(title("mine"));
    await device.drain();
    const theirs = server.write({ value: "theirs" });
    server.log = [theirs];
    await device.pull();
    expect(device.visible()).toEqual({ "song/1": { title: "theirs" } });
    expect(device.status().accepted).toBe(0);
  });

  test("an accepted edit that the server lost with its backup is pending again, at its old place", async () => {
    const { device, server, seen } = await createBoundSetup();
    server.write({});
    await device.edit(title("first"));
    await device.drain();
    await device.edit(title("second"));
    server.restore(1);
    await device.pull();
    expect(seen).toContain("put back 1");
    expect(device.pending().map((op) => op.value)).toEqual(["first", "second"]);
    await device.sync();
    expect(server.log.map((op) => op.value)).toEqual(["value 1", "first", "second"]);
  });

  test.each<[string, IncomingReply]>([
    ["a captive portal", portal],
    ["other JSON", json(200, { ok: true })],
    ["null", json(200, null)],
    ["an empty list", json(200, { results: [], head: 9 })],
    ["ids without a head", json(200, { results: [] })],
    ["an HTML 400", { status: 400, headers: {}, body: { text: "<html>" } }],
    ["a 409 without the number to exceed", json(409, { type: "lamport_regression" })],
    ["a 503", json(503, { type: "unavailable", message: "later" })],
    ["a 302", { status: 302, headers: {}, body: { text: "" } }],
  ])("%s proves nothing: the edit stays and the try counts as failed", async (_name, reply) => {
    const { device, transport } = await createBoundSetup();
    await device.edit(title("A"));
    transport.answer = () => reply;
    expect((await device.drain()).outcome).toBe("failed");
    expect(device.countPending()).toBe(1);
    expect(device.deadLetters()).toEqual([]);
    expect(transport.requests).toHaveLength(1);
  });

  test("only the operations that the reply names leave the queue, in either case", async () => {
    const { device, transport, server } = await createBoundSetup();
    for (const value of ["A", "B"]) await device.edit(title(value));
    const [first] = device.pending();
    const listed = {
      operation_id: first!.operation_id.toUpperCase(),
      id: 1,
      lamport_ts: 1,
      status: "stored",
    };
    transport.answer = (request) => {
      if (transport.requests.length > 1) throw new NoAnswer("scripted");
      server.answer(request);
      return json(200, { results: [listed], head: 2 });
    };
    await device.drain();
    expect(device.pending().map((op) => op.value)).toEqual(["B"]);
  });

  test("a retry after a lost reply carries the same operation id and is stored once", async () => {
    const { device, server, transport } = await createBoundSetup();
    await device.edit(title("A"));
    transport.answer = loseReply(server.answer);
    expect((await device.drain()).outcome).toBe("unanswered");
    transport.answer = server.answer;
    await device.drain();
    const [first, second] = transport.requests.map((request) => pushedOps(request)[0]!.operation_id);
    expect(first).toBe(second);
    expect(server.log).toHaveLength(1);
  });

  test("an op that the log shows leaves the queue without any reply", async () => {
    const { device, server, transport, seen } = await createBoundSetup();
    await device.edit(title("A"));
    transport.answer = loseReply(server.answer);
    await device.drain();
    transport.answer = server.answer;
    await device.pull();
    expect(device.countPending()).toBe(0);
    expect(seen).toContain("dropped seen");
  });

  test("a regressed clock costs one 409, whatever is behind it", async () => {
    const { device, server, transport, seen } = await createBoundSetup();
    const ahead = { operation_id: "cccccccc-0000-4000-8000-000000000000", lamport_ts: 500 };
    for (const value of ["A", "B", "C"]) await device.edit(title(value));
    const ids = device.pending().map((op) => op.operation_id);
    server.answer(pushRequest(device.deviceId, [{ ...device.pending()[0]!, ...ahead }]));
    await device.drain();
    expect(seen).toContain("restamped 3");
    expect(transport.requests).toHaveLength(2);
    expect(pushedOps(transport.requests[1]).map((op) => op.operation_id)).toEqual(ids);
    expect(server.log.slice(1).map((op) => op.lamport_ts)).toEqual([501, 502, 503]);
    expect(device.lamport).toBe(503);
  });

  test("a server that is never content with the stamps does not keep the device busy for ever", async () => {
    const { device, transport } = await createBoundSetup();
    await device.edit(title("A"));
    let storedMax = 10;
    transport.answer = () =>
      json(409, { type: "lamport_regression", index: 0, stored_max: (storedMax *= 10) });
    expect((await device.drain()).outcome).toBe("failed");
    expect(transport.requests).toHaveLength(4);
    expect(device.countPending()).toBe(1);
  });

  test.each([
    ["operation_conflict", 409],
    ["invalid_op", 422],
    ["invalid_request", 400],
  ])("%s with its index: that edit goes to the dead letters and the rest goes on", async (type, status) => {
    const { device, server, transport } = await createBoundSetup();
    for (const value of ["A", "poison", "C"]) await device.edit(title(value));
    transport.answer = (request) => {
      const index = pushedOps(request).findIndex((op) => op.value === "poison");
      return index < 0 ? server.answer(request) : json(status, { type, index, reason: "no" });
    };
    const outcome = await device.drain();
    expect(outcome).toMatchObject({ outcome: "complete", accepted: 2, deadLettered: 1, status, type });
    expect(device.deadLetters().map(({ op, reason }) => [op.value, reason])).toEqual([
      ["poison", `${status} ${type}: no`],
    ]);
    expect(device.visible()).toEqual({ "song/1": { title: "C" } });
  });

  test.each([
    ["a 400 that does not say which", () => json(400, { type: "invalid_request", errors: [] })],
    ["a 413", () => ({ status: 413, headers: {}, body: { text: "too large" } })],
    [
      "an index that disagrees with its operation id",
      () => json(422, { type: "invalid_op", index: 0, operation_id: "x" }),
    ],
  ])("%s: halving finds the edit", async (_name, refusal) => {
    const { device, server, transport } = await createBoundSetup();
    for (let count = 0; count < 9; count++) await device.edit(title(count === 6 ? "poison" : `${count}`));
    transport.answer = (request) =>
      pushedOps(request).some((op) => op.value === "poison") ? refusal() : server.answer(request);
    expect(await device.drain()).toMatchObject({ outcome: "complete", accepted: 8, deadLettered: 1 });
    expect(device.deadLetters().map(({ op }) => op.value)).toEqual(["poison"]);
    expect(transport.requests.length).toBeLessThan(12);
  });

  test("after 401 nothing is sent until there is a new token", async () => {
    const { device, server, transport } = await createBoundSetup();
    await device.edit(title("A"));
    transport.answer = () => json(401, { type: "unauthorized", message: "expired" });
    expect(await device.drain()).toMatchObject({ outcome: "failed", status: 401 });
    transport.answer = server.answer;
    expect(await device.drain()).toMatchObject({ outcome: "not_allowed", why: "token refused" });
    await device.setToken("d.e.f");
    expect((await device.drain()).outcome).toBe("complete");
    expect(transport.requests.at(-1)!.headers["authorization"]).toBe("Bearer d.e.f");
  });

  test("403 stops the device, and it says so", async () => {
    const { device, transport } = await createBoundSetup();
    await device.edit(title("A"));
    transport.answer = () => json(403, { type: "forbidden", message: "another device" });
    await device.drain();
    expect(device.status().halted).toBe("forbidden");
    expect((await device.pull()).outcome).toBe("not_allowed");
    expect(device.countPending()).toBe(1);
  });

  test.each([
    ["mode", (device: Devicelike) => device.setMode("local")],
    ["token", (device: Devicelike) => device.setToken("d.e.f")],
    ["account", (device: Devicelike) => device.bind({ ...binding, user: "eve" })],
    ["binding", (device: Devicelike) => device.bind({ ...binding, server: "" })],
  ])("a change of the %s stops it between two batches", async (_name, change) => {
    const { device, server, transport } = await createBoundSetup({ config: { batchSize: 1 } });
    for (const value of ["A", "B", "C"]) await device.edit(title(value));
    transport.answer = async (request) => {
      await change(device);
      return server.answer(request);
    };
    expect((await device.drain()).outcome).toBe("interrupted");
    expect(transport.requests).toHaveLength(1);
  });

  test("two drains at once share the line: nothing is sent twice", async () => {
    const { device, transport } = await createBoundSetup();
    await device.edit(title("A"));
    await Promise.all([device.drain(), device.drain(), device.drain()]);
    expect(transport.requests).toHaveLength(1);
  });

  test("wake-ups during a pass lead to one more pass, not to many and not to two at once", async () => {
    const { device, server, transport } = await createBoundSetup();
    let isOut = false;
    transport.answer = async (request) => {
      expect(isOut).toBe(false);
      isOut = true;
      await settled();
      isOut = false;
      return server.answer(request);
    };
    const first = device.pull();
    await settled();
    await Promise.all([
      first,
      device.pull(),
      device.pull(),
      device.edit(title("A")),
      device.drain(),
      device.pull(),
    ]);
    expect(transport.lines).toEqual(["GET /sync/ops", "GET /sync/ops", "POST /sync/ops"]);
  });

  test("an edit made while a push is out is neither lost nor sent twice", async () => {
    const { device, server, transport } = await createBoundSetup();
    await device.edit(title("A"));
    transport.answer = async (request) => {
      if (transport.requests.length === 1) await device.edit(title("B"));
      return server.answer(request);
    };
    await device.drain();
    expect(server.log.map((op) => op.value)).toEqual(["A", "B"]);
  });

  test("a disk that fails leaves the edit in the queue, and the next drain settles it", async () => {
    const { device, disk, server } = await createBoundSetup();
    await device.edit(title("A"));
    disk.fate = () => "fail";
    await expect(device.drain()).rejects.toThrow("scripted");
    expect(device.countPending()).toBe(1);
    disk.fate = () => "pass";
    await device.drain();
    await settled();
    expect(device.countPending()).toBe(0);
    expect(server.log).toHaveLength(1);
  });
});

type Devicelike = Awaited<ReturnType<typeof createBoundSetup>>["device"];

const pushRequest = (device: string, ops: readonly unknown[]): OutgoingRequest => ({
  method: "POST",
  server: "",
  path: "/sync/ops",
  headers: { "x-device-id": device },
  body: { ops },
});
