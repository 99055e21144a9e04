import fc from "fast-check";
import { expect, test } from "vitest";
import { StartupReader } from "./startup.ts";

const packet = (code: number, body = ""): Buffer => {
  const bytes = Buffer.alloc(8 + Buffer.byteLength(body));
  bytes.writeInt32BE(bytes.length, 0);
  bytes.writeInt32BE(code, 4);
  bytes.write(body, 8);
  return bytes;
};

const read = (...packets: readonly Buffer[]) => {
  const reader = new StartupReader();
  for (const bytes of packets) reader.feed(bytes);
  return reader;
};

test("encryption is refused in both its kinds, and the startup comes behind", () => {
  const reader = read(
    packet(80_877_104),
    packet(80_877_103),
    packet(196_608, "user\0me\0database\0it\0\0"),
    Buffer.from("rest"),
  );
  expect(reader.next()).toEqual({ kind: "refuse encryption" });
  expect(reader.next()).toEqual({ kind: "refuse encryption" });
  expect(reader.next()).toMatchObject({
    kind: "startup",
    parameters: new Map([
      ["user", "me"],
      ["database", "it"],
    ]),
  });
  expect(reader.rest.toString()).toBe("rest");
});

test("protocol 3.2 is a startup too, 2.0 and 4.0 are not spoken", () => {
  expect(read(packet(196_610, "user\0me\0\0")).next()).toMatchObject({ kind: "startup" });
  expect(read(packet(2 << 16)).next()).toEqual({ kind: "unsupported", version: "2.0" });
  expect(read(packet((4 << 16) + 1)).next()).toEqual({ kind: "unsupported", version: "4.1" });
});

test("a cancel request may have a key of any length", () => {
  const long = packet(80_877_102, `1234${"k".repeat(256)}`);
  expect(read(long).next()).toEqual({ kind: "cancel", packet: long });
});

test.each([
  ["a browser", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
  ["TLS without asking", Buffer.from([0x16, 3, 1, 2, 0, 1])],
  ["a length that is too short", Buffer.from([0, 0, 0, 7])],
  ["a length beyond the largest", Buffer.from([0, 0, 0x27, 0x11])],
  ["asking for encryption for ever", Buffer.concat([1, 2, 3].map(() => packet(80_877_103)))],
])("%s is strange", (_case, bytes) => {
  const reader = read(bytes);
  let step = reader.next();
  while (step.kind === "refuse encryption") step = reader.next();
  expect(step).toMatchObject({ kind: "strange" });
});

test("random bytes, in random pieces, come to an end", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 })), (pieces) => {
      const reader = new StartupReader();
      for (const piece of pieces) {
        reader.feed(Buffer.from(piece));
        for (let steps = 0, step = reader.next(); step.kind !== "incomplete"; step = reader.next()) {
          expect(++steps).toBeLessThan(1_000);
          if (step.kind === "strange") return;
        }
      }
    }),
  );
});
