// One live socket through the proxy. Every byte passes unchanged, handshake, pings, pongs and closes included, so that
// each end talks with the other and not with the proxy: what is half open here is half open for them too. Messages to
// the device pass the scenario's rules.
// The end of a connection passes a partition, as in the simulation: what a partition stops are messages.
import type { Socket } from "node:net";
import type { FrameFate } from "../../../actors/network-accidents.ts";
import type { FaultRules } from "../../../scenarios/format/fault-rules.ts";
import { Life } from "../life.ts";
import { FrameSplitter, type FrameUnit, serverTextFrame } from "./frame-splitter.ts";
import { resetSocket } from "./sockets.ts";
import type { Ways } from "./ways.ts";
import type { WireTap } from "./wire-tap.ts";

export interface TunnelOptions {
  readonly device: string;
  readonly client: Socket;
  readonly server: Socket;
  readonly rules: FaultRules;
  readonly ways: Ways;
  /** What chance does to the next message to the device; a rule goes before it. */
  readonly accidentToFrame: () => FrameFate | undefined;
  readonly onFault: (kind: string) => void;
  /** Both sockets are closed. */
  readonly onOver: () => void;
  readonly tap?: WireTap | undefined;
}

/** More than this is not held for a device: the server is made to wait instead.  Units: bytes. */
const heldBytesMax = 64 * 1_048_576;
/** How long one end may take to close after the other has.  Units: milliseconds. */
const lingerMs = 10_000;

export class Tunnel {
  readonly device: string;
  readonly #options: TunnelOptions;
  /** Timers of frames that are late. */
  readonly #life = new Life();
  readonly #toDevice = new FrameSplitter();
  readonly #toServer = new FrameSplitter();
  #isHalfOpen = false;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #open = 2;

  constructor(options: TunnelOptions) {
    this.#options = options;
    this.device = options.device;
    const { client, server } = options;
    this.#watch(client, server, this.#toServer, (unit) => this.#fromClient(unit));
    this.#watch(server, client, this.#toDevice, (unit) => this.#fromServer(unit));
  }

  /** What came behind the two halves of the handshake. */
  begin(early: { readonly fromClient: Buffer; readonly fromServer: Buffer }): void {
    if (early.fromServer.length > 0) this.#options.server.unshift(early.fromServer);
    if (early.fromClient.length > 0) this.#options.client.unshift(early.fromClient);
    this.#options.server.resume();
    this.#options.client.resume();
  }

  /** Both ends learn that the connection is gone, and nothing else. */
  cut(): void {
    this.#life.end();
    this.#options.client.destroy();
    this.#options.server.destroy();
  }

  /** Nothing passes any more and nobody is told, not even of the end of the other. */
  halfOpen(): void {
    this.#isHalfOpen = true;
    this.#options.client.resume();
    this.#options.server.resume();
  }

  /** What `hold-frames` kept comes in a burst, in order. */
  releaseFrames(): void {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const bytes of held) this.#deliver(bytes);
    this.#options.server.resume();
  }

  /** The faults are over: what was held comes, and a half-open connection is found out. */
  calm(): void {
    this.releaseFrames();
    if (this.#isHalfOpen) this.cut();
  }

  #watch(from: Socket, to: Socket, splitter: FrameSplitter, take: (unit: FrameUnit) => void): void {
    from.setTimeout(0);
    from.setNoDelay(true);
    from.on("data", (chunk: Buffer) => {
      if (this.#isHalfOpen) return;
      for (const unit of splitter.push(chunk)) take(unit);
    });
    from.on("end", () => {
      if (this.#isHalfOpen) {
        from.destroy();
        return;
      }
      const rest = splitter.rest();
      if (rest.length > 0) take({ kind: "piece", bytes: rest });
      if (!this.#isHalfOpen) to.end();
    });
    let hasFailed = false;
    from.on("error", () => {
      hasFailed = true;
    });
    from.once("close", () => {
      if (!this.#isHalfOpen) this.#follow(to, hasFailed);
      this.#open--;
      if (this.#open > 0) return;
      this.#life.end();
      this.#options.onOver();
    });
  }

  /** One socket is closed; the other closes the same way, after the bytes that are still to be written. */
  #follow(other: Socket, hasFailed: boolean): void {
    if (other.destroyed) return;
    if (hasFailed) {
      resetSocket(other);
      return;
    }
    other.end();
    this.#life.after(lingerMs, () => other.destroy());
  }

  #fromClient({ kind, bytes, text }: FrameUnit): void {
    if (this.#isHalfOpen) return;
    const { ways, device, server, client, tap } = this.#options;
    if (kind === "close" || ways.verdict(device, "to-server") === "pass") {
      if (kind === "message") tap?.frame({ device, direction: "to-server", text });
      if (kind === "close") tap?.frame({ device, direction: "to-server", isClose: true });
      writeOn(client, server, bytes);
    } else if (kind !== "control") {
      // Bytes that never arrive end a stream sooner or later; a ping or a pong alone is not missed.
      this.halfOpen();
    }
  }

  #fromServer({ kind, bytes, text }: FrameUnit): void {
    if (this.#isHalfOpen) return;
    const { ways, device, server, client, tap } = this.#options;
    switch (kind) {
      case "message":
        tap?.frame({ device, direction: "to-device", text });
        this.#befall(bytes, text);
        break;
      case "close":
        tap?.frame({ device, direction: "to-device", isClose: true, closeCode: closeCodeOf(bytes) });
        writeOn(server, client, bytes);
        break;
      case "control":
        if (ways.verdict(device, "to-device") === "pass") writeOn(server, client, bytes);
        break;
      case "piece":
        this.#pass(bytes);
    }
  }

  #befall(bytes: Buffer, text: string | undefined): void {
    const { rules, device, onFault, accidentToFrame } = this.#options;
    const accident = accidentToFrame();
    const fault = rules.forFrame(device, parse(text));
    switch (fault?.verb) {
      case undefined:
        if (accident === undefined) this.#pass(bytes);
        else this.#suffer(accident, bytes);
        break;
      case "drop-frame":
        onFault("frame lost");
        break;
      case "repeat-frame":
        onFault("frame repeated");
        this.#pass(bytes);
        this.#pass(bytes);
        break;
      case "delay-frame":
        onFault("frame late");
        this.#life.after(fault.byMs, () => this.#pass(bytes));
        break;
      case "replace-frame":
        onFault("frame replaced");
        this.#pass(serverTextFrame(JSON.stringify(fault.frame)));
        break;
      case "hold-frame":
        onFault("frame held");
        this.#hold(bytes);
        break;
    }
  }

  #suffer({ fault, ending, copies, extraDelayMs }: FrameFate, bytes: Buffer): void {
    if (fault !== undefined) this.#options.onFault(fault);
    if (ending === "cut") this.cut();
    if (ending === "half-open") this.halfOpen();
    for (let copy = 0; copy < copies; copy++) {
      if (extraDelayMs === 0) this.#pass(bytes);
      else this.#life.after(extraDelayMs, () => this.#pass(bytes));
    }
  }

  #hold(bytes: Buffer): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > heldBytesMax) this.#options.server.pause();
  }

  #pass(bytes: Buffer): void {
    if (this.#isHalfOpen) return;
    const { ways, device, onFault } = this.#options;
    switch (ways.verdict(device, "to-device")) {
      case "pass":
        this.#deliver(bytes);
        break;
      case "hold":
        onFault("frame held");
        ways.hold(device, () => this.#deliver(bytes));
        break;
      case "drop":
        onFault("socket half-open");
        this.halfOpen();
    }
  }

  #deliver(bytes: Buffer): void {
    if (!this.#isHalfOpen) writeOn(this.#options.server, this.#options.client, bytes);
  }
}

/** What a server's close says: not masked, so the code stands behind two bytes.  Source: RFC 6455, section 5.5.1. */
const closeCodeOf = (bytes: Buffer): number | undefined =>
  bytes.length < 4 ? undefined : bytes.readUInt16BE(2);

/** Writes, and makes the sender wait while the receiver does not keep up. */
function writeOn(from: Socket, to: Socket, bytes: Buffer): void {
  if (!to.writable || to.write(bytes) || from.isPaused()) return;
  from.pause();
  to.once("drain", () => from.resume());
}

function parse(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
