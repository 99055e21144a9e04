// The form of answers and requests, by examples: what the page leaves open passes, and what it says is asked for.
import { describe, expect, test } from "vitest";
import { type Endpoint, frameFaults, replyFaults, type SeenReply } from "./reply-form.ts";
import { requestFault } from "./request-form.ts";

const uuid = "00000000-0000-4000-8000-000000000001";
const noStore = { "Cache-Control": "private, no-store" };
const op = {
  id: 1,
  device_id: uuid,
  operation_id: uuid,
  entity_type: "song",
  entity_id: "1",
  op: "upsert",
  field: "title",
  value: "A",
  lamport_ts: 1,
  wall_clock: "2026-01-01T00:00:00+00:00",
};

const seen = (
  endpoint: Endpoint,
  status: number,
  json?: unknown,
  headers?: SeenReply["headers"],
): SeenReply => ({
  endpoint,
  status,
  ...(json === undefined ? {} : { body: { json } }),
  ...(headers === undefined ? {} : { headers }),
});

describe("an answer that has the form of the page passes", () => {
  test.each([
    ["members in another order, and more of them", seen("push", 200, { more: 1, head: 0, results: [] })],
    [
      "a page with a resync of null",
      seen("pull", 200, { ops: [op], head: 1, has_more: false, resync: null }, noStore),
    ],
    ["an ACK without a body", seen("ack", 204)],
    ["a refusal with other words and members", seen("push", 400, { type: "invalid_request", hint: "?" })],
    ["a 404 of a web server", { endpoint: "pull", status: 404, body: { text: "<h1>" }, headers: {} }],
    ["a 503 of a gateway", { endpoint: "pull", status: 503, body: { text: "" }, headers: {} }],
    ["a challenge with a realm", seen("ack", 401, { type: "x" }, { "www-authenticate": 'bearer realm="x"' })],
    ["an upgrade", seen("socket", 101)],
  ] as const)("%s", (_, reply) => {
    expect(replyFaults(reply)).toEqual([]);
  });
});

describe("an answer that departs from the page breaks the rule that says so", () => {
  test.each([
    ["WF-PUSH-1", /the head of the answer to a push/u, seen("push", 200, { results: [] })],
    ["WF-PUSH-1", /status 201; expected 200/u, seen("push", 201, { results: [], head: 0 })],
    ["WF-PULL-6", /the has_more of the answer/u, seen("pull", 200, { ops: [], head: 0 }, noStore)],
    [
      "WF-PULL-1",
      /the ops\[0\]\.id of/u,
      seen("pull", 200, { ops: [{ ...op, id: "1" }], head: 1, has_more: false }),
    ],
    ["WF-PULL-1", /expected RFC 3339 in UTC/u, page({ ...op, wall_clock: "2026-01-01T01:00:00+01:00" })],
    ["WF-PULL-1", /a delete with a field/u, page({ ...op, op: "delete" })],
    ["WF-PULL-1", /Cache-Control ""; expected no-store/u, seen("pull", 400, { type: "x" }, {})],
    ["WF-ACK-1", /status 200; expected 204/u, seen("ack", 200, {})],
    [
      "WF-AUTH-1",
      /WWW-Authenticate "Basic"/u,
      seen("push", 401, { type: "x" }, { "WWW-Authenticate": "Basic" }),
    ],
    [
      "WF-AUTH-3",
      /"<h1>"; expected a JSON object/u,
      { endpoint: "ack", status: 403, body: { text: "<h1>" } },
    ],
    [
      "WF-PUSH-5",
      /the stored_max of the 409/u,
      seen("push", 409, conflict("lamport_regression", { lamport_ts: 1 })),
    ],
    [
      "WF-PUSH-4",
      /the index of the 409/u,
      seen("push", 409, { type: "operation_conflict", operation_id: uuid }),
    ],
    ["WF-PUSH-12", /of type "too_big"; expected batch_too_large/u, seen("push", 413, { type: "too_big" })],
    ["WF-PULL-3", /the compacted_up_to of the 410/u, seen("pull", 410, { type: "resync_required" }, noStore)],
    ["WF-ACK-3", /the head of the 422/u, seen("ack", 422, { type: "ack_beyond_head", head: -1 })],
  ] as const)("%s: %s", (rule, says, reply) => {
    const [fault, ...others] = replyFaults(reply);
    expect(others).toEqual([]);
    expect(fault?.requirements).toContain(rule);
    expect(fault?.text).toMatch(says);
  });
});

function page(one: object): SeenReply {
  return seen("pull", 200, { ops: [one], head: 1, has_more: false }, noStore);
}

function conflict(type: string, members: object): object {
  return { type, operation_id: uuid, index: 0, ...members };
}

describe("frames", () => {
  test("of the page, and of a newer build, pass", () => {
    for (const frame of [{ type: "hello", head: 0, x: 1 }, { type: "op", prev_id: 0, op }, { type: "later" }])
      expect(frameFaults(frame)).toEqual([]);
  });

  test.each([
    ["WF-WS-1", undefined],
    ["WF-WS-1", { type: "hello" }],
    ["WF-WS-2", { type: "op", op }],
    ["WF-WS-3", { type: "resync_required" }],
  ])("%s is broken by %j", (rule, frame) => {
    expect(frameFaults(frame)[0]?.requirements).toEqual([rule]);
  });
});

describe("a request of ours", () => {
  const headers = { "X-Device-Id": uuid };
  const push = (members: object) => ({
    method: "POST",
    path: "/sync/ops",
    headers,
    body: { ops: [{ ...op, ...members }] },
  });

  test("that is as the page says has no fault", () => {
    expect(requestFault(push({}))).toBeUndefined();
    expect(requestFault({ method: "GET", path: "/sync/ops?since=5&limit=1000", headers })).toBeUndefined();
    expect(requestFault({ method: "GET", path: "/healthz", headers: {} })).toBeUndefined();
  });

  test.each([
    [/a malformed push: ops\.0\.lamport_ts/u, push({ lamport_ts: 0 })],
    [/a malformed acknowledgement: last_seen_id/u, { method: "POST", path: "/sync/ack", headers, body: {} }],
    [/a malformed pull: since is "-1"/u, { method: "GET", path: "/sync/ops?since=-1", headers }],
    [/X-Device-Id is "", expected a UUID/u, { method: "GET", path: "/sync/ops", headers: {} }],
  ])("%s", (says, request) => {
    expect(requestFault(request)).toMatch(says);
  });
});
