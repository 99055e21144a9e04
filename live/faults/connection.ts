// One live socket of a device, with a real one underneath. Frames pass the scenario's rules on their way to the device;
// either end may vanish without the other noticing.
// Leaves out: below the frames the two ends still talk. The pings of a server are answered over a half-open socket too,
// because the answer is given by the WebSocket library and not by the device.
import type { FaultRules } from "../../scenarios/format/fault-rules.ts";
import type { Life } from "./life.ts";
import type { DeviceSocket, SocketHandlers } from "./wire.ts";

export interface ConnectionOptions {
  readonly device: string;
  readonly life: Life;
  readonly handlers: SocketHandlers;
  readonly rules: FaultRules;
  /** Keeps a message until the device's partition heals. */
  readonly holdUntilHeal: (deliver: () => void) => void;
  readonly onFault: (kind: string) => void;
  readonly onEnd: () => void;
}

/** The code that a peer reads when a connection ended without a close frame.  Source: RFC 6455, section 7.1.5. */
const abnormalClosure = 1006;

export class Connection {
  readonly device: string;
  /** What the device holds. */
  readonly deviceSide: DeviceSocket;
  readonly #options: ConnectionOptions;
  readonly #lifeEnd: { cancel(): void };
  #socket: DeviceSocket | undefined;
  #isOver = false;
  #isHalfOpen = false;
  #held: unknown[] = [];

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.device = options.device;
    this.deviceSide = { send: (frame) => this.#send(frame), close: () => this.#end() };
    // A device that dies takes its end of the socket along.
    this.#lifeEnd = options.life.onEnd(() => this.#end());
  }

  /** The real socket is open. */
  opened(socket: DeviceSocket): void {
    this.#socket = socket;
    if (this.#isOver) socket.close();
  }

  /** What the real socket tells. */
  readonly handlers: SocketHandlers = {
    onFrame: (frame) => this.#receive(frame),
    onClose: (code) => {
      if (this.#isOver || this.#isHalfOpen) return;
      this.#end();
      this.#options.handlers.onClose(code);
    },
  };

  /** Both ends learn that the connection is gone. */
  cut(): void {
    if (this.#isOver) return;
    this.#end();
    this.#options.handlers.onClose(abnormalClosure);
  }

  /** Nothing passes any more and nobody is told. */
  halfOpen(): void {
    this.#isHalfOpen = true;
  }

  /** What `hold-frames` kept comes, in order. */
  releaseFrames(): void {
    const held = this.#held;
    this.#held = [];
    for (const frame of held) this.#deliver(frame);
  }

  /** The faults are over: what was held comes, and a half-open connection is found out. */
  calm(): void {
    this.releaseFrames();
    if (this.#isHalfOpen) this.cut();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#lifeEnd.cancel();
    this.#socket?.close();
    this.#options.onEnd();
  }

  #receive(frame: unknown): void {
    if (this.#isOver || this.#isHalfOpen) return;
    const { rules, device, onFault, life } = { ...this.#options, device: this.device };
    const fault = rules.forFrame(device, frame);
    switch (fault?.verb) {
      case undefined:
        this.#pass(frame);
        break;
      case "drop-frame":
        onFault("frame lost");
        break;
      case "repeat-frame":
        onFault("frame repeated");
        this.#pass(frame);
        this.#pass(frame);
        break;
      case "delay-frame":
        onFault("frame late");
        life.after(fault.byMs, () => this.#pass(frame));
        break;
      case "replace-frame":
        onFault("frame replaced");
        this.#pass(fault.frame);
        break;
      case "hold-frame":
        onFault("frame held");
        this.#held.push(frame);
        break;
    }
  }

  #pass(frame: unknown): void {
    const partition = this.#options.rules.partitionOf(this.device);
    if (partition === undefined || partition.direction === "to-server") this.#deliver(frame);
    else if (partition.inFlight === "hold") {
      this.#options.onFault("frame held");
      this.#options.holdUntilHeal(() => this.#deliver(frame));
    } else {
      // Bytes that never arrive end a stream sooner or later: what follows is not delivered either.
      this.#options.onFault("socket half-open");
      this.halfOpen();
    }
  }

  #deliver(frame: unknown): void {
    if (!this.#isOver && !this.#isHalfOpen) this.#options.handlers.onFrame(frame);
  }

  #send(frame: unknown): void {
    if (this.#isOver || this.#isHalfOpen) return;
    const partition = this.#options.rules.partitionOf(this.device);
    if (partition === undefined || partition.direction === "to-device") this.#socket?.send(frame);
    else this.halfOpen();
  }
}
