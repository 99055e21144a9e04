// The reference device as a library for Node: one SQLite file, the real network, the machine's clock.
import { Device, type DeviceConfig, type DeviceEvents } from "../waveflow/index.ts";
import { FetchTransport, type FetchTransportOptions } from "./fetch-transport.ts";
import { RandomIds } from "./random-ids.ts";
import { SqliteDisk, type SqliteDiskOptions } from "./sqlite-disk.ts";
import { SystemClock } from "./system-clock.ts";

export interface NodeDeviceOptions extends SqliteDiskOptions {
  readonly config?: Partial<DeviceConfig>;
  readonly events?: DeviceEvents;
  readonly transport?: FetchTransportOptions;
}

export interface NodeDevice extends AsyncDisposable {
  readonly device: Device;
  /** Stops the device and lets go of the file. */
  close(): Promise<void>;
}

/** A started device on a file of its own, not yet bound to a server.
 *  Errors: `DiskFailed` for a file that is locked, damaged or no device file. */
export async function createNodeDevice(options: NodeDeviceOptions): Promise<NodeDevice> {
  const disk = new SqliteDisk(options);
  const transport = new FetchTransport(options.transport);
  const ports = {
    disk,
    transport,
    clock: new SystemClock(),
    ids: new RandomIds(),
    events: options.events ?? {},
  };
  const device = new Device(ports, options.config);
  const close = async (): Promise<void> => {
    await device.stop();
    disk.close();
  };
  try {
    await device.start();
  } catch (error) {
    disk.close();
    throw error;
  }
  return { device, close, [Symbol.asyncDispose]: close };
}
