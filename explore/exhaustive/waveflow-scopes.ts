// WaveFlow in small scopes: every device edits the same field, pushes, pulls and acknowledges. The table of statements is
// that of the `Transaction` port; a row of a device's own is an object of its own.
import { waveflowLaws } from "../../invariants/waveflow/index.ts";
import { waveflowSim } from "../../sim/waveflow/binding.ts";
import type { ScopeProtocol, StatementTouch, TouchingStatement } from "./scope-protocol.ts";

export const waveflowScopes: ScopeProtocol = {
  sim: waveflowSim,
  laws: waveflowLaws,

  programOf: (device, edits) => [
    ...Array.from({ length: edits }, (_, at) => ({
      verb: "edit",
      args: { entityType: "song", entityId: "1", edits: [{ field: "title", value: `${device} ${at + 1}` }] },
    })),
    { verb: "push", args: {} },
    { verb: "pull", args: {} },
    { verb: "ack", args: {} },
  ],

  requestsPerProgram: 3,

  // One for each edit, for the answer to the push, for the page, and for the answer to the ACK.
  commitsPerProgram: (edits) => edits + 3,

  touch,

  // The buffer of acknowledgements: an ACK enters it after its commit, a compaction reads it before its first read under
  // the lock and empties it after its commit.
  sharesMemory: (purpose, statement) =>
    purpose === "ack"
      ? statement === "commit"
      : purpose === "compact" && ["highestId", "minimumCursor", "raiseCursor", "commit"].includes(statement),

  scenario: (devices) => ({
    id: "waveflow/exhaustive/scope",
    title: "A small scope, in every order",
    protocol: "waveflow/1",
    requirements: [],
    needs: [],
    devices: devices.map((name) => ({ name, user: "alice", mode: "hybrid", automatic: false, process: 1 })),
    config: { compactionIntervalMs: 0 },
    deviceConfig: {},
    trouble: {},
    processes: 1,
    steps: [],
    expect: {},
  }),
};

function touch({ purpose, statement, device = "", devices }: TouchingStatement): StatementTouch {
  const each = (name: string): readonly string[] => devices.map((one) => `${name} ${one}`);
  switch (statement) {
    case "lockUser":
      return { locks: ["user"] };
    case "findReceipts":
      return { reads: ["receipts"] };
    case "highestLamport":
      return { reads: each("stamp") };
    case "highestId":
    case "opsAfter":
    case "usersWithOps":
      return { reads: ["ops"] };
    case "takeIds":
      return { takes: ["ids"] };
    case "insertOps":
      return { writes: ["ops"], locks: [`ops of ${device}`] };
    case "insertReceipts":
      return { writes: ["receipts"], locks: [`receipts of ${device}`] };
    case "raiseDevice": {
      const own = [`contact ${device}`, ...(purpose === "push" ? [`stamp ${device}`] : [])];
      return { reads: own, writes: own, locks: [`device ${device}`] };
    }
    case "readWatermark":
      return { reads: ["watermark"] };
    case "findCursor":
      return { reads: [`cursor ${device}`] };
    case "raiseCursor": {
      // The compaction, and a flush, write the cursors of everybody.
      const rows = device === "" ? each("cursor") : [`cursor ${device}`];
      return { reads: rows, writes: rows, locks: rows.map((row) => `row ${row}`) };
    }
    case "minimumCursor":
      return { reads: [...each("cursor"), ...each("contact")] };
    case "collapse":
      return { reads: ["ops"], writes: ["ops", "receipts"], locks: each("ops of") };
    case "raiseWatermark":
      return { reads: ["watermark"], writes: ["watermark"], locks: ["watermark row"] };
    case "begin":
    case "announce":
    case "commit":
    case "rollback":
      return {};
    default:
      throw new RangeError(
        `what does the statement "${statement}" touch? Expected one of the Transaction port`,
      );
  }
}
