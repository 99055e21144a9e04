// Puts a server that somebody else wrote into the simulation, in place of the reference server, on the same simulated
// PostgreSQL.
import type { ServerPorts } from "../../reference-server/waveflow/server.ts";
import type { SimProtocol, SimServer } from "../world/protocol.ts";
import { serverOnSimStore } from "./binding.ts";

/** A WaveFlow server that somebody else wrote: what `WaveflowServer` offers, over the same ports. One value is one
 *  life of a process; what has to outlive it is in the database. */
export type ForeignServer = Omit<SimServer, "abandon" | "loseConnections">;

/** Makes one life of a server process. `settings` are the scenario's (`pullLimitDefault`, `stalenessMs` …); what is
 *  absent is the server's own default. */
export type CreateForeignServer = (
  ports: ServerPorts,
  settings: Readonly<Record<string, number>>,
) => ForeignServer;

/** The protocol with another server. */
export const withServer = (protocol: SimProtocol, create: CreateForeignServer): SimProtocol => ({
  ...protocol,
  createServer: (options) => serverOnSimStore(options, create),
});
