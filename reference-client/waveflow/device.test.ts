import { describe, expect, test } from "vitest";
import { binding, createBoundSetup, createSetup, title } from "./device-setup.ts";
import { NoAnswer } from "./ports.ts";
import { json, pushedOps } from "./scripted-ports.ts";

const eve = { ...binding, user: "eve", token: "e.v.e" };

describe("a device", () => {
  test("mints its id once and keeps it", async () => {
    const { device, disk } = await createSetup();
    const next = await createSetup({ disk: disk.survivor(), origin: 2 });
    expect(next.device.deviceId).toBe(device.deviceId);
  });

  test("takes the id that it is given, on the first start only", async () => {
    const deviceId = "dddddddd-0000-4000-8000-000000000000";
    const { device, disk } = await createSetup({ config: { deviceId } });
    expect(device.deviceId).toBe(deviceId);
    const next = await createSetup({ disk: disk.survivor(), config: { deviceId: binding.user } }).catch(
      String,
    );
    expect(next).toContain("expected a UUID");
  });

  test("comes back after a restart with everything it had", async () => {
    const { device, disk, server } = await createBoundSetup();
    server.write({ entity_id: "2" });
    await device.edit(title("A"));
    await device.sync();
    await device.edit(title("B"));
    await device.remove({ entityType: "song", entityId: "2" });
    const next = await createSetup({ disk: disk.survivor(), server });
    expect(next.device.status()).toEqual(device.status());
    expect(next.device.pending()).toEqual(device.pending());
    expect(next.device.visible()).toEqual({ "song/1": { title: "B" } });
  });

  test("an edit that the disk refuses was not made", async () => {
    const { device, disk } = await createBoundSetup();
    disk.fate = () => "fail";
    await expect(device.edit(title("A"))).rejects.toThrow("scripted");
    expect(device.status()).toMatchObject({ pending: 0, lamport: 0 });
    expect(device.visible()).toEqual({});
  });

  test("an edit costs one commit", async () => {
    const { device, disk } = await createBoundSetup();
    const before = disk.commits;
    await device.edit(title("A"));
    expect(disk.commits).toBe(before + 1);
  });

  test("what could not even be kept is refused", async () => {
    const { device } = await createSetup();
    expect(await device.edit({ ...title("A"), field: "" })).toMatchObject({ refused: "invalid" });
    expect(await device.edit({ ...title("A"), entityId: "" })).toMatchObject({ refused: "invalid" });
  });

  test("after stop nothing is sent, and a late reply touches nothing", async () => {
    const { device, disk, server, transport } = await createBoundSetup();
    await device.edit(title("A"));
    transport.answer = async (request) => {
      await device.stop();
      return server.answer(request);
    };
    const commits = disk.commits;
    expect((await device.drain()).outcome).toBe("interrupted");
    expect(disk.commits).toBe(commits);
    expect((await device.pull()).outcome).toBe("not_allowed");
    expect(() => device.pending()).toThrow("expected a started device");
    await device.start();
    expect(device.countPending()).toBe(1);
  });
});

describe("a binding", () => {
  test.each([
    ["ftp://sync.example", "a.b.c", "http"],
    ["sync.example", "a.b.c", "http"],
    ["https://sync.example?x=1", "a.b.c", "without query"],
    ["https://ada:pw@sync.example", "a.b.c", "without query"],
    ["https://sync.example", "a.b", "three"],
    ["https://sync.example", "a..c", "three"],
    ["https://sync.example", "", "three"],
  ])("%s with token %j is refused", async (server, token, message) => {
    const { device } = await createSetup();
    await expect(device.bind({ server, token, user: "ada" })).rejects.toThrow(message);
    expect(device.status().server).toBe("");
  });

  test("is trimmed, and two spellings of one URL are one server", async () => {
    const { device } = await createSetup();
    await device.edit(title("A"));
    await device.bind({ server: " https://Sync.example:443/api/ ", token: " a.b.c\n", user: "ada" });
    expect(device.status().server).toBe("https://sync.example/api");
    await device.bind({ server: "https://sync.example/api", token: "a.b.c", user: "ada" });
    expect(device.countPending()).toBe(1);
  });

  test("what was edited before the first one is shared after it", async () => {
    const { device, server } = await createSetup();
    await device.edit(title("early"));
    expect((await device.drain()).why).toBe("no server");
    await device.bind(binding);
    await device.drain();
    expect(server.log.map((op) => op.value)).toEqual(["early"]);
  });

  test("an empty URL clears it and keeps the account", async () => {
    const { device, transport } = await createBoundSetup();
    await device.edit(title("A"));
    await device.bind({ server: "", token: "", user: "" });
    expect((await device.sync()).drain.why).toBe("no server");
    expect(transport.requests).toEqual([]);
    await device.bind(binding);
    expect(device.countPending()).toBe(1);
  });

  test("signing out deletes the token and keeps URL, queue and cursor", async () => {
    const { device, disk, server } = await createBoundSetup();
    server.write({});
    await device.pull();
    await device.edit(title("A"));
    await device.signOut();
    expect((await device.drain()).why).toBe("no token");
    const { device: next } = await createSetup({ disk: disk.survivor() });
    expect(next.status()).toMatchObject({ isSignedIn: false, server: binding.server, pending: 1, cursor: 1 });
  });
});

describe("another account", () => {
  test("starts clean and sends none of the first one's edits", async () => {
    const { device, server, transport } = await createBoundSetup();
    server.write({});
    await device.pull();
    await device.edit(title("ada's"));
    await device.bind(eve);
    expect(device.status()).toMatchObject({ userId: "eve", cursor: 0, lamport: 0, pending: 0 });
    expect(device.visible()).toEqual({});
    await device.drain();
    expect(transport.requests).toHaveLength(1);
  });

  test("loses nothing of the first: it is there again when the account comes back, also after a restart", async () => {
    const { device, disk, server } = await createBoundSetup();
    server.write({});
    await device.pull();
    await device.edit(title("ada's"));
    const before = device.status();
    await device.bind(eve);
    await device.edit(title("eve's"));
    const { device: next } = await createSetup({ disk: disk.survivor() });
    expect(next.pending().map((op) => op.value)).toEqual(["eve's"]);
    await next.bind(binding);
    expect(next.status()).toEqual(before);
    expect(next.visible()).toEqual({ "song/1": { title: "ada's" } });
  });

  test("a reply that comes back after the switch does not touch its queue", async () => {
    const { device, server, transport } = await createBoundSetup();
    await device.edit(title("ada's"));
    transport.answer = async (request) => {
      const reply = server.answer(request);
      await device.bind(eve);
      await device.edit(title("eve's"));
      return reply;
    };
    expect((await device.drain()).outcome).toBe("interrupted");
    expect(device.pending().map((op) => op.value)).toEqual(["eve's"]);
    await device.bind(binding);
    expect(device.countPending()).toBe(1);
    transport.answer = server.answer;
    await device.drain();
    expect(server.log).toHaveLength(1);
  });

  test("the same user at another server is another account", async () => {
    const { device } = await createBoundSetup();
    await device.edit(title("A"));
    await device.bind({ ...binding, server: "https://other.example" });
    expect(device.countPending()).toBe(0);
  });
});

describe("mode local", () => {
  test("nothing leaves the device, and edits are kept and marked", async () => {
    const { device, transport } = await createBoundSetup();
    await device.setMode("local");
    await device.edit(title("A"));
    const { drain, pull, acknowledge } = await device.sync();
    expect([drain.why, pull.why, acknowledge.why]).toEqual(["mode local", "mode local", "mode local"]);
    expect((await device.connect()).why).toBe("mode local");
    expect(transport.requests).toEqual([]);
    expect(transport.sockets).toEqual([]);
    expect(device.status()).toMatchObject({ pending: 1, unshared: 1 });
    expect(device.visible()).toEqual({ "song/1": { title: "A" } });
  });

  test("an unknown mode counts as it", async () => {
    const { device } = await createBoundSetup();
    await device.setMode("quantum");
    expect(device.mode).toBe("local");
  });

  test("leaving it catches up first and then shares, also across a restart", async () => {
    const { device, disk, server } = await createBoundSetup();
    await device.setMode("local");
    await device.edit(title("mine"));
    server.write({ value: "theirs", lamport_ts: 30 });
    await device.setMode("hybrid");
    const next = await createSetup({ disk: disk.survivor(), server });
    next.transport.answer = () => {
      throw new NoAnswer("scripted");
    };
    expect((await next.device.drain()).outcome).toBe("unanswered");
    expect(next.device.status().unshared).toBe(1);
    next.transport.answer = server.answer;
    expect((await next.device.drain()).outcome).toBe("complete");
    expect(next.transport.lines).toEqual(["GET /sync/ops", "GET /sync/ops", "POST /sync/ops"]);
    expect(server.log.map((op) => op.value)).toEqual(["theirs", "mine"]);
  });
});

describe("mode server", () => {
  test("is entered with an empty queue, also out of mode local", async () => {
    const { device, server } = await createBoundSetup();
    await device.setMode("local");
    await device.edit(title("A"));
    await device.setMode("server");
    expect(device.mode).toBe("server");
    expect(server.log.map((op) => op.value)).toEqual(["A"]);
  });

  test("is not entered while the queue cannot be emptied", async () => {
    const { device, transport } = await createBoundSetup();
    await device.edit(title("A"));
    transport.answer = () => json(503);
    await expect(device.setMode("server")).rejects.toThrow("expected an empty queue");
    expect(device.mode).toBe("hybrid");
    expect(device.countPending()).toBe(1);
  });

  test("an edit is stored when it returns, and in sight", async () => {
    const { device, server } = await createBoundSetup({ config: { mode: "server" } });
    expect(await device.edit(title("A"))).toMatchObject({ value: "A" });
    expect(server.log).toHaveLength(1);
    expect(device.countPending()).toBe(0);
    expect(device.visible()).toEqual({ "song/1": { title: "A" } });
  });

  test("an edit without a server fails visibly and leaves nothing to be sent later", async () => {
    const { device, transport } = await createBoundSetup({ config: { mode: "server" } });
    transport.answer = () => {
      throw new NoAnswer("scripted");
    };
    expect(await device.edit(title("A"))).toMatchObject({ refused: "unanswered", op: { value: "A" } });
    transport.answer = () => json(422, { type: "invalid_op", index: 0, reason: "no" });
    expect(await device.edit(title("A"))).toMatchObject({
      refused: "failed",
      status: 422,
      type: "invalid_op",
    });
    expect(device.countPending()).toBe(0);
    expect(device.visible()).toEqual({});
  });

  test("an edit whose stamp is too low takes a higher one and keeps its operation id", async () => {
    const { device, server, transport } = await createBoundSetup({ config: { mode: "server" } });
    transport.answer = (request) =>
      pushedOps(request)[0]!.lamport_ts <= 8
        ? json(409, { type: "lamport_regression", stored_max: 8 })
        : server.answer(request);
    expect(await device.edit(title("A"))).toMatchObject({ lamport_ts: 9 });
    expect(new Set(transport.requests.map((request) => pushedOps(request)[0]!.operation_id)).size).toBe(1);
    expect(device.lamport).toBe(9);
  });

  test("reads go to the server and fail visibly without it", async () => {
    const { device, server, transport } = await createBoundSetup({ config: { mode: "server" } });
    server.write({ value: "there" });
    expect(await device.read(title(""))).toEqual({ fields: { title: "there" } });
    expect(await device.read({ entityType: "song", entityId: "none" })).toEqual({});
    transport.answer = () => json(503);
    expect(await device.read(title(""))).toMatchObject({ refused: "failed", status: 503 });
  });

  test("leaving it resyncs", async () => {
    const { device, server, seen } = await createBoundSetup({ config: { mode: "server" } });
    server.write({ value: "there" });
    await device.setMode("hybrid");
    await device.pull();
    expect(seen).toContain("resynced");
  });
});
