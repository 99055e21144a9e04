// What the proxy between a server and its database adds to a push, on a database set as in a live run: two processes of
// the reference server, one on its database itself and one through the proxy. Every client pushes to both in turn, so
// that a busy neighbour hits both alike, and the medians are compared.
// The proxy has a thread of its own, so that it is what is measured, and not how busy the clients keep their own thread.
import { createHmac, randomUUID } from "node:crypto";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { startEmbeddedPostgres } from "../live/databases/embedded.ts";
import { referenceCommand } from "../live/subjects/reference-command.ts";
import { ServerProcess } from "../live/subjects/server-process.ts";
import { type Client, freshOps, type Load } from "./pushes.ts";

export interface WireCost {
  readonly load: Load;
  /** Medians. Units: milliseconds. */
  readonly directMs: number;
  readonly proxiedMs: number;
  /** How much longer a push takes through the proxy. Units: per cent. */
  readonly addedPercent: number;
}

const secret = randomUUID();

/** Measures each load for `forMs`. */
export async function measureWireCost(loads: readonly Load[], forMs: number): Promise<readonly WireCost[]> {
  const postgres = await startEmbeddedPostgres({ settings: throwAwaySettings });
  const thread = new Worker(new URL("postgres-wire-thread.ts", import.meta.url), {
    workerData: await postgres.createDatabase("proxied"),
  });
  const [proxyUrl] = (await once(thread, "message")) as [string];
  const servers = [await postgres.createDatabase("direct"), proxyUrl].map(serverOn);
  const [direct, proxied] = servers as [ServerProcess, ServerProcess];
  try {
    for (const server of servers) await server.start();
    const costs: WireCost[] = [];
    for (const load of loads) {
      await measureLoad(load, { direct, proxied, forMs: forMs / 4 });
      costs.push(await measureLoad(load, { direct, proxied, forMs }));
    }
    return costs;
  } finally {
    for (const server of servers) await server.stop();
    await thread.terminate();
    await postgres.stop();
  }
}

/** As in a live run: nothing has to outlive the machine. */
const throwAwaySettings = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" };

const serverOn = (databaseUrl: string, place: number): ServerProcess =>
  new ServerProcess({
    name: place === 0 ? "direct" : "proxied",
    command: referenceCommand("reference-server/main"),
    env: { DATABASE_URL: databaseUrl, JWT_SECRET: secret },
    onUnexpectedEnd: (server, how) => {
      throw new Error(`${server.name} ended by itself: ${how}`);
    },
  });

interface Sides {
  readonly direct: ServerProcess;
  readonly proxied: ServerProcess;
  readonly forMs: number;
}

async function measureLoad(load: Load, { direct, proxied, forMs }: Sides): Promise<WireCost> {
  const times: { readonly direct: number[]; readonly proxied: number[] } = { direct: [], proxied: [] };
  const until = performance.now() + forMs;
  const turns = async (): Promise<void> => {
    const client: Client = { user: randomUUID(), device: randomUUID(), lamport: 0 };
    const token = tokenOf(client.user);
    while (performance.now() < until) {
      times.direct.push(await timedPush(direct, { client, token, load }));
      times.proxied.push(await timedPush(proxied, { client, token, load }));
    }
  };
  await Promise.all(Array.from({ length: load.clients }, turns));
  const [directMs, proxiedMs] = [median(times.direct), median(times.proxied)];
  return { load, directMs, proxiedMs, addedPercent: (proxiedMs / directMs - 1) * 100 };
}

async function timedPush(
  server: ServerProcess,
  { client, token, load }: { readonly client: Client; readonly token: string; readonly load: Load },
): Promise<number> {
  const body = JSON.stringify({ ops: freshOps(client, load.opsPerPush) });
  const begin = performance.now();
  const response = await fetch(`${server.url}/sync/ops`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "x-device-id": client.device,
      "content-type": "application/json",
    },
    body,
  });
  const answer = await response.text();
  if (response.status !== 200) throw new Error(`expected 200 for a push, got ${response.status} ${answer}`);
  return performance.now() - begin;
}

function tokenOf(user: string): string {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");
  const expiresAt = Math.floor(Date.now() / 1_000) + 86_400;
  const content = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ sub: user, exp: expiresAt })}`;
  return `${content}.${createHmac("sha256", secret).update(content).digest("base64url")}`;
}

const median = (values: readonly number[]): number =>
  values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Infinity;

if (import.meta.main) {
  const loads = [
    { clients: 1, opsPerPush: 100 },
    { clients: 8, opsPerPush: 100 },
    { clients: 1, opsPerPush: 1 },
    { clients: 8, opsPerPush: 1 },
  ];
  const forMs = Number(process.env.SEATRIAL_BENCH_MS ?? 8_000);
  for (const { load, directMs, proxiedMs, addedPercent } of await measureWireCost(loads, forMs)) {
    console.log(
      `${load.clients} clients, ${load.opsPerPush} ops a push: ${addedPercent.toFixed(1)} % added ` +
        `(${directMs.toFixed(2)} ms direct, ${proxiedMs.toFixed(2)} ms through the proxy)`,
    );
  }
}
