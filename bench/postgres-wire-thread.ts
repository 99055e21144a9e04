// A proxy before the database, in a thread of its own; see postgres-wire.ts.
import { parentPort, workerData } from "node:worker_threads";
import { startPostgresWireProxy } from "../live/faults/postgres-wire/proxy.ts";

const proxy = await startPostgresWireProxy({ upstream: workerData as string });
parentPort!.postMessage(proxy.url, []);
