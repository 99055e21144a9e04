import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameSplitter, type FrameUnit, serverTextFrame } from "./frame-splitter.ts";

interface Frame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly payload: Uint8Array;
  readonly mask?: readonly number[] | undefined;
}

function encode({ opcode, isFinal, payload, mask }: Frame): Buffer {
  const { length } = payload;
  const head = [opcode + (isFinal ? 0x80 : 0)];
  const masked = mask === undefined ? 0 : 0x80;
  if (length < 126) head.push(masked + length);
  else head.push(masked + 126, length >> 8, length & 0xff);
  const carried = mask === undefined ? payload : payload.map((byte, index) => byte ^ mask[index % 4]!);
  return Buffer.concat([Buffer.from(head), Buffer.from(mask ?? []), carried]);
}

/** The units that come of bytes in pieces of these sizes. */
function split(bytes: Buffer, sizes: readonly number[], splitter = new FrameSplitter()): FrameUnit[] {
  const units: FrameUnit[] = [];
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    units.push(...splitter.push(bytes.subarray(at, at + size)));
    at = Math.min(bytes.length, at + size);
  }
  const rest = splitter.rest();
  return rest.length === 0 ? units : [...units, { kind: "piece", bytes: rest }];
}

const whole = (units: readonly FrameUnit[]): Buffer => Buffer.concat(units.map(({ bytes }) => bytes));
const sizes = fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 20 });
const mask = fc.option(fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)), { nil: undefined });
const control = fc.record({
  opcode: fc.constantFrom(9, 10),
  isFinal: fc.constant(true),
  payload: fc.uint8Array({ maxLength: 20 }),
  mask,
});

/** A message in one to three frames, with pings between them. */
const message = fc
  .record({
    text: fc.string({ unit: "binary", maxLength: 300 }),
    cuts: fc.uniqueArray(fc.nat(300), { maxLength: 2 }),
    controls: fc.array(control, { maxLength: 2 }),
    mask,
  })
  .map(({ text, cuts, controls, mask }) => {
    const payload = Buffer.from(text);
    const ends = [...cuts.filter((cut) => cut < payload.length).sort((a, b) => a - b), payload.length];
    const frames = ends.map((end, index): Buffer => {
      const part = payload.subarray(ends[index - 1] ?? 0, end);
      return encode({ opcode: index === 0 ? 1 : 0, isFinal: index === ends.length - 1, payload: part, mask });
    });
    const first = frames.slice(0, 1);
    const between = frames.length > 1 ? controls.map(encode) : [];
    return {
      text: payload.toString("utf8"),
      bytes: Buffer.concat([...first, ...between, ...frames.slice(1)]),
    };
  });

describe("the bytes of a direction", () => {
  test("come out as they went in, whatever they are and however they come", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 2_000 }),
        sizes,
        fc.integer({ min: 1, max: 300 }),
        (bytes, sizes, max) => {
          const given = Buffer.from(bytes);
          expect(whole(split(given, sizes, new FrameSplitter(max))).equals(given)).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("are cut at the ends of messages, fragments and the pings between them included", () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), sizes, (messages, sizes) => {
        const units = split(Buffer.concat(messages.map(({ bytes }) => bytes)), sizes);
        expect(units.map(({ kind, text, bytes }) => ({ kind, text, bytes: bytes.toString("hex") }))).toEqual(
          messages.map(({ text, bytes }) => ({ kind: "message", text, bytes: bytes.toString("hex") })),
        );
      }),
      { numRuns: 500 },
    );
  });

  test("show control frames and closes by themselves, and binary messages without a text", () => {
    const frames = [
      encode({ opcode: 9, isFinal: true, payload: Buffer.from("ping") }),
      encode({ opcode: 2, isFinal: true, payload: Buffer.from("bytes") }),
      encode({ opcode: 8, isFinal: true, payload: Buffer.from([3, 232]) }),
    ];
    const units = split(Buffer.concat(frames), [3]);
    expect(units.map(({ kind, text }) => [kind, text])).toEqual([
      ["control", undefined],
      ["message", undefined],
      ["close", undefined],
    ]);
  });

  test("of a message that is too long pass as they come, and the next message is one again", () => {
    const splitter = new FrameSplitter(100);
    const long = [
      encode({ opcode: 1, isFinal: false, payload: Buffer.alloc(60) }),
      encode({ opcode: 0, isFinal: false, payload: Buffer.alloc(60) }),
      encode({ opcode: 0, isFinal: true, payload: Buffer.alloc(10) }),
    ];
    expect(splitter.push(long[0]!)).toEqual([]);
    const passed = [...splitter.push(long[1]!), ...splitter.push(long[2]!)];
    expect(new Set(passed.map(({ kind }) => kind))).toEqual(new Set(["piece"]));
    expect(whole(passed).equals(Buffer.concat(long))).toBe(true);
    expect(splitter.push(serverTextFrame("next"))).toMatchObject([{ kind: "message", text: "next" }]);
  });

  test("of a frame that claims to be longer than any memory are not kept", () => {
    const splitter = new FrameSplitter();
    const claim = Buffer.from([0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    expect(whole(splitter.push(claim)).equals(claim)).toBe(true);
    const block = Buffer.alloc(10_000);
    expect(whole(splitter.push(block)).equals(block)).toBe(true);
    expect(splitter.rest()).toHaveLength(0);
  });
});

test.each([0, 1, 125, 126, 65_535, 65_536])(
  "a text of %i bytes in the place of another is read as such",
  (size) => {
    const text = "x".repeat(size);
    expect(new FrameSplitter().push(serverTextFrame(text))).toMatchObject([{ kind: "message", text }]);
  },
);
