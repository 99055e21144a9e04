// The bytes of one direction of a WebSocket, cut where its messages end. No byte is lost, added or moved: what comes out,
// put together again, is what went in, also where it is no WebSocket at all. So a server under test sees exactly what a
// broken client sent, and the other way round.
// Leaves out: the rules of the protocol (masks, reserved bits, UTF-8, lengths). They are the two ends' to enforce.
// Source: RFC 6455, section 5.2.

export interface FrameUnit {
  /** `message`: all frames of one message, and the control frames between them. `close`, `control`: one such frame
   *  between messages. `piece`: a part of what is too long to be held whole, or cannot be told. */
  readonly kind: "message" | "close" | "control" | "piece";
  /** As they came. */
  readonly bytes: Buffer;
  /** What a text message says; absent for anything else. */
  readonly text?: string;
}

/** A longer message passes in pieces, and no rule can strike it.  Units: bytes. */
const messageBytesMax = 4 * 1_048_576;

interface Header {
  readonly isFinal: boolean;
  readonly opcode: number;
  readonly mask: Buffer | undefined;
  /** Of the header itself. */
  readonly size: number;
  readonly payloadSize: number;
}

const opcodes = { text: 1, firstControl: 8, close: 8 } as const;

export class FrameSplitter {
  readonly #bytesMax: number;
  #pending: Buffer = Buffer.alloc(0);
  /** Whole frames of the message under way end here. */
  #scanned = 0;
  #payloads: Buffer[] = [];
  #isText = false;
  #isInMessage = false;
  /** Bytes of a long frame that are still to pass. */
  #passing = 0;
  /** The frames to come still belong to a message that passes in pieces. */
  #isInPieces = false;

  constructor(bytesMax: number = messageBytesMax) {
    this.#bytesMax = bytesMax;
  }

  /** What these bytes complete, in order. */
  push(chunk: Buffer): readonly FrameUnit[] {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const units: FrameUnit[] = [];
    for (let unit = this.#next(); unit !== undefined; unit = this.#next()) units.push(unit);
    return units;
  }

  /** What is left at the end of the stream: the beginning of something that never ended. */
  rest(): Buffer {
    const rest = this.#pending;
    this.#pending = Buffer.alloc(0);
    return rest;
  }

  #next(): FrameUnit | undefined {
    if (this.#passing > 0) return this.#pass();
    for (;;) {
      const header = readHeader(this.#pending, this.#scanned);
      if (header === undefined) return undefined;
      const end = this.#scanned + header.size + header.payloadSize;
      if (this.#isInPieces || end > this.#bytesMax) return this.#beginPieces(header);
      if (this.#pending.length < end) return undefined;
      const isControl = header.opcode >= opcodes.firstControl;
      if (!isControl) this.#addPayload(header, end);
      this.#scanned = end;
      if (isControl && !this.#isInMessage) {
        return { kind: header.opcode === opcodes.close ? "close" : "control", bytes: this.#take(end) };
      }
      if (!isControl && header.isFinal) return this.#endMessage(end);
    }
  }

  #addPayload(header: Header, end: number): void {
    if (!this.#isInMessage) this.#isText = header.opcode === opcodes.text;
    this.#isInMessage = true;
    this.#payloads.push(unmasked(this.#pending.subarray(end - header.payloadSize, end), header.mask));
  }

  #endMessage(end: number): FrameUnit {
    const text = this.#isText ? Buffer.concat(this.#payloads).toString("utf8") : undefined;
    this.#forgetMessage();
    return { kind: "message", bytes: this.#take(end), ...(text === undefined ? {} : { text }) };
  }

  #beginPieces({ opcode, isFinal, size, payloadSize }: Header): FrameUnit {
    if (opcode < opcodes.firstControl) this.#isInPieces = !isFinal;
    else this.#isInPieces ||= this.#isInMessage;
    this.#passing = payloadSize;
    const bytes = this.#take(this.#scanned + size);
    this.#forgetMessage();
    return { kind: "piece", bytes };
  }

  #pass(): FrameUnit | undefined {
    if (this.#pending.length === 0) return undefined;
    const bytes = this.#take(Math.min(this.#passing, this.#pending.length));
    this.#passing -= bytes.length;
    return { kind: "piece", bytes };
  }

  #take(size: number): Buffer {
    const bytes = this.#pending.subarray(0, size);
    this.#pending = this.#pending.subarray(size);
    this.#scanned = 0;
    return bytes;
  }

  #forgetMessage(): void {
    this.#payloads = [];
    this.#isInMessage = false;
  }
}

/** A text message in one frame, as a server sends it: not masked. */
export function serverTextFrame(text: string): Buffer {
  const payload = Buffer.from(text, "utf8");
  const { length } = payload;
  const finalText = 0x81;
  if (length < 126) return Buffer.concat([Buffer.from([finalText, length]), payload]);
  const isShort = length < 65_536;
  const header = Buffer.alloc(isShort ? 4 : 10);
  header[0] = finalText;
  header[1] = isShort ? 126 : 127;
  if (isShort) header.writeUInt16BE(length, 2);
  else header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}

function readHeader(bytes: Buffer, at: number): Header | undefined {
  if (bytes.length < at + 2) return undefined;
  const first = bytes[at]!;
  const second = bytes[at + 1]!;
  const isMasked = second >= 0x80;
  const shortSize = second % 0x80;
  const lengthSize = shortSize === 127 ? 8 : shortSize === 126 ? 2 : 0;
  const size = 2 + lengthSize + (isMasked ? 4 : 0);
  if (bytes.length < at + size) return undefined;
  let payloadSize = shortSize;
  if (lengthSize === 2) payloadSize = bytes.readUInt16BE(at + 2);
  if (lengthSize === 8) payloadSize = Number(bytes.readBigUInt64BE(at + 2));
  const mask = isMasked ? bytes.subarray(at + size - 4, at + size) : undefined;
  return { isFinal: first >= 0x80, opcode: first % 0x10, mask, size, payloadSize };
}

function unmasked(payload: Buffer, mask: Buffer | undefined): Buffer {
  if (mask === undefined) return payload;
  const plain = Buffer.from(payload);
  for (let index = 0; index < plain.length; index++) plain[index]! ^= mask[index % 4]!;
  return plain;
}
