// Puts a server that somebody else wrote into the simulation, in place of the reference server, on the same simulated
// PostgreSQL.
import type { HttpRequest, HttpResponse } from "../../protocol/http.ts";
import type { ServerPorts } from "../../reference-server/waveflow/server.ts";
import type { SocketSession } from "../network/connection.ts";
import type { ServerSocket } from "../network/network.ts";
import type { SimProtocol } from "../world/protocol.ts";
import { serverOnSimStore } from "./binding.ts";

/** A WaveFlow server that somebody else wrote: what `WaveflowServer` offers, over the same ports. One value is one
 *  life of a process; what has to outlive it is in the database. */
export interface ForeignServer {
  /** Makes ready: listens to what other processes announce, arms its jobs. */
  start(): Promise<void>;
  /** Answers one request. Header names are lower case. An error thrown here is a bug of the server and ends the run:
   *  a failing database is answered with a 5xx. */
  handle(request: HttpRequest): Promise<HttpResponse>;
  /** Answers an upgrade: `accept()` opens the socket, `refused` says no with a plain reply. */
  openSocket(
    request: HttpRequest,
    accept: () => ServerSocket,
  ): Promise<{ readonly opened: SocketSession } | { readonly refused: HttpResponse }>;
  /** Runs compaction for a user now. */
  compact(user: string): Promise<{ readonly deleted: number; readonly compactedUpTo: number }>;
  /** Ends in good order. */
  stop(): Promise<void>;
}

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
