// A device on scripted ports, started and bound, as most of the tests want it.
import type { DeviceConfig } from "./config.ts";
import { Device } from "./device.ts";
import type { DeviceEvents } from "./events.ts";
import { createIds, ManualClock, MemoryDisk, PlainServer, ScriptedTransport } from "./scripted-ports.ts";

export interface Setup {
  readonly device: Device;
  readonly disk: MemoryDisk;
  readonly server: PlainServer;
  readonly transport: ScriptedTransport;
  readonly clock: ManualClock;
  /** The names of the events so far, in order. */
  readonly seen: string[];
}

export const binding = { server: "https://sync.example", token: "a.b.c", user: "ada" };

/** `setup` takes over what it is given and makes the rest; the device does only what it is asked to. */
export async function createSetup(
  given: Partial<Omit<Setup, "device">> & { config?: Partial<DeviceConfig>; origin?: number } = {},
): Promise<Setup> {
  const server = given.server ?? new PlainServer();
  const disk = given.disk ?? new MemoryDisk();
  const transport = given.transport ?? new ScriptedTransport(server.answer);
  const clock = given.clock ?? new ManualClock();
  const seen: string[] = [];
  const ids = createIds(given.origin ?? 1);
  const ports = { disk, transport, clock, ids, events: recordingEvents(seen) };
  const device = new Device(ports, { automatic: false, ...given.config });
  await device.start();
  return { device, disk, server, transport, clock, seen };
}

export async function createBoundSetup(given: Parameters<typeof createSetup>[0] = {}): Promise<Setup> {
  const setup = await createSetup(given);
  await setup.device.bind(binding);
  return setup;
}

export const title = (value: string) => ({ entityType: "song", entityId: "1", field: "title", value });

function recordingEvents(seen: string[]): DeviceEvents {
  return {
    edited: () => seen.push("edited"),
    applied: ({ via, ops }) => seen.push(`applied ${ops.length} via ${via}`),
    dropped: (rows) => seen.push(...rows.map(({ why }) => `dropped ${why}`)),
    deadLettered: () => seen.push("dead-lettered"),
    parked: () => seen.push("parked"),
    restamped: (ops) => seen.push(`restamped ${ops.length}`),
    putBack: (ops) => seen.push(`put back ${ops.length}`),
    resyncStarted: () => seen.push("resync started"),
    resynced: () => seen.push("resynced"),
  };
}
