// The public face of the WaveFlow reference device.
export { Device, type DevicePorts, type EntityName } from "./device.ts";
export { defaultDeviceConfig, type DeviceConfig } from "./config.ts";
export type { ApplyPath, DeviceEvents, UnusableOp } from "./events.ts";
export {
  isRefusal,
  type AckOutcome,
  type Answer,
  type ConnectOutcome,
  type DrainOutcome,
  type EditOutcome,
  type Ending,
  type PassOutcome,
  type PullOutcome,
  type ReadOutcome,
  type Refusal,
  type SyncOutcome,
} from "./outcomes.ts";
export type { DeviceStatus } from "./status.ts";
export type { DeadLetter, ParkedOp } from "./account-state.ts";
export { BindingRefused, type Binding } from "./binding.ts";
export { DeviceStopped } from "./device-store.ts";
export { ModeRefused, type Mode } from "./modes.ts";
export {
  DiskFailed,
  NoAnswer,
  UpgradeRefused,
  type Clock,
  type DeviceSocket,
  type Disk,
  type DiskContents,
  type DiskTable,
  type DiskWrite,
  type Ids,
  type IncomingReply,
  type OutgoingRequest,
  type OutgoingUpgrade,
  type SocketHandlers,
  type Timer,
  type Transport,
} from "./ports.ts";
