// Pushes through the reference server's core on a real PostgreSQL, against bare inserts of the same rows into the same
// tables of the same database, by as many clients with as many ops at once. The ratio is what the protocol costs:
// the lock, the receipt and stamp checks, the ids, the announcement.
import { randomUUID } from "node:crypto";
import pg from "pg";
import { startEmbeddedPostgres } from "../live/databases/embedded.ts";
import type { HttpRequest } from "../protocol/http.ts";
import { openStore } from "../reference-server/postgres/open-store.ts";
import { insertOps, insertReceipts, raiseDevice } from "../reference-server/postgres/statements.ts";
import { SystemClock } from "../reference-server/http/system-clock.ts";
import { WaveflowServer } from "../reference-server/waveflow/server.ts";

/** Clients at once, and ops in each push. */
export interface Load {
  readonly clients: number;
  readonly opsPerPush: number;
}

export interface PushRates {
  readonly load: Load;
  /** Pushes per second through the server. */
  readonly server: number;
  /** Transactions per second with the same rows and nothing else. */
  readonly bare: number;
}

/** A device that pushes. */
export interface Client {
  readonly user: string;
  readonly device: string;
  lamport: number;
}

/** Measures each load, the two sides in turn so that a noisy machine hits both. */
export async function measurePushes(loads: readonly Load[], forMs: number): Promise<readonly PushRates[]> {
  const postgres = await startEmbeddedPostgres();
  try {
    const url = await postgres.createDatabase("bench");
    const store = await openStore({ url });
    const { database, fanout } = store;
    const server = new WaveflowServer({
      database,
      fanout,
      clock: new SystemClock((error) => {
        throw error;
      }),
      tokens: {
        verify: async (user) => ({
          valid: true,
          user,
          deviceId: undefined,
          expiresAt: Date.now() + 86_400_000,
        }),
        now: () => Date.now(),
      },
    });
    await server.start();
    const rates: PushRates[] = [];
    for (const load of loads) {
      const rounds = 3;
      let pushes = 0;
      let inserts = 0;
      for (let round = 0; round < rounds; round++) {
        pushes += await rateOf(load, forMs / rounds, (client) =>
          pushThrough(server, client, load.opsPerPush),
        );
        inserts += await withConnections(url, load.clients, (connections) =>
          rateOf(load, forMs / rounds, (client, index) =>
            insertBare(connections[index]!, client, load.opsPerPush),
          ),
        );
      }
      rates.push({ load, server: pushes / rounds, bare: inserts / rounds });
    }
    await server.stop();
    await store.close();
    return rates;
  } finally {
    await postgres.stop();
  }
}

/** Calls per second of all clients together. */
async function rateOf(
  { clients }: Load,
  forMs: number,
  call: (client: Client, index: number) => Promise<void>,
): Promise<number> {
  const begin = performance.now();
  let calls = 0;
  await Promise.all(
    Array.from({ length: clients }, async (_, index) => {
      const client: Client = { user: randomUUID(), device: randomUUID(), lamport: 0 };
      while (performance.now() - begin < forMs) {
        await call(client, index);
        calls++;
      }
    }),
  );
  return (calls / (performance.now() - begin)) * 1_000;
}

export function freshOps(client: Client, count: number) {
  return Array.from({ length: count }, () => ({
    operation_id: randomUUID(),
    entity_type: "song",
    entity_id: `s${client.lamport % 1_000}`,
    op: "upsert" as const,
    field: "title",
    value: `title ${client.lamport}`,
    lamport_ts: ++client.lamport,
  }));
}

async function pushThrough(server: WaveflowServer, client: Client, count: number): Promise<void> {
  const request: HttpRequest = {
    method: "POST",
    path: "/sync/ops",
    query: {},
    headers: { authorization: `Bearer ${client.user}`, "x-device-id": client.device },
    body: { json: { ops: freshOps(client, count) } },
  };
  const { status, body } = await server.handle(request);
  if (status !== 200) throw new Error(`expected 200 for a push, got ${status} ${JSON.stringify(body)}`);
}

async function withConnections<T>(
  url: string,
  count: number,
  work: (connections: readonly pg.Client[]) => Promise<T>,
): Promise<T> {
  const connections = Array.from({ length: count }, () => new pg.Client(url));
  await Promise.all(connections.map((connection) => connection.connect()));
  try {
    return await work(connections);
  } finally {
    await Promise.all(connections.map((connection) => connection.end()));
  }
}

async function insertBare(connection: pg.Client, client: Client, count: number): Promise<void> {
  const ops = freshOps(client, count);
  const now = new Date().toISOString();
  await connection.query("BEGIN");
  const ids = await connection.query<{ id: string }>(
    "SELECT nextval('sync_op_id_seq') AS id FROM generate_series(1, $1::int)",
    [count],
  );
  const rows = ops.map((op, place) => ({
    ...op,
    id: Number(ids.rows[place]!.id),
    device_id: client.device,
    wall_clock: now,
    prev_id: 0,
  }));
  await connection.query({ ...named(insertOps), values: [client.user, JSON.stringify(rows)] });
  const receipts = rows.map((row) => ({ ...row, fingerprint: row.operation_id }));
  await connection.query({ ...named(insertReceipts), values: [client.user, JSON.stringify(receipts)] });
  await connection.query({
    ...named(raiseDevice),
    values: [client.user, client.device, client.lamport, now],
  });
  await connection.query("COMMIT");
}

const named = ({ name, text }: { readonly name: string; readonly text: string }) => ({ name, text });
