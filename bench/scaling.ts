// What an event costs as things grow: the log of a user from a thousand operations to a million, the devices from two to
// two hundred. A simulation whose engine scans where it should look up gets slower with every operation; the row says so.
import type { Scenario, Step } from "../scenarios/format/types.ts";
import { simulate } from "../sim/run.ts";
import { waveflowSim } from "../sim/waveflow/binding.ts";
import type { SimProtocol, SimServer } from "../sim/world/protocol.ts";

/** Microseconds of this thread per event of the kernel, by size. */
export type CostBySize = ReadonlyMap<number, number>;

const opsPerPush = 1_000;
/** Exchanges whose cost is measured once the log stands; the first of them only warm up. */
const exchangesMeasured = 3_000;
const exchangesWarm = 1_000;

/** What an exchange at the head of the log costs when the log holds this many operations. */
export async function costByLogSize(sizes: readonly number[]): Promise<CostBySize> {
  await costWithLog(sizes[0]!);
  const costs = new Map<number, number>();
  for (const size of sizes) costs.set(size, await costWithLog(size));
  return costs;
}

/** What an event costs in a run of this many devices that each edit, push, hear of each other and pull. */
export async function costByDevices(counts: readonly number[]): Promise<CostBySize> {
  const costs = new Map<number, number>();
  for (const count of counts) {
    const scenario = crowd(count);
    // About as many events at each size, so that what is compiled and collected weighs the same.
    const runs = Math.ceil(1_200 / count);
    for (let run = 0; run < runs; run++)
      await simulate({ scenario, protocol: waveflowSim, seed: `warm-${run}` });
    const before = process.threadCpuUsage();
    let events = 0;
    for (let run = 0; run < runs; run++) {
      events += (await simulate({ scenario, protocol: waveflowSim, seed: String(run) })).events;
    }
    costs.set(count, microseconds(process.threadCpuUsage(before)) / events);
  }
  return costs;
}

/** How much dearer an event is at the largest size than at the smallest. */
export function growthOf(costs: CostBySize): number {
  const values = [...costs.values()];
  return values.at(-1)! / values[0]!;
}

async function costWithLog(size: number): Promise<number> {
  const pushes = size / opsPerPush;
  const meter = new Meter(pushes + exchangesWarm, pushes + exchangesWarm + exchangesMeasured);
  await simulate({ scenario: longLog(pushes), protocol: metered(waveflowSim, meter), seed: "1" });
  return meter.microsecondsPerEvent();
}

/** Reads the processor time when the server takes its n-th request. */
class Meter {
  readonly #from: number;
  readonly #to: number;
  #requests = 0;
  #begin: { readonly usage: NodeJS.CpuUsage; readonly events: number } | undefined;
  #cost: number | undefined;

  constructor(from: number, to: number) {
    this.#from = from;
    this.#to = to;
  }

  count(events: number): void {
    this.#requests++;
    if (this.#requests === this.#from) this.#begin = { usage: process.threadCpuUsage(), events };
    if (this.#requests !== this.#to || this.#begin === undefined) return;
    this.#cost = microseconds(process.threadCpuUsage(this.#begin.usage)) / (events - this.#begin.events);
  }

  microsecondsPerEvent(): number {
    if (this.#cost === undefined) throw new Error(`expected ${this.#to} requests, saw ${this.#requests}`);
    return this.#cost;
  }
}

function metered(protocol: SimProtocol, meter: Meter): SimProtocol {
  return {
    ...protocol,
    createServer: (options) => {
      const server: SimServer = protocol.createServer(options);
      return {
        ...server,
        handle: (request) => {
          meter.count(options.process.kernel.events);
          return server.handle(request);
        },
      };
    },
  };
}

/** A log of so many pushes, then single pushes and pulls at its head. */
function longLog(pushes: number): Scenario {
  const steps: Step[] = [];
  let serial = 0;
  const op = () => {
    serial++;
    return {
      operation_id: `00000000-0000-4000-8000-${String(serial).padStart(12, "0")}`,
      entity_type: "song",
      entity_id: String(serial % 5_000),
      op: "upsert",
      field: "title",
      value: "A",
      lamport_ts: serial,
    };
  };
  const request = (method: string, path: string, json?: { readonly ops: readonly object[] }): void => {
    const body = json === undefined ? {} : { body: { json: json as never } };
    steps.push({
      kind: "request",
      request: { as: "laptop", method, path, headers: {}, ...body },
      source: { line: steps.length + 1, text: `${method} ${path}` },
    });
  };
  for (let push = 0; push < pushes; push++) {
    request("POST", "/sync/ops", { ops: Array.from({ length: opsPerPush }, op) });
  }
  for (let exchange = 0; exchange < exchangesWarm + exchangesMeasured; exchange += 2) {
    request("POST", "/sync/ops", { ops: [op()] });
    // The last ten, whatever the head is: ids of one user without rollbacks have no gaps.
    request("GET", `/sync/ops?since=${serial - 10}`);
  }
  return scenarioOf(`long-log-${pushes}`, ["laptop"], steps, false);
}

function crowd(count: number): Scenario {
  const names = Array.from({ length: count }, (_, index) => `device-${index + 1}`);
  const steps: Step[] = [];
  // Twenty edits whatever the number of devices: it is the devices that grow and not the work of each.
  for (let edit = 0; edit < 20; edit++) {
    const args = { entityType: "song", entityId: String(edit % 5), edits: [{ field: "title", value: edit }] };
    const device = names[(edit * 7) % count]!;
    steps.push({
      kind: "device",
      device,
      action: { verb: "edit", args },
      source: { line: edit, text: "edit" },
    });
    steps.push({ kind: "wait", forMs: 200, source: { line: edit, text: "wait" } });
  }
  steps.push({ kind: "settle", withinMs: 600_000, source: { line: 20, text: "settle" } });
  return scenarioOf(`crowd-${count}`, names, steps, true);
}

function scenarioOf(
  name: string,
  devices: readonly string[],
  steps: readonly Step[],
  automatic: boolean,
): Scenario {
  return {
    id: `waveflow/bench/${name}`,
    title: name,
    protocol: waveflowSim.id,
    requirements: [],
    needs: [],
    devices: devices.map((device) => ({
      name: device,
      user: "alice",
      mode: "hybrid",
      automatic,
      process: 1,
    })),
    config: {},
    deviceConfig: {},
    trouble: {},
    processes: 1,
    steps,
    expect: {},
    ...(automatic ? {} : { settle: false as const }),
  };
}

const microseconds = ({ user, system }: NodeJS.CpuUsage): number => user + system;
