// The WaveFlow reference server, profile `waveflow/1`: the table of contents. Each endpoint has a file of its own; what
// is decided here is the order of answers (404; 401, 403, 400; 405; then the endpoint), what a fault looks like, and
// the server's life from start to stop.
import type { HttpRequest, HttpResponse } from "../../protocol/http.ts";
import type { UserId } from "../../protocol/waveflow/types.ts";
import { AckBuffer } from "./ack-buffer.ts";
import {
  type CompactionOutcome,
  type CompactionPorts,
  type CompactionRun,
  compactEveryUser,
  compactUser,
} from "./compaction.ts";
import { defaultServerConfig, type ServerConfig } from "./config.ts";
import { noteContact } from "./contact.ts";
import { answer, type EndpointPorts, methodsByPath, refuse, socketPath, type Visit } from "./endpoints.ts";
import { type Caller, identify } from "./identity.ts";
import type { SocketSession } from "./live-socket.ts";
import type { Clock, Database, Fanout, ServerSocket, Timer, TokenVerifier } from "./ports.ts";
import { faultReply, methodNotAllowed, notFound, unavailable } from "./replies.ts";
import { RetryingDatabase } from "./retrying-database.ts";
import { SocketHub } from "./socket-hub.ts";

export interface ServerPorts {
  readonly database: Database;
  readonly clock: Clock;
  readonly fanout: Fanout;
  readonly tokens: TokenVerifier;
  /** Hears of faults, those too that no reply tells of (a flush that failed, a read for the sockets). */
  readonly onFault?: (error: unknown) => void;
}

/** Source: waveflow.md sections 4 to 8. */
export class WaveflowServer {
  readonly #compactionIntervalMs: number;
  readonly #ports: ServerPorts;
  readonly #database: Database;
  readonly #endpoints: EndpointPorts;
  readonly #buffer: AckBuffer;
  readonly #hub: SocketHub;
  readonly #compaction: CompactionPorts;
  readonly #onFault: (error: unknown) => void;
  #listening: { close(): Promise<void> } | undefined;
  #compactionTimer: Timer | undefined;
  #isStopped = false;

  constructor(ports: ServerPorts, config: Partial<ServerConfig> = {}) {
    const { ackFlushIntervalMs, pingIntervalMs, pendingFramesMax, stalenessMs, ...rest } = {
      ...defaultServerConfig,
      ...config,
    };
    const { compactionIntervalMs, pullLimitDefault, transactionTriesMax } = rest;
    const { clock } = ports;
    const onFault = ports.onFault ?? ignoreFault;
    const database = new RetryingDatabase(ports.database, transactionTriesMax);
    const buffer = new AckBuffer({ database, clock, flushIntervalMs: ackFlushIntervalMs, onFault });
    this.#ports = ports;
    this.#onFault = onFault;
    this.#compactionIntervalMs = compactionIntervalMs;
    this.#database = database;
    this.#buffer = buffer;
    this.#endpoints = { database, clock, buffer, pullLimitDefault };
    this.#compaction = { database, clock, buffer, stalenessMs, onFault };
    this.#hub = new SocketHub({
      database,
      clock,
      tokens: ports.tokens,
      buffer,
      pingIntervalMs,
      pendingFramesMax,
      onFault,
    });
  }

  /** Listens to what other processes announce, and starts the compaction job. */
  async start(): Promise<void> {
    this.#listening = await this.#ports.fanout.listen({
      onAnnouncement: (announcement) => this.#hub.onAnnouncement(announcement),
      onGap: () => {
        // The database may have been put back to a backup: values of the lost history must not wait until its head
        // has grown past them again.
        void this.#buffer.flushAll();
        this.#hub.onGap();
      },
    });
    this.#armCompaction();
  }

  /** Answers every request, whatever happens.  Errors: none. */
  handle(request: HttpRequest): Promise<HttpResponse> {
    if (!methodsByPath.has(request.path)) return Promise.resolve(notFound(request.path));
    return this.#identified(request, (visit) => answer(this.#endpoints, request, visit));
  }

  /** Judges an upgrade; calls `accept` for the socket only when it is allowed.  Errors: none. */
  async openSocket(
    request: HttpRequest,
    accept: () => ServerSocket,
  ): Promise<{ readonly opened: SocketSession } | { readonly refused: HttpResponse }> {
    if (request.path !== socketPath) return { refused: notFound(request.path) };
    const outcome = await this.#identified(request, async (visit) => {
      if (request.method !== "GET") return refuse(this.#database, methodNotAllowed(["GET"]), visit);
      return this.#hub.open(visit, accept);
    });
    return "status" in outcome ? { refused: outcome } : outcome;
  }

  /** Compacts one user's log now.  Errors: those of the database.  Source: WF-COMP-1. */
  compact(user: UserId): Promise<CompactionOutcome> {
    return compactUser(this.#compaction, user);
  }

  /** Compacts the logs of all users now.  Errors: those of the database while the users are listed. */
  compactAll(): Promise<CompactionRun> {
    return compactEveryUser(this.#compaction);
  }

  /** Closes the sockets with 1001, writes the ACKs in memory, and lets go of everything else. Requests under way come
   *  to their end; new ones get a 503.  Source: WF-ACK-5, waveflow.md section 8. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#compactionTimer?.cancel();
    this.#hub.close();
    await this.#buffer.close();
    await this.#listening?.close();
  }

  /** Runs `work` for a caller that is who it says. A request that ends in a fault was a contact all the same, so one
   *  more attempt is made to note it; the reply is that of the fault.  Source: WF-AUTH-1, WF-AUTH-3, WF-ACK-4. */
  async #identified<T>(
    request: HttpRequest,
    work: (visit: Visit) => Promise<T | HttpResponse>,
  ): Promise<T | HttpResponse> {
    if (this.#isStopped) return unavailable("the server is going away");
    const { clock, tokens } = this.#ports;
    const arrivedAt = clock.now();
    let caller: Caller | undefined;
    try {
      const identified = await identify(request, { tokens, mayUseQuery: request.path === socketPath });
      if ("refused" in identified) return identified.refused;
      caller = identified.caller;
      return await work({ caller, arrivedAt });
    } catch (error) {
      this.#onFault(error);
      if (caller !== undefined) {
        await noteContact(this.#database, { caller, at: arrivedAt }).catch(this.#onFault);
      }
      return faultReply(error);
    }
  }

  #armCompaction(): void {
    if (this.#compactionIntervalMs <= 0 || this.#isStopped) return;
    this.#compactionTimer = this.#ports.clock.after(this.#compactionIntervalMs, async () => {
      await this.compactAll().catch(this.#onFault);
      this.#armCompaction();
    });
  }
}

const ignoreFault = (): void => {};
