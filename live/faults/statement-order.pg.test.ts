// Two connections of one server, on a real PostgreSQL, in an order that neither of them has chosen.
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { OrderedStatement, StatementOrder } from "../../scenarios/format/statement-order.ts";
import { openTestBed, type TestBed } from "./postgres-wire/test-bed.ts";
import { StatementFollower } from "./statement-order.ts";

let bed: TestBed;
let follower: StatementFollower | undefined;
beforeAll(async () => {
  bed = await openTestBed();
  await bed.query("CREATE TABLE log (place serial, who text)");
});
beforeEach(() => bed.query("TRUNCATE log"));
afterEach(async () => {
  follower?.end();
  follower = undefined;
  await bed.expectNothingLeft();
});
afterAll(() => bed.stop());

const statement = (device: string, name: string, after: readonly number[] = []): OrderedStatement => ({
  device,
  purpose: "push",
  transaction: 1,
  statement: name,
  nth: 1,
  after,
});

function follow(order: StatementOrder): void {
  follower = new StatementFollower({
    lines: [bed.proxy],
    order,
    deviceNamed: (id) => (id === "stranger" ? undefined : id),
    standstillMs: 150,
  });
}

/** A transaction that tells what it is for, and writes its name into the log. */
async function push(device: string): Promise<void> {
  const client = new pg.Client({ connectionString: bed.url });
  await client.connect();
  await client.query(`BEGIN /*device='${device}',purpose='push'*/`);
  await client.query({ name: "insert_ops", text: "INSERT INTO log (who) VALUES ($1)", values: [device] });
  await client.query("COMMIT");
  await client.end();
}

const written = async (): Promise<readonly string[]> =>
  (await bed.query<{ who: string }>("SELECT who FROM log ORDER BY place")).map(({ who }) => who);

describe("statements", () => {
  test("come in the order that was given, whoever is ready first", async () => {
    follow([
      statement("phone", "begin"),
      statement("phone", "insertOps"),
      statement("phone", "commit"),
      statement("laptop", "begin"),
      statement("laptop", "insertOps", [2]),
      statement("laptop", "commit"),
    ]);
    const laptop = push("laptop");
    await new Promise((resolve) => setTimeout(resolve, 50));
    await Promise.all([laptop, push("phone")]);
    expect(await written()).toEqual(["phone", "laptop"]);
    await expect.poll(() => follower!.outcome).toEqual({ kept: 1, givenUp: [] });
  });

  test("interleave: each may have to wait for the middle of the other", async () => {
    follow([
      statement("laptop", "begin"),
      statement("phone", "begin", [0]),
      statement("phone", "insertOps"),
      statement("laptop", "insertOps", [2]),
      statement("laptop", "commit"),
      statement("phone", "commit", [4]),
    ]);
    await Promise.all([push("laptop"), push("phone")]);
    expect(await written()).toEqual(["phone", "laptop"]);
    await expect.poll(() => follower!.outcome).toEqual({ kept: 3, givenUp: [] });
  });

  test("do not wait for ever for one that never comes, and that is told", async () => {
    follow([statement("tablet", "commit"), statement("laptop", "begin", [0])]);
    await push("laptop");
    expect(await written()).toEqual(["laptop"]);
    await expect
      .poll(() => follower!.outcome)
      .toEqual({
        kept: 0,
        givenUp: ["laptop's push, begin does not wait for tablet's push, commit"],
      });
  });

  test("of strangers wait for nobody and are waited for by nobody", async () => {
    follow([statement("stranger", "commit"), statement("laptop", "begin", [])]);
    await push("stranger");
    await push("laptop");
    expect(await written()).toEqual(["stranger", "laptop"]);
  });

  test("come as they come when it is over", async () => {
    follow([statement("tablet", "commit"), statement("laptop", "begin", [0])]);
    const laptop = push("laptop");
    await new Promise((resolve) => setTimeout(resolve, 30));
    follower!.end();
    await laptop;
    expect(await written()).toEqual(["laptop"]);
  });
});
