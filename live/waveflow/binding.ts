// WaveFlow in the live world: the reference server as a process, the reference device on SQLite and the real network,
// and how a stranger reads the server.
import { join } from "node:path";
import { WaveflowActor } from "../../actors/waveflow/device-actor.ts";
import { readWaveflowAccount } from "../../actors/waveflow/read-account.ts";
import { FetchTransport } from "../../reference-client/node/fetch-transport.ts";
import { SqliteDisk } from "../../reference-client/node/sqlite-disk.ts";
import { type Disk, NoAnswer, UpgradeRefused } from "../../reference-client/waveflow/ports.ts";
import type { LiveActorOptions, LiveProtocol } from "../world/protocol.ts";

/** The reader's own device id. It never acknowledges, so it holds nothing back. */
const readerDeviceId = "00000000-0000-4000-8000-00000000feed";

/** What a scenario waits for in virtual time passes in real time here, so devices that nobody tells otherwise are in
 *  more of a hurry. */
export const hurriedDevice = { drainIntervalMs: 1_000, backoffFirstMs: 100, backoffMaxMs: 1_000 };

/** Everything else that somebody asks for is no message of the protocol, and no line of a scenario means it. */
const messageNames: Readonly<Record<string, string>> = {
  "POST /sync/ops": "push",
  "GET /sync/ops": "pull",
  "POST /sync/ack": "ack",
  "GET /sync/ws": "socket",
};

export const waveflowLive: LiveProtocol = {
  id: "waveflow/1",

  server: {
    entry: "reference-server/main",
    env: (config) =>
      Object.fromEntries(
        Object.entries(config).map(([setting, value]) => [variableOf(setting), String(value)]),
      ),
  },

  errors: {
    noAnswer: (reason) => new NoAnswer(reason),
    upgradeRefused: (reply) => new UpgradeRefused(reply),
  },

  messageOf({ method, path }) {
    const [place] = path.split("?", 1);
    return messageNames[`${method} ${place}`] ?? "other";
  },

  // A device crashes within this process, so nothing has to reach the platter.
  openDisk: (directory) => new SqliteDisk({ file: join(directory, "device.sqlite"), outlives: "process" }),

  createCarrier: (options) => new FetchTransport(options),

  createActor: (options) => createActor(options),

  readAccount: (options) => readWaveflowAccount({ ...options, deviceId: readerDeviceId }),
};

function createActor(options: LiveActorOptions): WaveflowActor {
  const { spec, disk, carrier, clock, uuid, recorder, accounts, config, nextCall } = options;
  return new WaveflowActor({
    spec,
    disk: disk as unknown as Disk,
    transport: carrier,
    clock,
    ids: { uuid },
    recorder,
    accounts,
    config: { ...hurriedDevice, ...config },
    nextCall,
    isOurs: true,
  });
}

/** `stalenessMs` → `STALENESS_MS`. */
function variableOf(setting: string): string {
  return setting.replaceAll(/[A-Z]/gu, (letter) => `_${letter}`).toUpperCase();
}
