// One connection of a server through the proxy: two sockets, and what happens when either of them ends.
// Guarantees: each end learns of the other's end, after the bytes before it; neither side's bytes pile up here when the
// other does not read; nothing of a connection is left when both sockets are closed, and one closed socket leads to two.
import { connect, type Socket } from "node:net";
import type { ClosedBy, Refusal, WireEvent } from "./events.ts";
import type { CutMethod, FaultBoard } from "./fault-board.ts";
import { UnparseableBytes } from "./framing.ts";
import { fatalMessage } from "./messages.ts";
import { Passage } from "./passage.ts";
import { encryptionRefused, StartupReader, type StartupStep } from "./startup.ts";
import type { Upstream } from "./upstream.ts";

export interface WireConnectionOptions {
  readonly id: number;
  /** Half-open sockets allowed. */
  readonly frontend: Socket;
  readonly upstream: Upstream;
  readonly board: FaultBoard;
  readonly startupTimeoutMs: number;
  /** How a new session is refused at the moment. */
  readonly refusal: () => Refusal | undefined;
  readonly report: (event: WireEvent) => void;
}

const refusalErrors: Readonly<Record<Exclude<Refusal, "reset">, { code: string; message: string }>> = {
  "too many connections": { code: "53300", message: "sorry, too many clients already" },
  "starting up": { code: "57P03", message: "the database system is starting up" },
};

/** What a held server may send ahead before it is not read any more. */
const heldMax = 1_024 * 1_024;
/** How long an end that was told that it is over may take to close its own side. */
const goodbyeMs = 1_000;
/** Of answers that nobody reads any more, before the database is told so. */
const discardedMax = 16 * 1_024 * 1_024;

export class WireConnection {
  readonly id: number;
  readonly #options: WireConnectionOptions;
  readonly #frontend: Socket;
  readonly #backendGone = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<void>();
  readonly #startup = new StartupReader();
  readonly #startupTimer: NodeJS.Timeout;
  #backend: Socket | undefined;
  #passage: Passage | undefined;
  #closedBy: ClosedBy | undefined;
  /** The frontend's bytes are of no interest any more. */
  #isDeaf = false;
  #isFrontendEnded = false;
  #isFrontendClosed = false;
  #isBackendEnded = false;
  #isBackendClosed = false;
  #discarded = 0;
  #isGone = false;

  constructor(options: WireConnectionOptions) {
    this.id = options.id;
    this.#options = options;
    this.#frontend = options.frontend;
    this.#startupTimer = setTimeout(() => this.destroy(), options.startupTimeoutMs);
    const { frontend } = options;
    frontend.setNoDelay(true);
    frontend.on("data", (chunk) => this.#guarded("server", () => this.#fromFrontend(chunk)));
    frontend.on("drain", () => this.#backend?.resume());
    frontend.on("end", () => this.#frontendEnded());
    // Whatever the error was, "close" follows.
    frontend.on("error", ignore);
    frontend.on("close", () => {
      this.#isFrontendClosed = true;
      this.#frontendEnded();
      this.#backend?.resume();
      this.#lookWhetherGone();
    });
  }

  /** Ends the connection on the server's side, after the bytes that have passed, and says goodbye to the database.
   *  Resolves when the database has ended its side: whatever reached it is done or rolled back by then. */
  cut(method: CutMethod): Promise<void> {
    this.#stopListening("fault");
    if (this.#frontend.writableLength === 0) this.#cutFrontend(method);
    else {
      const proceed = (): void => {
        clearTimeout(timer);
        this.#frontend.off("drain", proceed);
        this.#cutFrontend(method);
      };
      const timer = setTimeout(proceed, goodbyeMs);
      this.#frontend.on("drain", proceed);
    }
    this.#endBackend();
    return this.#backendGone.promise;
  }

  /** Closes both sockets at once. */
  destroy(): void {
    this.#stopListening("proxy");
    this.#frontend.destroy();
    this.#backend?.destroy();
  }

  /** Resolves when the database has ended its side. */
  get backendGone(): Promise<void> {
    return this.#backendGone.promise;
  }

  /** Resolves when both sockets are closed. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  #fromFrontend(chunk: Buffer): void {
    if (this.#isDeaf) return;
    const passage = this.#passage;
    if (passage === undefined) {
      this.#startup.feed(chunk);
      this.#pumpStartup();
      return;
    }
    passage.fromFrontend(chunk);
    if (passage.isHeld && passage.waiting > heldMax) this.#frontend.pause();
  }

  #pumpStartup(): void {
    while (!this.#isDeaf && this.#passage === undefined) {
      const step = this.#startup.next();
      if (step.kind === "incomplete") return;
      this.#take(step);
    }
  }

  #take(step: Exclude<StartupStep, { kind: "incomplete" }>): void {
    switch (step.kind) {
      case "refuse encryption":
        this.#frontend.write(encryptionRefused);
        break;
      case "strange":
        this.destroy();
        break;
      case "unsupported":
        this.#refuse({
          code: "0A000",
          message: `unsupported frontend protocol ${step.version}: server supports 3.0 and later`,
        });
        break;
      case "cancel":
        this.#isDeaf = true;
        clearTimeout(this.#startupTimer);
        this.#connectBackend().end(step.packet);
        break;
      case "startup": {
        clearTimeout(this.#startupTimer);
        const refusal = this.#options.refusal();
        if (refusal === "reset") this.reset();
        else if (refusal !== undefined) {
          this.#options.report({ kind: "refused", how: refusal });
          this.#refuse(refusalErrors[refusal]);
        } else this.#open(step);
        break;
      }
    }
  }

  /** Ends a connection that has not begun. */
  reset(): void {
    this.#stopListening("fault");
    resetSocket(this.#frontend);
  }

  #refuse(error: { readonly code: string; readonly message: string }): void {
    this.#stopListening("fault");
    this.#frontend.write(fatalMessage(error));
    this.#endFrontend();
  }

  #open({ packet, parameters }: Extract<StartupStep, { kind: "startup" }>): void {
    const { id, board, report } = this.#options;
    const user = parameters.get("user") ?? "";
    const connection = {
      id,
      user,
      database: parameters.get("database") ?? user,
      applicationName: parameters.get("application_name") ?? "",
      isReplication: /^(?!false$|off$|no$|0$)./iu.test(parameters.get("replication") ?? ""),
      backendProcessId: undefined,
    };
    const backend = this.#connectBackend();
    const passage = new Passage({
      connection,
      board,
      report,
      ends: {
        toBackend: (bytes) => {
          if (!this.#isBackendEnded && !backend.write(bytes)) this.#frontend.pause();
        },
        toFrontend: (bytes) => this.#toFrontend(bytes),
        cut: (method) => this.cut(method),
        onReleased: () => this.#guarded("server", () => this.#goOn()),
      },
    });
    this.#passage = passage;
    report({ kind: "opened", connection });
    backend.write(packet);
    backend.on("data", (chunk) => this.#guarded("database", () => this.#fromBackend(passage, chunk)));
    backend.on("drain", () => {
      if (!(passage.isHeld && passage.waiting > heldMax)) this.#frontend.resume();
    });
    if (this.#startup.rest.length > 0) passage.fromFrontend(this.#startup.rest);
  }

  #connectBackend(): Socket {
    const { host, port } = this.#options.upstream;
    const backend = connect({ host, port, noDelay: true, allowHalfOpen: true });
    this.#backend = backend;
    let isConnected = false;
    backend.once("connect", () => (isConnected = true));
    backend.on("error", ignore);
    // A connection that only cancels has nothing to read; but who does not read does not see the end.
    backend.resume();
    backend.on("end", () => this.#backendEnded());
    backend.on("close", () => {
      this.#isBackendClosed = true;
      if (!isConnected) resetSocket(this.#frontend);
      this.#backendEnded();
      this.#backendGone.resolve();
      this.#lookWhetherGone();
    });
    return backend;
  }

  #fromBackend(passage: Passage, chunk: Buffer): void {
    if (!this.#isDeaf) passage.fromBackend(chunk);
  }

  #toFrontend(bytes: Buffer): void {
    if (!this.#isFrontendClosed) {
      if (!this.#frontend.write(bytes)) this.#backend?.pause();
      return;
    }
    this.#discarded += bytes.length;
    if (this.#discarded > discardedMax) this.#backend?.destroy();
  }

  /** What was held may go on, and an end that had to wait behind it. */
  #goOn(): void {
    this.#passage?.goOn();
    this.#frontend.resume();
    if (this.#isFrontendEnded) this.#followFrontendEnd();
    if (this.#isBackendEnded) this.#followBackendEnd();
  }

  #frontendEnded(): void {
    if (this.#isFrontendEnded) return;
    this.#isFrontendEnded = true;
    this.#closedBy ??= "server";
    this.#guarded("server", () => this.#passage?.frontendEnded());
    this.#followFrontendEnd();
  }

  #followFrontendEnd(): void {
    if (this.#passage?.isHeld !== true) this.#endBackend();
    if (this.#backend === undefined) this.#endFrontend();
  }

  #backendEnded(): void {
    if (this.#isBackendEnded) return;
    this.#isBackendEnded = true;
    this.#closedBy ??= this.#passage?.isTerminated === true ? "server" : "database";
    this.#backend!.end();
    this.#guarded("database", () => this.#passage?.backendEnded());
    this.#followBackendEnd();
  }

  #followBackendEnd(): void {
    if (this.#passage?.isWithholding !== true) this.#endFrontend();
  }

  #endBackend(): void {
    const backend = this.#backend;
    if (backend === undefined) return;
    backend.end();
    backend.resume();
  }

  /** An end of file, and a while for the server to close its own side. */
  #endFrontend(): void {
    const frontend = this.#frontend;
    if (frontend.destroyed || frontend.writableEnded) return;
    // What it still says goes nowhere; but who does not read does not see the end.
    this.#isDeaf ||= this.#isBackendEnded;
    frontend.resume();
    frontend.end(() => setTimeout(() => frontend.destroy(), goodbyeMs).unref());
  }

  #cutFrontend(method: CutMethod): void {
    if (method === "reset") resetSocket(this.#frontend);
    else this.#endFrontend();
  }

  #stopListening(by: ClosedBy): void {
    this.#closedBy ??= by;
    this.#isDeaf = true;
    clearTimeout(this.#startupTimer);
    this.#passage?.end();
    if (this.#backend === undefined) this.#backendGone.resolve();
  }

  /** Bytes that are no message end the connection, and nothing else. */
  #guarded(by: "server" | "database", work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof UnparseableBytes)) throw error;
      const passage = this.#passage!;
      this.#closedBy ??= by;
      this.#options.report({ kind: "unparseable", connection: passage.connection, by, seen: error.message });
      this.#stopListening(by);
      if (by === "server") this.#frontend.write(fatalMessage({ code: "08P01", message: error.message }));
      this.#endFrontend();
      this.#backend?.destroy();
    }
  }

  #lookWhetherGone(): void {
    if (this.#isGone || !this.#isFrontendClosed || (this.#backend !== undefined && !this.#isBackendClosed))
      return;
    this.#isGone = true;
    clearTimeout(this.#startupTimer);
    const passage = this.#passage;
    if (passage !== undefined) {
      const { connection, isInTransaction, fatal } = passage;
      passage.end();
      const end = { kind: "closed", connection, by: this.#closedBy ?? "proxy", isInTransaction } as const;
      const { code, message } = fatal ?? {};
      this.#options.report(
        code === undefined || message === undefined ? end : { ...end, fatal: { code, message } },
      );
    }
    this.#gone.resolve();
  }
}

/** Node never closes a socket that is to be reset while its end is on its way. */
function resetSocket(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

const ignore = (): void => undefined;
