// Every law: a lawful history, a broken one, and one where nothing happened. And the exceptions that laws make, each with the
// history that they are made for.
import { describe, expect, test } from "vitest";
import { deviceLawCases } from "./device-law-cases.ts";
import { HistoryBuilder } from "./history-builder.ts";
import type { LawCase } from "./law-case.ts";
import { waveflowLaws } from "./laws.ts";
import { serverLawCases } from "./server-law-cases.ts";
import { waveflowRequirements } from "../../protocol/waveflow/requirements.ts";

const cases = { ...serverLawCases, ...deviceLawCases };

describe("each law holds, is violated, and is inconclusive where it should", () => {
  test.each(waveflowLaws.map(({ id }) => id))("%s", (id) => {
    const build = cases[id];
    if (build === undefined) throw new Error(`law ${id} has no case`);
    judgeCase(id, build);
  });

  test("ids are unique, promises are sentences, and rules are rules of the page", () => {
    const rules = new Set(waveflowRequirements.map(({ id }) => id));
    expect(new Set(waveflowLaws.map(({ id }) => id)).size).toBe(waveflowLaws.length);
    for (const { id, promise, requirements } of waveflowLaws) {
      expect(promise, id).toMatch(/^[A-Z].*[^.]\.$/u);
      expect(requirements.length, id).toBeGreaterThan(0);
      expect(
        requirements.filter((rule) => !rules.has(rule)),
        id,
      ).toEqual([]);
    }
  });
});

describe("what the laws let pass", () => {
  test("compaction-waits says nothing of a world that does not tell its settings", () => {
    const h = new HistoryBuilder();
    serverLawCases["compaction-waits"]!(h, true);
    const law = waveflowLaws.find(({ id }) => id === "compaction-waits")!;
    expect(law.judge(h.history()).outcome).toBe("inconclusive");
  });

  test.each([
    ["database read-only", "database"],
    ["process paused", "server 2"],
  ])("compaction-advances looks away while ACKs may be in the memory of one process: %s", (fault, target) => {
    const law = waveflowLaws.find(({ id }) => id === "compaction-advances")!;
    const judged = (isLasting: boolean) => {
      const h = new HistoryBuilder();
      if (isLasting) h.fault(fault, target);
      serverLawCases["compaction-advances"]!(h, true);
      return law.judge(h.history({ processes: 2, ackFlushIntervalMs: 1_000 })).outcome;
    };
    expect([judged(false), judged(true)]).toEqual(["violated", "inconclusive"]);
  });

  test("a restore of the server parts what came before from what comes after", () => {
    const h = new HistoryBuilder();
    h.join("laptop").join("phone");
    const lost = h.op("song/1.title", "A", 1);
    h.store("laptop", lost, 1);
    h.fault("restore", "server");
    const other = h.store("phone", h.op("song/2.title", "B", 1), 1);
    const again = h.store("laptop", lost, 2);
    h.pull("phone", 0).give([other, again]);
    h.settled().log([other, again]);
    expect(violations(h)).toEqual([]);
  });

  test("an answer that crosses a restore belongs to neither side", () => {
    const h = new HistoryBuilder();
    h.join("laptop").join("phone");
    const push = h.push("laptop", [h.op("song/1.title", "A", 1)]);
    h.fault("restore", "server");
    push.accept([7]);
    h.pull("phone", 0).give([]);
    h.settled().log([], 0);
    expect(violations(h)).toEqual([]);
  });

  test("a push without an answer may take effect at any later time", () => {
    const h = new HistoryBuilder();
    h.join("laptop").join("phone");
    const op = h.op("song/1.title", "A", 1);
    h.push("laptop", [op]).lose();
    h.pull("phone", 0).give([]);
    const late = h.logged(op, 1, "laptop");
    h.pull("phone", 0).give([late]);
    h.settled().log([late]);
    expect(violations(h)).toEqual([]);
  });

  test("what compaction took is not lost", () => {
    const h = new HistoryBuilder();
    h.join("laptop").join("phone");
    h.store("laptop", h.op("song/1.title", "A", 1), 1);
    const two = h.store("laptop", h.op("song/1.title", "B", 2), 2);
    const three = h.store("laptop", h.op("song/2.title", "C", 3), 3);
    h.compacted(1, 1);
    h.pull("phone", 0).give([two, three]);
    h.settled().log([two, three]);
    expect(violations(h)).toEqual([]);
  });

  test("a crash may have made durable what nobody noted", () => {
    const h = new HistoryBuilder();
    const { one, two } = readByPhone(h);
    h.crash("phone").ack("phone", 2).take();
    h.pull("phone", 2).give([], { head: 2 });
    h.settled().log([one, two]).look("phone", { cursor: 2, confirmed: both });
    expect(violations(h)).toEqual([]);
  });

  test("a copied disk does not account for the edits of the one before", () => {
    const h = new HistoryBuilder();
    h.join("laptop");
    const device = h.device("laptop");
    h.edit("laptop", h.op("song/1.title", "A", 5));
    h.crash("laptop").fault("restore", "laptop").join("laptop", { device });
    h.edit("laptop", h.op("song/1.title", "B", 3)).look("laptop", { visible: {}, connected: false });
    const law = waveflowLaws.find(({ id }) => id === "nothing-lost")!;
    expect(law.judge(h.history())).toMatchObject({ outcome: "violated", violations: 1 });
    expect(violations(h)).toEqual(["nothing-lost"]);
  });

  test("a device from before a restore of the server is not held to the new history", () => {
    const h = new HistoryBuilder();
    const { one, two } = readByPhone(h);
    h.applied("phone", [one, two], 2).fault("restore", "server");
    const other = h.store("laptop", h.op("song/3.title", "C", 3), 2);
    h.settled().log([one, other]).look("phone", { cursor: 2, confirmed: both });
    expect(violations(h)).toEqual([]);
  });

  test("a device that does not notice a restore of the server is shown", () => {
    const h = new HistoryBuilder();
    const { one, two } = readByPhone(h);
    h.applied("phone", [one, two], 2).fault("restore", "server");
    h.settled().log([one]).look("phone", { cursor: 2, confirmed: both });
    expect(violations(h)).toEqual(["it-ends"]);
  });
});

describe("what else the laws of the device see", () => {
  const broken: readonly (readonly [string, string, RegExp, (h: HistoryBuilder) => void])[] = [
    [
      "a mode that a restart has changed",
      "modes-decide-what-leaves",
      /should be in mode local\. It works in mode hybrid/,
      (h) => {
        changeMode(h, "hybrid", "local");
        h.crash("laptop").note("laptop", { kind: "mode", mode: "hybrid" });
      },
    ],
    [
      "an unknown mode that is not taken for local",
      "modes-decide-what-leaves",
      /should be in mode local\. It works in mode hybrid/,
      (h) => {
        h.join("laptop").note("laptop", { kind: "mode", mode: "local" });
        h.note("laptop", { kind: "mode-asked", mode: "turbo" });
        h.note("laptop", { kind: "mode", mode: "hybrid" });
      },
    ],
    [
      "sharing before catching up",
      "modes-decide-what-leaves",
      /has not read to the end since\. It pushed 1 edits/,
      (h) => {
        changeMode(h, "local", "hybrid");
        h.push("laptop", [h.op("song/1.title", "A", 1)]).accept([1]);
      },
    ],
    [
      "going on from the old cursor after mode server",
      "modes-decide-what-leaves",
      /left mode server\. It went on from 7/,
      (h) => {
        changeMode(h, "server", "hybrid");
        h.pull("laptop", 7).give([], { head: 7 });
      },
    ],
    [
      "an edit of mode server that no server has",
      "modes-decide-what-leaves",
      /works in mode server\. It calls .* made, and no server has told it so/,
      (h) => {
        changeMode(h, "hybrid", "server");
        h.edit("laptop", h.op("song/1.title", "A", 1));
      },
    ],
    [
      "a queue in mode server",
      "modes-decide-what-leaves",
      /has no queue\. 1 edits wait in one/,
      (h) => {
        changeMode(h, "hybrid", "server");
        h.look("laptop", { pending: [h.op("song/1.title", "A", 1)] });
      },
    ],
    [
      "a row before the refused one that is given up",
      "refused-rows-are-shown",
      /No answer to a push of it had refused it for good/,
      (h) => {
        h.join("laptop");
        const ops = [h.op("song/1.title", "A", 1), h.op("song/1.title", "B", 2)];
        h.push("laptop", ops).refuse(422, { type: "invalid_op", index: 1 });
        h.note("laptop", { kind: "dead-lettered", operationId: ops[0]!.operation_id, reason: "refused" });
      },
    ],
    [
      "a stamp that does not rise along the queue",
      "queue-keeps-order",
      /has the stamp 2\. .* stands behind it with 2/,
      (h) => {
        h.join("laptop");
        h.look("laptop", { pending: [h.op("song/1.title", "A", 2), h.op("song/1.title", "B", 2)] });
      },
    ],
    [
      "a clock below what waits",
      "lamport-grows",
      /has to stand at 9 or above\. It stands at 8/,
      (h) => h.join("laptop").look("laptop", { lamport: 8, pending: [h.op("song/1.title", "A", 9)] }),
    ],
    [
      "a clock that is level with what was received",
      "lamport-grows",
      /has to stand at 10 or above\. It stands at 9/,
      (h) => {
        h.join("laptop").join("phone");
        const one = h.store("phone", h.op("song/1.title", "A", 9), 1);
        h.applied("laptop", [one], 1).look("laptop", { cursor: 1, lamport: 9 });
      },
    ],
    [
      "a cursor that is found below where it stood",
      "cursor-comes-from-reading",
      /cursor stood at 2\. It stands at 0, and nothing was read anew/,
      (h) => {
        const { one, two } = readByPhone(h);
        h.applied("phone", [one, two], 2).look("phone", { cursor: 0 });
      },
    ],
    [
      "a log that is laid over the state from 0",
      "cursor-comes-from-reading",
      /cursor stood at 2\. It asked from 0 and laid what came over/,
      (h) => {
        const { one, two } = readByPhone(h);
        h.applied("phone", [one, two], 2);
        h.pull("phone", 0).give([one, two]);
        h.applied("phone", [one, two], 2);
      },
    ],
    [
      "an edit that goes to another server",
      "accounts-keep-their-edits",
      /made .* while it was bound to https:\/\/a\. It pushed it to https:\/\/b/,
      (h) => {
        const [device, op] = [h.uuid(), h.op("song/1.title", "A", 1)];
        const at = (server: string) =>
          h.record({ kind: "joined", actor: "laptop", user: "u1", deviceId: device, server });
        h.join("laptop", { device });
        at("https://a").edit("laptop", op);
        at("https://b").push("laptop", [op]).lose();
      },
    ],
    [
      "an account that comes back without its queue",
      "nothing-lost",
      /neither in its queue nor in its dead letters/,
      (h) => {
        h.join("laptop");
        const device = h.device("laptop");
        h.edit("laptop", h.op("song/1.title", "A", 1));
        h.join("laptop", { user: "u2", device }).join("laptop", { device });
        h.look("laptop", { pending: [] });
      },
    ],
  ];

  test.each(broken)("%s", (_, id, says, build) => {
    const h = new HistoryBuilder();
    build(h);
    const verdict = waveflowLaws.find((law) => law.id === id)!.judge(h.history());
    if (verdict.outcome !== "violated") throw new Error(`${id} is ${verdict.outcome}; expected a violation`);
    expect(verdict.witness.explanation).toMatch(says);
  });
});

type Mode = "local" | "hybrid" | "server";

function changeMode(h: HistoryBuilder, from: Mode, to: Mode): void {
  h.join("laptop").note("laptop", { kind: "mode", mode: from });
  h.note("laptop", { kind: "mode-asked", mode: to }).note("laptop", { kind: "mode", mode: to });
}

/** Expects the law to hold on the lawful form, to be violated by the broken one with a witness, and to be inconclusive
 *  where nothing happened. */
function judgeCase(id: string, build: LawCase): void {
  const law = waveflowLaws.find((one) => one.id === id);
  if (law === undefined) throw new Error(`there is no law ${id}`);
  const judged = (isBroken: boolean) => {
    const builder = new HistoryBuilder();
    const says = build(builder, isBroken);
    const history = builder.history({ stalenessMs: 90 * 86_400_000 });
    return { verdict: law.judge(history), says, events: history.events.length };
  };
  const lawful = judged(false).verdict;
  expect(lawful).toMatchObject({ outcome: "holds" });
  const { verdict, says, events } = judged(true);
  if (verdict.outcome !== "violated") throw new Error(`${id} is ${verdict.outcome}; expected a violation`);
  expect(verdict.witness.explanation).toMatch(says);
  expect(verdict.witness.events.length).toBeGreaterThan(0);
  for (const event of verdict.witness.events) expect(event).toBeLessThan(events);
  const { requirements: blamed = law.requirements } = verdict.witness;
  expect(blamed.length, "a violation breaks some rule").toBeGreaterThan(0);
  expect(law.requirements, "of those that its law stands for").toEqual(expect.arrayContaining([...blamed]));
  const nothing = new HistoryBuilder().join("laptop");
  expect(law.judge(nothing.history({ stalenessMs: 1 }))).toMatchObject({ outcome: "inconclusive" });
}

const violations = (h: HistoryBuilder): readonly string[] =>
  waveflowLaws.filter((law) => law.judge(h.history()).outcome === "violated").map(({ id }) => id);

/** Phone has read two ops of laptop. */
function readByPhone(h: HistoryBuilder) {
  h.join("laptop").join("phone");
  const one = h.store("laptop", h.op("song/1.title", "A", 1), 1);
  const two = h.store("laptop", h.op("song/2.title", "B", 2), 2);
  h.pull("phone", 0).give([one, two]);
  return { one, two };
}

const both = { "song/1": { title: "A" }, "song/2": { title: "B" } };
