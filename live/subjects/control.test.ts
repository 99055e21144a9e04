import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bringClockTo, createHooks } from "./control.ts";
import type { Subject } from "./subject.ts";

const asked: unknown[] = [];
let answer: { readonly status: number; readonly body: string };
let aheadMs = 0;
const server = createServer((request, response) => {
  let text = "";
  request.on("data", (chunk: Buffer) => (text += chunk.toString()));
  request.on("end", () => {
    const body = JSON.parse(text) as { readonly advance_ms?: number };
    asked.push([request.method, request.url, request.headers.authorization, body]);
    aheadMs += body.advance_ms ?? 0;
    const now = JSON.stringify({ now: Date.now() + aheadMs });
    response.writeHead(answer.status).end(request.url?.endsWith("/clock") === true ? now : answer.body);
  });
});
let subject: Subject;
beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  subject = { name: "server", url } as Subject;
});
afterAll(() => void server.close());

const hooks = (specs: Parameters<typeof createHooks>[0]["specs"] = {}) =>
  createHooks({ specs, token: "open", secrets: ["open"] });

test("a hook over HTTP is called below the server's address with the control token", async () => {
  answer = { status: 200, body: '{"compacted_up_to":7,"deleted":2}' };
  expect(await hooks().compact(subject, "ann")).toEqual({ compactedUpTo: 7, deleted: 2 });
  expect(asked.pop()).toEqual(["POST", "/control/compact", "Bearer open", { user: "ann" }]);
});

test("hooks may be at an address of their own", async () => {
  answer = { status: 200, body: '{"compacted_up_to":0,"deleted":0}' };
  await hooks({ control: { url: `${subject.url}/admin`, token: "open" } }).compact(subject, "ann");
  expect(asked.pop()).toMatchObject(["POST", "/admin/control/compact", {}, {}]);
});

test("a hook that is not there, one that fails and one that says something else are told apart", async () => {
  answer = { status: 404, body: "no" };
  await expect(hooks().compact(subject, "a")).rejects.toMatchObject({ code: "hook_failed" });
  answer = { status: 500, body: "ouch" };
  await expect(hooks().compact(subject, "a")).rejects.toMatchObject({
    code: "hook_unanswered",
    status: 500,
    message: "POST /control/compact of server answered 500 ouch",
  });
  answer = { status: 200, body: "<html>" };
  await expect(hooks().compact(subject, "a")).rejects.toThrow(
    /answered <html>; expected \{"compacted_up_to"/u,
  );
  const down = { name: "server", url: undefined } as Subject;
  await expect(hooks().compact(down, "a")).rejects.toMatchObject({ code: "hook_unanswered" });
});

test("a hook may be a command, which learns the user and the address", async () => {
  const line = `echo '{"compacted_up_to":'$(echo {user} | wc -c)',"deleted":0,"x":"{url}"}'`;
  expect(await hooks({ compactCommand: line }).compact(subject, "ann")).toEqual({
    compactedUpTo: 4,
    deleted: 0,
  });
  const failing = hooks({ compactCommand: "echo token open is wrong >&2; exit 2" });
  const error: unknown = await failing.compact(subject, "ann").catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "hook_unanswered", status: undefined });
  expect(String(error)).toMatch(/exit code 2\. It wrote: token \*\*\* is wrong/u);
  expect(String(error)).not.toContain("token open");
});

test("a clock is moved by what it lacks, wherever it stands", async () => {
  await bringClockTo(subject, 60_000, hooks());
  await bringClockTo(subject, 60_000, hooks());
  expect(aheadMs).toBeGreaterThan(59_000);
  expect(aheadMs).toBeLessThan(61_000);
  expect(await hooks({ clockCommand: 'echo \'{"now":"2026-01-01T00:00:00Z"}\'' }).moveClock(subject, 5)).toBe(
    Date.UTC(2026, 0, 1),
  );
});
