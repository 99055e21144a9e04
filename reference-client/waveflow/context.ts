// What every pass of a device works with.
import type { DeviceConfig } from "./config.ts";
import type { DeviceStore } from "./device-store.ts";
import type { DeviceEvents } from "./events.ts";
import type { Gate } from "./gate.ts";
import type { Clock, Transport } from "./ports.ts";

export interface DeviceContext {
  readonly store: DeviceStore;
  readonly gate: Gate;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly events: DeviceEvents;
  readonly config: DeviceConfig;
}
