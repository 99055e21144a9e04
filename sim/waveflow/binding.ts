// WaveFlow in the simulation: the reference server on the simulated database, the reference device on the simulated
// disk and network, and how a stranger reads the server.
import { type WaveflowActorOptions, WaveflowActor } from "../../actors/waveflow/device-actor.ts";
import { readWaveflowAccount, readWaveflowHead } from "../../actors/waveflow/read-account.ts";
import { DiskFailed, type Disk, type DiskTable } from "../../reference-client/waveflow/ports.ts";
import { StatementFailed } from "../../reference-server/waveflow/ports.ts";
import { WaveflowServer } from "../../reference-server/waveflow/server.ts";
import type { SimDisk } from "../disk/sim-disk.ts";
import { type ConditionKind, Engine, type EngineBackup, type EngineTimers } from "../postgres/engine.ts";
import type {
  SimActorOptions,
  SimDatabase,
  SimProtocol,
  SimServer,
  SimServerOptions,
} from "../world/protocol.ts";
import { waveflowSchema } from "./schema.ts";
import { SimStore } from "./store.ts";
import { createSimTransport } from "./transport.ts";
import type { CreateForeignServer } from "./with-server.ts";

/** An announcement reaches a listening process this long after the commit. Units: virtual milliseconds. */
const announcementMs = 1;

/** A process whose listening connection was lost has another one this much later. Units: virtual milliseconds. */
const reconnectMs = 250;

/** The reader's own device id. It never acknowledges, so it holds nothing back. */
const readerDeviceId = "00000000-0000-4000-8000-00000000feed";

export const waveflowSim: SimProtocol = {
  id: "waveflow/1",

  messageOf({ method, path }) {
    if (path.startsWith("/sync/ack")) return "ack";
    if (path.startsWith("/sync/ws")) return "socket";
    return method === "POST" ? "push" : "pull";
  },

  createDatabase: (timers) => new WaveflowDatabase(timers),

  createServer: (options) => serverOnSimStore(options, (ports, config) => new WaveflowServer(ports, config)),

  createActor: (options) => createActor(options),

  diskFailure: () => new DiskFailed("the disk refused the commit"),

  statementFailure: (sqlstate, text) => new StatementFailed(sqlstate, text),

  readHead: (options) => readWaveflowHead({ ...options, deviceId: readerDeviceId }),

  readAccount: (options) => readWaveflowAccount({ ...options, deviceId: readerDeviceId }),
};

class WaveflowDatabase implements SimDatabase {
  readonly engine: Engine;

  constructor(timers: EngineTimers) {
    this.engine = new Engine({ schema: waveflowSchema, timers });
  }

  backup(): EngineBackup {
    return this.engine.backup();
  }

  restore(backup: unknown): void {
    this.engine.restore(backup as EngineBackup);
  }

  crash(): void {
    this.engine.crash();
  }

  setCondition(kind: Parameters<Engine["setCondition"]>[0]): void {
    this.engine.setCondition(kind);
  }

  setLimit(kind: Parameters<Engine["setLimit"]>[0], afterMs: number): void {
    this.engine.setLimit(kind, afterMs);
  }

  clearConditions(): void {
    this.engine.clearConditions();
  }

  unstruckConditions(): readonly ConditionKind[] {
    return this.engine.unstruckConditions();
  }
}

/** A server over its ports in the simulation: the database behind the line of its process, the run's clock and
 *  tokens. */
export function serverOnSimStore(
  { database, process, clock, line, tokens, config }: SimServerOptions,
  create: CreateForeignServer,
): SimServer {
  const store = new SimStore({
    engine: (database as WaveflowDatabase).engine,
    wire: line,
    deliver: (hear) => {
      process.scheduleOwn(announcementMs, "announcement", () => process.task("announcement", hear));
    },
    reconnect: (connect) => {
      const attempt = (): void => {
        if (line.refusal === undefined) process.task("reconnect", connect);
        else process.scheduleOwn(reconnectMs, "reconnect", attempt);
      };
      process.scheduleOwn(reconnectMs, "reconnect", attempt);
    },
  });
  const server = create(
    {
      database: store,
      clock,
      fanout: store,
      tokens: { verify: async (token) => tokens.verify(token), now: () => tokens.now() },
    },
    config,
  );
  return {
    start: () => server.start(),
    handle: (request) => server.handle(request),
    openSocket: (request, accept) => server.openSocket(request, accept),
    compact: (user) => server.compact(user),
    stop: () => server.stop(),
    abandon: () => store.abandon(),
    loseConnections: () => store.loseConnections(),
  };
}

function createActor(options: SimActorOptions): WaveflowActor {
  const { spec, process, disk, network, caller, clock, uuid, recorder, accounts, config, nextCall } = options;
  const actor: WaveflowActorOptions = {
    spec,
    disk: (disk as SimDisk as SimDisk<DiskTable>).open(process) as Disk,
    transport: createSimTransport(network, caller),
    clock,
    ids: { uuid },
    recorder,
    accounts,
    config,
    nextCall,
  };
  return new WaveflowActor(actor);
}
