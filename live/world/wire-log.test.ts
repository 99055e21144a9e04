import { PassThrough } from "node:stream";
import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import type { WireExchange } from "../wire-record.ts";
import { WireLog } from "./wire-log.ts";

const jwt = (claims: object): string =>
  `${Buffer.from("{}").toString("base64url")}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.signature`;

function logAt(): { readonly log: WireLog; setTime(ms: number): void } {
  let now = 0;
  const log = new WireLog({
    now: () => now,
    serverUser: (user) => `${user}100001`,
    protocol: { messageOf: ({ method }) => (method === "POST" ? "push" : "pull") },
  });
  return { log, setTime: (ms) => (now = ms) };
}

/** A reply as Node hands it over. */
function reply(status: number): IncomingMessage & PassThrough {
  const members = { statusCode: status, rawHeaders: ["Content-Type", "application/json"] };
  return Object.assign(new PassThrough(), members) as unknown as IncomingMessage & PassThrough;
}

const exchangesOf = (log: WireLog): readonly WireExchange[] =>
  log.record().entries.filter((entry) => entry.kind === "exchange");

const asked = { device: "laptop", method: "POST", path: "/sync/ops", headers: [] as readonly string[] };

test("what went out and what was answered is there to the byte, text or not", async () => {
  const { log } = logAt();
  const tap = log.exchange(asked);
  tap.arrives();
  for (const part of ['{"a":', '"é"}']) tap.sent(Buffer.from(part));
  const answer = reply(200);
  tap.answered(answer);
  answer.end(Buffer.from([0xff, 0x00]));
  await new Promise((resolve) => answer.once("end", resolve));
  const [exchange] = exchangesOf(log);
  expect(exchange).toMatchObject({ who: "laptop", message: "push", endedAt: 0 });
  expect(exchange!.body).toEqual({ bytes: 10, text: '{"a":"é"}' });
  expect(exchange!.answer).toMatchObject({ status: 200, body: { bytes: 2, base64: "/wA=" } });
});

test("no token that was made stands in it: a token is its name and what it claims", () => {
  const { log } = logAt();
  const good = jwt({ sub: "alice100001" });
  const later = jwt({ sub: "alice100001", iat: 2 });
  const spoilt = jwt({ sub: "alice100001", exp: 1 });
  log.noteToken(good, "alice");
  log.noteToken(later, "alice");
  log.noteToken(spoilt, "alice", { kind: "expired" });
  for (const token of [good, later, spoilt, "a-scenario's-own-words"])
    log.exchange({ ...asked, headers: ["Authorization", `Bearer ${token}`, "X-Odd", "1"] });
  const record = log.record();
  const text = JSON.stringify(record);
  expect([good, later, spoilt].filter((token) => text.includes(token))).toEqual([]);
  expect(exchangesOf(log).map(({ token }) => token)).toEqual(["laptop", "laptop", "laptop_made", undefined]);
  expect(exchangesOf(log)[3]!.headers[0]).toEqual(["Authorization", "Bearer a-scenario's-own-words"]);
  expect(record.tokens).toMatchObject([
    { name: "laptop", claims: { sub: "alice100001" } },
    { name: "laptop_made", spec: { kind: "expired" } },
  ]);
  expect(record.users).toEqual({ alice: "alice100001" });
});

test("exchanges stand in the order in which they came to the server, and lost ones say what was lost", () => {
  const { log, setTime } = logAt();
  const late = log.exchange({ ...asked, fault: "request late" });
  late.lost("request", "request late");
  setTime(5);
  const lost = log.exchange({ ...asked, device: "phone" });
  lost.lost("request", "request lost");
  setTime(9);
  late.arrives();
  expect(exchangesOf(log).map(({ who, at, lost: what }) => [who, at, what?.part])).toEqual([
    ["phone", 5, "request"],
    ["laptop", 9, undefined],
  ]);
});

test("what is too much is counted and not kept, and the record says so", () => {
  const { log } = logAt();
  const big = Buffer.alloc(5 * 1_048_576);
  for (let nth = 0; nth < 2; nth++) log.exchange(asked).sent(big);
  expect(exchangesOf(log).map(({ body }) => [body.bytes, body.text !== undefined])).toEqual([
    [big.length, true],
    [big.length, false],
  ]);
  expect(log.record().isCut).toBe(true);
});

test("nothing is written down any more once it is stopped", () => {
  const { log } = logAt();
  log.exchange(asked);
  log.stop();
  log.exchange(asked).sent(Buffer.from("x"));
  log.frame({ device: "laptop", direction: "to-device", text: "{}" });
  log.noteToken("a token", "alice");
  expect(log.record()).toMatchObject({ tokens: [], users: {}, isCut: true });
  expect(log.record().entries).toHaveLength(1);
});
