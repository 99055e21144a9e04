import fc from "fast-check";
import { expect, test } from "vitest";
import { type FrameRules, Framing, UnparseableBytes } from "./framing.ts";

const rules: FrameRules = {
  a: { headMax: 4, lengthMax: 1_000 },
  b: { headMax: 0, lengthMax: 4 },
  x: { headMax: undefined, lengthMax: 1_000 },
};

const message = (type: string, body: Buffer): Buffer => {
  const header = Buffer.alloc(5);
  header.write(type);
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
};

const anyMessage = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((body) => message("a", Buffer.from(body))),
  fc.constant(message("b", Buffer.alloc(0))),
  fc.uint8Array({ maxLength: 40 }).map((body) => message("x", Buffer.from(body))),
);

/** Bytes in pieces as a network might deliver them. */
const splitAt = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, place) => bytes.subarray(places[place]!, end));
};

const drain = (framing: Framing, seen: string[]): Buffer => {
  for (let frame = framing.peek(); frame !== undefined; frame = framing.peek()) {
    seen.push(`${frame.type} ${frame.head.toString("hex")} ${frame.isWhole}`);
    framing.pass();
  }
  return framing.take();
};

test("however bytes are split, they go on as they came and are seen as the same messages", () => {
  fc.assert(
    fc.property(
      fc.array(anyMessage, { maxLength: 12 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      (messages, cuts) => {
        const bytes = Buffer.concat(messages);
        const whole: string[] = [];
        const split: string[] = [];
        const one = new Framing(rules);
        one.feed(bytes);
        expect(drain(one, whole)).toEqual(bytes);
        const many = new Framing(rules);
        const out = splitAt(bytes, cuts).map((piece) => {
          many.feed(piece);
          return drain(many, split);
        });
        expect(Buffer.concat(out)).toEqual(bytes);
        expect(split).toEqual(whole);
        expect(many.waiting).toBe(0);
      },
    ),
  );
});

test("a message that is looked at and not let go stays, and nothing behind it goes", () => {
  const framing = new Framing(rules);
  const [first, second] = [message("x", Buffer.from("123")), message("a", Buffer.from("456"))];
  framing.feed(Buffer.concat([first, second]));
  expect(framing.peek()).toMatchObject({ type: "a" });
  expect(framing.take()).toEqual(first);
  framing.feed(first);
  expect(framing.peek()).toMatchObject({ type: "a" });
  expect(framing.take()).toHaveLength(0);
  expect(framing.waiting).toBe(second.length + first.length);
  framing.pass();
  expect(framing.peek()).toBeUndefined();
  expect(framing.take()).toEqual(Buffer.concat([second, first]));
});

test("the body of a message that goes on is not kept", () => {
  const framing = new Framing({ x: { headMax: undefined, lengthMax: 0x3fff_ffff } });
  const header = Buffer.from([0x78, 0x3f, 0xff, 0xff, 0xff]);
  const chunk = Buffer.alloc(65_536);
  framing.feed(header);
  for (let sent = 0; sent < 100; sent++) {
    framing.peek();
    framing.take();
    expect(framing.waiting).toBe(0);
    framing.feed(chunk);
  }
});

test.each([
  [
    "an unknown type",
    Buffer.from([0x7a, 0, 0, 0, 4]),
    /type 122 'z' and length 4, expected a type of the protocol/u,
  ],
  [
    "a length that does not count itself",
    Buffer.from([0x61, 0, 0, 0, 3]),
    /length 3, expected a length from 4 to 1000/u,
  ],
  ["a negative length", Buffer.from([0x61, 0xff, 0, 0, 0]), /expected a length from 4/u],
  [
    "a length beyond the largest",
    Buffer.from([0x62, 0, 0, 0, 5]),
    /length 5, expected a length from 4 to 4/u,
  ],
])("%s is refused as soon as it is seen", (_case, bytes, message) => {
  const framing = new Framing(rules);
  framing.feed(bytes);
  expect(() => framing.peek()).toThrow(UnparseableBytes);
  expect(() => framing.peek()).toThrow(message);
});
