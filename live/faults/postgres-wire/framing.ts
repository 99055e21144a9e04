// Cuts one direction of a connection into messages without taking it apart: only a message's type, its length and as much
// of its beginning as somebody reads are looked at, and the bytes go on as they came. A value of a gigabyte passes in
// the chunks in which it arrives; what is kept is never more than the beginning of one message.
// Source: PostgreSQL manual, "Message Formats": a type byte, then a length that counts itself and the rest.

/** The beginning of one message. */
export interface Frame {
  /** The letter that says what it is. */
  readonly type: string;
  /** What follows the length, as far as the rule of its type asks for it. */
  readonly head: Buffer;
  /** Says whether `head` is the whole of it. */
  readonly isWhole: boolean;
}

/** What is known about a type of message. */
export interface FrameRule {
  /** How much of the message is read, the length not counted; `undefined`: it passes without being looked at. */
  readonly headMax: number | undefined;
  /** The largest length that is lawful, itself counted. */
  readonly lengthMax: number;
}

export type FrameRules = Readonly<Record<string, FrameRule>>;

/** Bytes that are no message of this protocol. */
export class UnparseableBytes extends Error {
  override readonly name = "UnparseableBytes";
  readonly code = "unparseable_bytes";
}

const headerLength = 5;
const noBytes: Buffer = Buffer.alloc(0);

interface CodeRule extends FrameRule {
  readonly type: string;
}

/** `feed` what has come, look at the next message with `peek`, let it go with `pass`, and send on what `take` gives. */
export class Framing {
  readonly #rules: readonly (CodeRule | undefined)[];
  /** Contiguous bytes: up to `#taken` they have gone, up to `#passed` they may go. */
  #buffer = noBytes;
  #taken = 0;
  #passed = 0;
  /** Bytes of a message that was let go, which are still to come. */
  #rest = 0;
  /** What came after `#buffer`; joined to it only when enough is there to get on. */
  #pieces: Buffer[] = [];
  #piecesLength = 0;
  #frame: Frame | undefined;
  #frameLength = 0;

  constructor(rules: FrameRules) {
    const byCode: (CodeRule | undefined)[] = Array.from({ length: 256 }, () => undefined);
    for (const [type, rule] of Object.entries(rules)) byCode[type.charCodeAt(0)] = { ...rule, type };
    this.#rules = byCode;
  }

  /** Bytes that have come and have not been taken. */
  get waiting(): number {
    return this.#buffer.length - this.#taken + this.#piecesLength;
  }

  feed(chunk: Buffer): void {
    if (this.#taken === this.#buffer.length && this.#pieces.length === 0) {
      this.#buffer = chunk;
      this.#taken = 0;
      this.#passed = 0;
    } else {
      this.#pieces.push(chunk);
      this.#piecesLength += chunk.length;
    }
  }

  /** The next message that has a rule to be read, or `undefined` until more has come. Those without are let go.
   *  Errors: `UnparseableBytes`. */
  peek(): Frame | undefined {
    while (this.#frame === undefined) {
      if (this.#rest > 0) {
        this.#passRest();
        if (this.#rest > 0) return undefined;
      }
      if (!this.#has(headerLength)) return undefined;
      const code = this.#buffer[this.#passed]!;
      const length = this.#buffer.readInt32BE(this.#passed + 1);
      const rule = this.#rules[code];
      if (rule === undefined || length < 4 || length > rule.lengthMax) throw unparseable(code, length, rule);
      this.#frameLength = length + 1;
      if (rule.headMax === undefined) {
        this.#rest = this.#frameLength;
        continue;
      }
      const headLength = Math.min(length - 4, rule.headMax);
      if (!this.#has(headerLength + headLength)) return undefined;
      const start = this.#passed + headerLength;
      const head = headLength === 0 ? noBytes : this.#buffer.subarray(start, start + headLength);
      this.#frame = { type: rule.type, head, isWhole: headLength === length - 4 };
    }
    return this.#frame;
  }

  /** Lets the message go that was looked at. */
  pass(): void {
    this.#frame = undefined;
    this.#rest = this.#frameLength;
    this.#passRest();
  }

  /** Leaves out the message that was looked at, which must be whole. All before it must have been taken. */
  drop(): void {
    this.#frame = undefined;
    this.#passed += this.#frameLength;
    this.#taken = this.#passed;
  }

  /** The bytes that were let go since the last time, as they came. */
  take(): Buffer {
    if (this.#passed === this.#taken) return noBytes;
    const bytes = this.#buffer.subarray(this.#taken, this.#passed);
    this.#taken = this.#passed;
    return bytes;
  }

  #passRest(): void {
    if (this.#rest > this.#buffer.length - this.#passed) this.#join();
    const here = Math.min(this.#rest, this.#buffer.length - this.#passed);
    this.#passed += here;
    this.#rest -= here;
  }

  #has(length: number): boolean {
    const here = this.#buffer.length - this.#passed;
    if (here >= length) return true;
    if (here + this.#piecesLength < length) return false;
    this.#join();
    return true;
  }

  #join(): void {
    if (this.#pieces.length === 0) return;
    this.#buffer = Buffer.concat([this.#buffer.subarray(this.#taken), ...this.#pieces]);
    this.#passed -= this.#taken;
    this.#taken = 0;
    this.#pieces = [];
    this.#piecesLength = 0;
  }
}

function unparseable(code: number, length: number, rule: CodeRule | undefined): UnparseableBytes {
  const letter = code > 0x20 && code < 0x7f ? ` '${String.fromCharCode(code)}'` : "";
  const seen = `a message of type ${code}${letter} and length ${length}`;
  const expected = rule === undefined ? "a type of the protocol" : `a length from 4 to ${rule.lengthMax}`;
  return new UnparseableBytes(`seen ${seen}, expected ${expected}`);
}
