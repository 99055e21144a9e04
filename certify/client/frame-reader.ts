// Reads the frames that pass through a tunnel, both ways, without touching them.
import { FrameSplitter, type FrameUnit } from "../../live/faults/http-proxy/frame-splitter.ts";
import type { SocketHearing } from "./gateway.ts";

export class FrameReader {
  readonly #hear: SocketHearing;
  readonly #client = new FrameSplitter();
  readonly #server = new FrameSplitter();
  #isOver = false;

  constructor(hear: SocketHearing) {
    this.#hear = hear;
  }

  fromClient(chunk: Buffer): void {
    for (const unit of this.#client.push(chunk)) this.#take(unit, (frame) => this.#hear.onClientFrame(frame));
  }

  fromServer(chunk: Buffer): void {
    for (const unit of this.#server.push(chunk)) this.#take(unit, (frame) => this.#hear.onServerFrame(frame));
  }

  /** The tunnel is gone. */
  end(): void {
    this.#close(undefined);
  }

  #take({ kind, text, bytes }: FrameUnit, hear: (frame: unknown) => void): void {
    if (this.#isOver || kind === "control" || kind === "piece") return;
    if (kind === "close") this.#close(closeCode(bytes));
    else hear(text === undefined ? undefined : parsed(text));
  }

  #close(code: number | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#hear.onClose(code);
  }
}

/** 1005 where the frame names none.  Source: RFC 6455, sections 5.2, 5.5.1 and 7.1.5. */
function closeCode(bytes: Buffer): number {
  const isMasked = (bytes[1]! & 0x80) !== 0;
  const size = bytes[1]! & 0x7f;
  if (size < 2) return 1005;
  const [first, second] = isMasked ? [bytes[6]! ^ bytes[2]!, bytes[7]! ^ bytes[3]!] : [bytes[2]!, bytes[3]!];
  return first * 256 + second;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
