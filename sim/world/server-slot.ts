// A server process of the simulated world through all its lives. What it keeps is in the database; a life ends with
// everything else.
import type { HttpRequest, HttpResponse } from "../../protocol/http.ts";
import type { Accident } from "../../scenarios/format/types.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { SimProcess } from "../kernel/process.ts";
import type { Endpoint, ServerSocket } from "../network/network.ts";
import type { SocketSession } from "../network/connection.ts";
import { DatabaseLine, type DatabaseLineOptions } from "./database-line.ts";
import type { StatementTraps } from "./statement-traps.ts";
import type { SimClock, SimDatabase, SimProtocol, SimServer } from "./protocol.ts";
import type { TokenAuthority } from "./token-authority.ts";

export interface ServerSlotOptions {
  readonly name: string;
  readonly kernel: Kernel;
  /** The process of the scenario itself, which waits for the server's steps. */
  readonly main: SimProcess;
  readonly protocol: SimProtocol;
  readonly database: SimDatabase;
  readonly tokens: TokenAuthority;
  readonly config: Readonly<Record<string, number>>;
  readonly wallNow: () => number;
  readonly traps: StatementTraps;
  readonly deviceNamed: DatabaseLineOptions["deviceNamed"];
  readonly accident: DatabaseLineOptions["accident"];
  readonly onAccident: DatabaseLineOptions["onAccident"];
  readonly onFault: DatabaseLineOptions["onFault"];
  readonly onCrash: (slot: ServerSlot, text: string, accident: Accident | undefined) => void;
}

/** A database statement takes between 0 and this. Units: virtual milliseconds. */
const statementLatencyMaxMs = 2;

export class ServerSlot implements Endpoint {
  readonly name: string;
  readonly process: SimProcess;
  readonly line: DatabaseLine;
  skewMs = 0;
  readonly #options: ServerSlotOptions;
  readonly #clock: SimClock;
  #server: SimServer | undefined;
  readonly #onCrash = new Set<() => void>();

  constructor(options: ServerSlotOptions) {
    this.#options = options;
    this.name = options.name;
    this.process = options.kernel.process(options.name);
    this.#clock = {
      now: () => options.wallNow() + this.skewMs,
      after: (delayMs, run) => this.process.after(delayMs, run),
    };
    this.line = new DatabaseLine({
      process: this.process,
      latency: options.kernel.random.decisions(options.name, "database latency"),
      latencyMaxMs: statementLatencyMaxMs,
      crash: (text, accident) => this.crash(text, accident),
      onFault: options.onFault,
      traps: options.traps,
      deviceNamed: options.deviceNamed,
      accident: options.accident,
      onAccident: options.onAccident,
      failure: (sqlstate, text) => options.protocol.statementFailure(sqlstate, text),
    });
  }

  get isUp(): boolean {
    return this.#server !== undefined;
  }

  async start(): Promise<void> {
    const { protocol, database, tokens, config } = this.#options;
    this.process.restart();
    const server = protocol.createServer({
      database,
      process: this.process,
      clock: this.#clock,
      line: this.line,
      tokens,
      config,
    });
    this.#server = server;
    await this.run("start", () => server.start());
  }

  /** Ends the present life where it stands; by chance if there is an accident. */
  crash(text: string, accident?: Accident): void {
    if (this.#server === undefined) return;
    const server = this.#server;
    this.#server = undefined;
    this.process.crash();
    this.line.noteCrash();
    server.abandon();
    for (const tell of this.#onCrash) tell();
    this.#onCrash.clear();
    this.#options.onCrash(this, text, accident);
  }

  get isPaused(): boolean {
    return this.process.isPaused;
  }

  /** Up, and not standing still. */
  get answers(): boolean {
    return this.isUp && !this.isPaused;
  }

  /** Ends in good order: sockets are closed, memory is written down. One that stands still hears nothing of it, and is
   *  killed. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    if (this.isPaused) {
      this.crash("killed, because it did not stop");
      return;
    }
    await this.run("stop", () => server.stop());
    this.crash("stopped");
  }

  /** Its connections to the database break, and it lives on. */
  loseConnections(): void {
    this.#server?.loseConnections();
  }

  /** Runs work as a task of this process; `undefined` if its life ends before, or there is none. */
  run<T>(label: string, work: (server: SimServer) => Promise<T>): Promise<T | undefined> {
    const server = this.#server;
    if (server === undefined) return Promise.resolve(undefined);
    const wait = this.#options.main.wait<T | undefined>(`${this.name}: ${label}`);
    const crashed = (): void => wait.answerAfter(0, undefined);
    this.#onCrash.add(crashed);
    this.process.task(label, async () => {
      let value: T;
      try {
        value = await work(server);
      } catch (error) {
        // What a server throws at its caller is an answer to the step, not the end of the run.
        this.#onCrash.delete(crashed);
        wait.failAfter(0, error);
        return;
      }
      this.#onCrash.delete(crashed);
      wait.answerAfter(0, value);
    });
    return wait.promise;
  }

  handle(request: HttpRequest): Promise<HttpResponse> {
    return this.#server!.handle(request);
  }

  openSocket(
    request: HttpRequest,
    accept: () => ServerSocket,
  ): Promise<{ readonly opened: SocketSession } | { readonly refused: HttpResponse }> {
    return this.#server!.openSocket(request, accept);
  }
}
