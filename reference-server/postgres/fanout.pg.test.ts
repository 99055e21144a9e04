// Announcements between processes: after the commit, in its order, to whoever may have been away for a while.
import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../live/databases/embedded.ts";
import type { Announcement } from "../waveflow/ports.ts";
import { announcementChannel, announcementToPayload } from "./announcements.ts";
import { PostgresFanout } from "./fanout.ts";
import { ChannelListener } from "./listener.ts";
import { openStore, type Store } from "./open-store.ts";

let postgres: EmbeddedPostgres;
let url: string;
let store: Store;
let admin: pg.Client;
const listening: ChannelListener[] = [];

beforeAll(async () => {
  postgres = await startEmbeddedPostgres();
  url = await postgres.createDatabase("fanout");
  store = await openStore({ url });
  admin = new pg.Client(url);
  await admin.connect();
});

afterEach(async () => {
  for (const one of listening.splice(0)) await one.close();
});

afterAll(async () => {
  await store?.close();
  await admin?.end();
  await postgres?.stop();
});

const listen = async () => {
  const heard: (Announcement | "gap")[] = [];
  const listener = await ChannelListener.open({ url });
  listening.push(listener);
  await new PostgresFanout(listener).listen({
    onAnnouncement: (announcement) => heard.push(announcement),
    onGap: () => heard.push("gap"),
  });
  return heard;
};

const announce = (announcements: readonly Announcement[], fail = false) =>
  store.database.transaction({ isolation: "read committed", purpose: "push" }, async (transaction) => {
    for (const announcement of announcements) await transaction.announce(announcement);
    if (fail) throw new Error("rolled back");
  });

const opsUpTo = (user: string, head: number): Announcement => ({ kind: "ops", user, head });

test("every listener hears what is committed, in order, and nothing of a rollback", async () => {
  const heard = [await listen(), await listen()];
  const user = randomUUID();
  await expect(announce([opsUpTo(user, 1)], true)).rejects.toThrow("rolled back");
  const watermark: Announcement = { kind: "watermark", user, compactedUpTo: 1 };
  await announce([opsUpTo(user, 2), watermark]);
  await announce([opsUpTo(user, 3)]);
  for (const one of heard) {
    await expect.poll(() => one).toEqual([opsUpTo(user, 2), watermark, opsUpTo(user, 3)]);
  }
});

test("a user may have any name that a token may carry", async () => {
  const heard = await listen();
  // The longest in bytes, the longest once escaped, and what would break out of a quotation.
  const users = ["𝄞".repeat(512), "\u0001".repeat(512), `'; NOTIFY x --"\\`, " "];
  for (const user of users) await announce([opsUpTo(user, 1)]);
  await expect.poll(() => heard).toEqual(users.map((user) => opsUpTo(user, 1)));
  const longest = Math.max(
    ...users.map((user) => Buffer.byteLength(announcementToPayload(opsUpTo(user, Number.MAX_SAFE_INTEGER)))),
  );
  expect(longest).toBeLessThan(8_000);
});

test("what others say on the channel is passed over", async () => {
  const heard = await listen();
  for (const payload of [
    "",
    "{",
    "null",
    "[]",
    '{"kind":"ops","user":"u"}',
    '{"kind":"ops","user":"u","head":"1"}',
  ]) {
    await admin.query("SELECT pg_notify($1, $2)", [announcementChannel, payload]);
  }
  await announce([opsUpTo("u", 1)]);
  await expect.poll(() => heard).toEqual([opsUpTo("u", 1)]);
});

test("a listener whose connection is cut comes back and says that there was a gap", async () => {
  const heard = await listen();
  for (let round = 1; round <= 2; round++) {
    await admin.query(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'",
    );
    await expect.poll(() => heard.at(-1)).toBe("gap");
    await announce([opsUpTo("u", round)]);
    await expect.poll(() => heard.at(-1)).toEqual(opsUpTo("u", round));
  }
  expect(heard.filter((one) => one === "gap")).toHaveLength(2);
});

test("after its close a subscription hears nothing, and a listener leaves no connection", async () => {
  const heard = await listen();
  const listener = listening.pop()!;
  const late: unknown[] = [];
  const handlers = {
    onAnnouncement: (announcement: Announcement) => late.push(announcement),
    onGap: () => undefined,
  };
  await (await new PostgresFanout(listener).listen(handlers)).close();
  await announce([opsUpTo("u", 1)]);
  await expect.poll(() => heard).toEqual([opsUpTo("u", 1)]);
  await listener.close();
  await announce([opsUpTo("u", 2)]);
  const listeners = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN%'";
  await expect.poll(async () => (await admin.query(listeners)).rows).toEqual([]);
  expect([heard, late]).toEqual([[opsUpTo("u", 1)], []]);
});

test("a database that is not there is said at once", async () => {
  const opening = ChannelListener.open({ url: "postgresql://nobody@127.0.0.1:1/none" });
  await expect(opening).rejects.toMatchObject({ code: "session_lost" });
});
