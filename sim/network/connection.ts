// A live socket. Frames arrive in order unless a fault says otherwise; either end may vanish without the other
// noticing for a while. The server's end and the device's end are handed out as plain objects, so that a core cannot
// tell this socket from a real one.
import { befallFrame, type FrameFate, plainFrame } from "../../actors/network-accidents.ts";
import type { FaultRules, FrameFault } from "../../scenarios/format/fault-rules.ts";
import type { AccidentBook } from "../kernel/accident-book.ts";
import type { SimProcess } from "../kernel/process.ts";
import type { ServerSocket } from "./network.ts";
import type { Partitions } from "./partitions.ts";
import type { FrameFates } from "./fates.ts";
import type { Weather } from "./weather.ts";

export interface SocketHandlers {
  onFrame(frame: unknown): void;
  onClose(code: number): void;
}

export interface SocketSession {
  onFrame(frame: unknown): void;
  onPong(): void;
  onClose(): void;
}

export interface ConnectionOptions {
  readonly device: string;
  readonly deviceProcess: SimProcess;
  /** The life of the device that asked for the socket; it may be over before the server hears of it. */
  readonly deviceEpoch: number;
  readonly serverProcess: SimProcess;
  readonly handlers: SocketHandlers;
  readonly fates: FrameFates;
  readonly book: AccidentBook;
  readonly weather: () => Weather;
  readonly rules: FaultRules;
  readonly partitions: Partitions;
  readonly onFault: (fault: {
    readonly kind: string;
    readonly device: string;
    readonly text: string;
  }) => void;
  readonly onEnd: () => void;
}

/** The code that a peer reads when a connection ended without a close frame.  Source: RFC 6455, section 7.1.5. */
const abnormalClosure = 1006;

export class Connection {
  readonly device: string;
  readonly serverSide: ServerSocket;
  readonly deviceSide: { send(frame: unknown): void; close(): void };
  readonly #options: ConnectionOptions;
  readonly #deviceEpoch: number;
  readonly #serverEpoch: number;
  #session: SocketSession | undefined;
  #isDeviceOpen = false;
  #isOver = false;
  #isHalfOpen = false;
  #held: unknown[] = [];
  /** Frames that have arrived and that the device has not been given yet: its end does not stand open, or they came in
   *  a burst and are given one by one. */
  #inbox: unknown[] = [];
  #isEmptying = false;
  #pending = 0;
  #lastToDeviceAt = 0;
  #lastToServerAt = 0;

  constructor(options: ConnectionOptions) {
    this.device = options.device;
    this.#options = options;
    this.#deviceEpoch = options.deviceEpoch;
    this.#serverEpoch = options.serverProcess.epoch;
    this.serverSide = {
      send: (frame) => this.#sendToDevice(frame),
      pendingFrames: () => this.#pending,
      ping: () => this.#ping(),
      close: (code) => this.#closeByServer(code),
    };
    this.deviceSide = {
      send: (frame) => this.#sendToServer(frame),
      close: () => this.#closeByDevice(),
    };
  }

  /** The server let the socket in: the device's end opens after the way back. */
  opened(session: SocketSession, latencyMs: number, tellDevice: () => void): void {
    this.#session = session;
    this.#later("socket open", latencyMs, () => {
      if (this.#isOver) return;
      if (!this.#isDeviceAlive()) {
        this.cut();
        return;
      }
      this.#isDeviceOpen = true;
      tellDevice();
      if (this.#isOver) return;
      this.#emptyInbox();
    });
  }

  /** Ends it without telling anybody. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.onEnd();
  }

  /** Both ends learn that the connection is gone. */
  cut(): void {
    if (this.#isOver) return;
    this.#tellDevice(abnormalClosure);
    this.#tellServer();
    this.end();
  }

  /** Nothing passes any more and nobody is told. */
  halfOpen(): void {
    this.#isHalfOpen = true;
  }

  /** What the rule book had held comes in a burst. */
  releaseFrames(): void {
    const held = this.#held;
    this.#held = [];
    this.#queueForDevice(held);
  }

  /** The faults are over: what was held comes, and a half-open connection is found out. */
  calm(): void {
    this.releaseFrames();
    if (this.#isHalfOpen) this.cut();
  }

  noteCrash(process: SimProcess): void {
    if (this.#isOver) return;
    if (process === this.#options.serverProcess && !this.#isServerAlive()) {
      this.#tellDevice(abnormalClosure);
      this.end();
    } else if (process === this.#options.deviceProcess && !this.#isDeviceAlive()) {
      this.#tellServer();
      this.end();
    }
  }

  #sendToDevice(frame: unknown): void {
    if (this.#isOver || this.#isHalfOpen) return;
    const { fates, weather, rules, book } = this.#options;
    const accident = fates.nextAccident(weather());
    const rule = rules.forFrame(this.device);
    if (rule?.verb === "hold-frame") {
      this.#tellFault("frame held");
      this.#held.push(frame);
      return;
    }
    let fate = plainFrame;
    if (rule !== undefined) fate = ruledFrame(rule);
    else if (accident !== undefined) {
      fate = befallFrame(accident);
      book.strike(accident);
    }
    if (fate.fault !== undefined) this.#tellFault(fate.fault);
    if (fate.ending === "cut") {
      this.cut();
      return;
    }
    if (fate.ending === "half-open") this.halfOpen();
    for (let copy = 0; copy < fate.copies; copy++) {
      const latencyMs = fates.latencyMs(weather(), copy);
      const carried = rule?.verb === "replace-frame" ? rule.frame : frame;
      this.#carryToDevice(carried, { latencyMs, extraDelayMs: fate.extraDelayMs });
    }
  }

  #tellFault(kind: string): void {
    this.#options.onFault({ kind, device: this.device, text: `${kind} on the way to ${this.device}` });
  }

  /** A late frame is overtaken by the ones behind it; the others keep their order. */
  #carryToDevice(
    frame: unknown,
    { latencyMs, extraDelayMs }: { readonly latencyMs: number; readonly extraDelayMs: number },
  ): void {
    const now = this.#options.serverProcess.kernel.now();
    const arrivesAt = Math.max(now + latencyMs, this.#lastToDeviceAt);
    if (extraDelayMs === 0) this.#lastToDeviceAt = arrivesAt;
    this.#pending++;
    this.#later("frame", arrivesAt + extraDelayMs - now, () => {
      this.#pending--;
      this.#passPartition(frame);
    });
  }

  #passPartition(frame: unknown): void {
    const { partitions } = this.#options;
    switch (partitions.verdict(this.device, "to-device")) {
      case "pass":
        this.#dispatchToDevice(frame);
        break;
      case "hold":
        this.#tellFault("frame held");
        partitions.hold(this.device, () => this.#queueForDevice([frame]));
        break;
      case "drop":
        // Bytes that never arrive end a stream sooner or later: what follows is not delivered either.
        if (!this.#isHalfOpen) this.#tellFault("socket half-open");
        this.halfOpen();
        break;
    }
  }

  #queueForDevice(frames: readonly unknown[]): void {
    this.#inbox.push(...frames);
    this.#emptyInbox();
  }

  /** Each frame resumes the device by an event of its own, and none overtakes another. */
  #emptyInbox(): void {
    if (this.#isEmptying || !this.#isDeviceOpen || this.#inbox.length === 0) return;
    this.#isEmptying = true;
    this.#later("burst", 0, () => {
      this.#isEmptying = false;
      this.#giveToDevice(this.#inbox.shift());
      this.#emptyInbox();
    });
  }

  #dispatchToDevice(frame: unknown): void {
    if (!this.#isDeviceOpen || this.#inbox.length > 0) this.#queueForDevice([frame]);
    else this.#giveToDevice(frame);
  }

  #giveToDevice(frame: unknown): void {
    if (this.#isOver || this.#isHalfOpen || !this.#isDeviceAlive()) return;
    this.#options.deviceProcess.task("frame", () => this.#options.handlers.onFrame(frame));
  }

  #sendToServer(frame: unknown): void {
    if (this.#isOver) return;
    const { fates, weather, serverProcess, partitions } = this.#options;
    const now = serverProcess.kernel.now();
    const arrivesAt = Math.max(now + fates.nextLatencyToServerMs(weather()), this.#lastToServerAt);
    this.#lastToServerAt = arrivesAt;
    this.#later("frame", arrivesAt - now, () => {
      if (this.#isOver || this.#isHalfOpen || !this.#isServerAlive()) return;
      if (partitions.verdict(this.device, "to-server") !== "pass") {
        this.halfOpen();
        return;
      }
      const session = this.#session;
      if (session !== undefined) serverProcess.task("frame", () => session.onFrame(frame));
    });
  }

  #ping(): void {
    const { fates, weather, serverProcess, partitions } = this.#options;
    this.#later("ping", fates.nextPingMs(weather()), () => {
      if (this.#isOver || this.#isHalfOpen || !this.#isDeviceAlive() || !this.#isServerAlive()) return;
      if (partitions.verdict(this.device, "to-server") !== "pass") return;
      if (partitions.verdict(this.device, "to-device") !== "pass") return;
      const session = this.#session;
      if (session !== undefined) serverProcess.task("pong", () => session.onPong());
    });
  }

  #closeByServer(code: number): void {
    if (this.#isOver) return;
    if (this.#isHalfOpen) {
      this.end();
      return;
    }
    const { serverProcess } = this.#options;
    const afterMs = Math.max(0, this.#lastToDeviceAt - serverProcess.kernel.now());
    this.#later("close", afterMs + 1, () => {
      this.#tellDevice(code);
      this.#tellServer();
      this.end();
    });
  }

  #closeByDevice(): void {
    if (this.#isOver) return;
    this.#tellServer();
    this.end();
  }

  #tellDevice(code: number): void {
    const { deviceProcess, handlers } = this.#options;
    if (!this.#isDeviceOpen || !this.#isDeviceAlive()) return;
    deviceProcess.scheduleOwn(1, "close", () => {
      deviceProcess.task("close", () => handlers.onClose(code));
    });
  }

  #tellServer(): void {
    const { serverProcess } = this.#options;
    const session = this.#session;
    if (session === undefined || !this.#isServerAlive()) return;
    serverProcess.scheduleOwn(1, "close", () => {
      serverProcess.task("close", () => session.onClose());
    });
  }

  #later(label: string, afterMs: number, run: () => void): void {
    const { kernel } = this.#options.serverProcess;
    kernel.schedule(afterMs, 0, kernel.label(label), run);
  }

  #isDeviceAlive(): boolean {
    return this.#options.deviceProcess.epoch === this.#deviceEpoch;
  }

  #isServerAlive(): boolean {
    return this.#options.serverProcess.epoch === this.#serverEpoch;
  }
}

function ruledFrame(rule: Exclude<FrameFault, { readonly verb: "hold-frame" }>): FrameFate {
  switch (rule.verb) {
    case "drop-frame":
      return { ...plainFrame, copies: 0, fault: "frame lost" };
    case "repeat-frame":
      return { ...plainFrame, copies: 2, fault: "frame repeated" };
    case "delay-frame":
      return { ...plainFrame, extraDelayMs: rule.byMs, fault: "frame late" };
    case "replace-frame":
      return { ...plainFrame, fault: "frame replaced" };
  }
}
