// Whatever comes from either side: nothing is made up, nothing is lost, nothing hangs on an exception.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { WireConnectionInfo } from "./events.ts";
import { FaultBoard, type Gate, type Standing } from "./fault-board.ts";
import { UnparseableBytes } from "./framing.ts";
import { backendRules, flushMessage, frontendRules } from "./messages.ts";
import { Passage } from "./passage.ts";
import { message } from "./test-bed.ts";

const connection: WireConnectionInfo = {
  id: 1,
  user: "me",
  database: "it",
  applicationName: "",
  isReplication: false,
  backendProcessId: undefined,
};

interface Rig {
  readonly passage: Passage;
  readonly board: FaultBoard;
  readonly sent: { up: Buffer; down: Buffer };
  isCut: boolean;
}

function openRig(): Rig {
  const sent = { up: Buffer.alloc(0), down: Buffer.alloc(0) };
  const board = new FaultBoard();
  const rig: Rig = {
    board,
    sent,
    isCut: false,
    passage: new Passage({
      connection,
      board,
      report: () => undefined,
      ends: {
        toBackend: (bytes) => (sent.up = Buffer.concat([sent.up, bytes])),
        toFrontend: (bytes) => (sent.down = Buffer.concat([sent.down, bytes])),
        cut: async () => {
          rig.isCut = true;
          rig.passage.end();
        },
        onReleased: () => rig.passage.goOn(),
      },
    }),
  };
  return rig;
}

type Packet = readonly ["up" | "down", Buffer];

const body = fc.oneof(
  fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
  fc
    .constantFrom("BEGIN", "COMMIT", "SELECT 1", "COPY t FROM STDIN", "x\0y", "INSERT 0 1", "I", "T", "E")
    .map((text) => Buffer.from(`${text}\0`)),
);

const from = (direction: "up" | "down", types: readonly string[]) =>
  fc
    .tuple(fc.constantFrom(...types), body)
    .map(([type, bytes]): Packet => [direction, message(type, type === "Z" ? bytes.subarray(0, 1) : bytes)]);

/** Messages of types that there are, with whatever in them, in whatever order. */
const nonsense = fc.array(
  fc.oneof(
    from("up", [...Object.keys(frontendRules), ..."QQQQEEEESSSS"]),
    from("down", [...Object.keys(backendRules), ..."CCCCCZZZZZZZZ1"]),
  ),
  { maxLength: 40 },
);

const play = ({ passage }: Rig, [direction, bytes]: Packet): void => {
  if (direction === "up") passage.fromFrontend(bytes);
  else passage.fromBackend(bytes);
};

test("messages in an order that no server and no database would use pass as they came", () => {
  fc.assert(
    fc.property(nonsense, (packets) => {
      const rig = openRig();
      for (const packet of packets) play(rig, packet);
      for (const direction of ["up", "down"] as const) {
        const came = packets.flatMap(([side, bytes]) => (side === direction ? [bytes] : []));
        expect(rig.sent[direction]).toEqual(Buffer.concat(came));
      }
    }),
    { numRuns: 300 },
  );
});

test("gates in such an order hold and let go, and nothing is lost but a Flush gained", () => {
  let reached = 0;
  const gate = fc.record({
    side: fc.constantFrom("before" as const, "after" as const),
    isCut: fc.boolean(),
    at: fc.nat(2),
  });
  fc.assert(
    fc.property(nonsense, fc.array(gate, { minLength: 1, maxLength: 3 }), (packets, gates) => {
      const rig = openRig();
      const standing: Standing[] = [];
      let seen = 0;
      for (const { side, at } of gates) {
        const armed: Gate = {
          side,
          place: { statement: () => seen++ >= at },
          isAnswerLost: false,
          reached: (stands) => standing.push(stands),
          lost: () => undefined,
        };
        rig.board.arm(armed);
      }
      for (const packet of packets) play(rig, packet);
      reached += standing.length;
      if (gates[0]!.isCut) {
        void standing[0]?.cut("reset");
        expect(rig.isCut).toBe(standing.length > 0);
        return;
      }
      for (let turn = 0; turn < standing.length; turn++) standing[turn]!.release();
      rig.passage.backendEnded();
      const came = Buffer.concat(packets.flatMap(([side, bytes]) => (side === "down" ? [bytes] : [])));
      expect(rig.sent.down).toEqual(came);
      const asked = Buffer.concat(packets.flatMap(([side, bytes]) => (side === "up" ? [bytes] : [])));
      expect(withoutFlushes(asked).subarray(0, withoutFlushes(rig.sent.up).length)).toEqual(
        withoutFlushes(rig.sent.up),
      );
    }),
    { numRuns: 500 },
  );
  expect(reached).toBeGreaterThan(50);
});

const withoutFlushes = (bytes: Buffer): Buffer =>
  Buffer.from(bytes.toString("latin1").replaceAll(flushMessage.toString("latin1"), ""), "latin1");

test("random bytes pass or are refused as no message, and nothing else happens", () => {
  let refused = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom("up" as const, "down" as const), fc.uint8Array({ maxLength: 50 })), {
        maxLength: 10,
      }),
      (packets) => {
        const rig = openRig();
        try {
          for (const [direction, bytes] of packets) play(rig, [direction, Buffer.from(bytes)]);
        } catch (error) {
          expect(error).toBeInstanceOf(UnparseableBytes);
          refused++;
        }
        rig.passage.end();
      },
    ),
  );
  expect(refused).toBeGreaterThan(10);
});
