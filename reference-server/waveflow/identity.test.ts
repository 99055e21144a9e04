import { describe, expect, test } from "vitest";
import { bodyOf } from "../../sim/waveflow/hand-cranked.ts";
import { HandWorld, uuid } from "../../sim/waveflow/hand-cranked-world.ts";

const pull = { method: "GET", path: "/sync/ops" } as const;

const statusWith = async (headers: Record<string, string | undefined>): Promise<number> =>
  (await new HandWorld().device("ada", 1).send({ ...pull, headers })).status;

describe("WF-AUTH-1: without a good token there is nothing to see", () => {
  test.each([undefined, "", "Bearer", "Basic ada", "Bearer a b", "Bearer ada, Bearer bob", "Bearer bad"])(
    "%j is a 401 that names the scheme",
    async (authorization) => {
      const world = new HandWorld();
      for (const [method, path] of [
        ["GET", "/sync/ops"],
        ["POST", "/sync/ops"],
        ["POST", "/sync/ack"],
        ["DELETE", "/sync/ack"],
        ["GET", "/sync/ws"],
      ] as const) {
        const reply = await world.device("ada", 1).send({ method, path, headers: { authorization } });
        expect(reply.status).toBe(401);
        expect(reply.headers["www-authenticate"]).toBe("Bearer");
        expect(reply.headers["cache-control"]).toBe("no-store");
        expect(bodyOf(reply).type).toBe("unauthorized");
      }
      expect(world.first.wire.trace).toEqual([]);
    },
  );

  test("the scheme is read in any case", async () => {
    expect(await statusWith({ authorization: "bEARER ada" })).toBe(200);
  });

  test("a sub that no store can keep is no user", async () => {
    expect(await statusWith({ authorization: "Bearer ~" })).toBe(401);
  });
});

describe("WF-AUTH-3: the device is the header, and the token's claim must agree", () => {
  const claim = uuid(0xd, 1);

  test("401 goes before 403, and 403 before 400", async () => {
    expect(await statusWith({ authorization: `Bearer bad~${uuid(0xd, 2)}` })).toBe(401);
    expect(await statusWith({ authorization: `Bearer ada~${uuid(0xd, 2)}` })).toBe(403);
    expect(await statusWith({ authorization: `Bearer ada~${claim}`, "x-device-id": "no-uuid" })).toBe(403);
    expect(await statusWith({ authorization: `Bearer ada~${claim}`, "x-device-id": undefined })).toBe(400);
  });

  test("a missing or malformed header is a 400", async () => {
    for (const id of [undefined, "", "1", `${claim},${claim}`, `{${claim}}`]) {
      expect(await statusWith({ "x-device-id": id })).toBe(400);
    }
  });

  test("a claim agrees whatever its case", async () => {
    const upper = uuid(0xd, 0xabc).toUpperCase();
    expect(
      await statusWith({ authorization: `Bearer ada~${upper}`, "x-device-id": upper.toLowerCase() }),
    ).toBe(200);
  });

  test("the query names the device of a socket, and of nothing else", async () => {
    const device = new HandWorld().device("ada", 1);
    const withQuery = (path: string, id: string | readonly string[], header?: string) =>
      device.request({ method: "GET", path, query: { device_id: id }, headers: { "x-device-id": header } });
    const server = new HandWorld().first.server;
    const open = async (id: string | readonly string[], header?: string) => {
      const outcome = await server.openSocket(withQuery("/sync/ws", id, header), () => {
        const ignore = () => undefined;
        return { send: ignore, ping: ignore, close: ignore, pendingFrames: () => 0 };
      });
      return "refused" in outcome ? outcome.refused.status : 101;
    };
    expect(await open(claim)).toBe(101);
    expect(await open(claim, claim.toUpperCase())).toBe(101);
    expect(await open(claim, uuid(0xd, 2))).toBe(400);
    expect(await open([claim, uuid(0xd, 2)])).toBe(400);
    expect((await server.handle(withQuery("/sync/ops", claim))).status).toBe(400);
    expect((await server.handle(withQuery("/sync/ops", uuid(0xd, 2), claim))).status).toBe(200);
  });
});

describe("what is no endpoint", () => {
  test("an unknown path is a 404, and a known one under another method a 405 that says which", async () => {
    const device = new HandWorld().device("ada", 1);
    expect((await device.send({ method: "GET", path: "/sync/ops/" })).status).toBe(404);
    const allowed = async (path: string) => {
      const reply = await device.send({ method: "DELETE", path });
      expect(reply.status).toBe(405);
      return reply.headers["allow"];
    };
    expect(await allowed("/sync/ops")).toBe("GET, POST");
    expect(await allowed("/sync/ack")).toBe("POST");
    expect(await allowed("/sync/ws")).toBe("GET");
  });

  test("a socket that is asked for without an upgrade is told so", async () => {
    expect((await new HandWorld().device("ada", 1).send({ method: "GET", path: "/sync/ws" })).status).toBe(
      426,
    );
  });
});
