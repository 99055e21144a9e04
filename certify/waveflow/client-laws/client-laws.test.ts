// Every law about clients: a lawful history, a broken one and the rule that it breaks, and one where nothing happened.
import { describe, expect, test } from "vitest";
import { HistoryBuilder } from "../../../invariants/waveflow/history-builder.ts";
import { waveflowRequirements } from "../../../protocol/waveflow/requirements.ts";
import type { VisibleState } from "../../../protocol/waveflow/fold.ts";
import type { PushOp } from "../../../protocol/waveflow/types.ts";
import { clientLaws } from "./index.ts";

class ClientHistory extends HistoryBuilder {
  /** Its person writes it, and is told that it is done. */
  write({ operation_id: _id, lamport_ts: _stamp, ...content }: PushOp, isDone = true): void {
    this.note("laptop", { kind: "made", content, isDone: false });
    if (isDone) this.note("laptop", { kind: "made", content, isDone });
  }

  show(pending: number, more: { cursor?: number; visible?: VisibleState; deadLetters?: number } = {}): void {
    const { cursor = 0, visible = {}, deadLetters = 0 } = more;
    this.note("laptop", { kind: "shown", connected: true, visible, cursor, pending, deadLetters, parked: 0 });
  }

  settle(): void {
    this.record({ kind: "calm", actor: "world" });
    this.record({ kind: "settled", actor: "world", quiet: true, waiting: [] });
  }
}

interface Case {
  readonly holds: (h: ClientHistory) => void;
  /** By the rule that is blamed. */
  readonly violated: Readonly<Record<string, (h: ClientHistory) => void>>;
}

const a = (h: ClientHistory): PushOp => h.op("song/1.title", "A", 1);

const cases: Readonly<Record<string, Case>> = {
  "rows-leave-with-proof": {
    holds: (h) => {
      const op = a(h);
      h.write(op);
      h.show(1);
      h.push("laptop", [op]).lose();
      h.show(1);
      h.push("laptop", [op]).accept([1]);
      h.show(0);
    },
    violated: {
      "WF-DEV-4": (h) => {
        const op = a(h);
        h.write(op);
        h.show(1);
        h.push("laptop", [op]).lose();
        h.show(0);
      },
      "WF-DEV-3": (h) => {
        h.write(a(h));
        h.show(1);
        h.record({ kind: "crash", actor: "world", target: "laptop", text: "killed" });
        h.show(0);
      },
      "WF-DEV-11": (h) => {
        h.write(a(h));
        h.show(1, { cursor: 1 });
        h.pull("laptop", 1).refuse(410, { type: "resync_required", compacted_up_to: 2 });
        h.pull("laptop", 0).give([], { head: 2 });
        h.show(0, { cursor: 2 });
      },
      "WF-DEV-15": (h) => {
        h.write(a(h));
        h.show(1);
        h.note("laptop", { kind: "token" });
        h.show(0);
      },
      "WF-DEV-13": (h) => {
        h.write(a(h));
        h.show(1);
        h.note("laptop", { kind: "mode-asked", mode: "local" });
        h.show(0);
      },
      "WF-DEV-2": (h) => {
        h.show(0);
        h.write(a(h));
        h.show(0);
      },
    },
  },
  "edits-arrive": {
    holds: (h) => {
      const op = a(h);
      h.write(op);
      h.push("laptop", [op]).accept([1]);
      h.settle();
      h.show(0, { cursor: 1 });
    },
    violated: {
      "WF-DEV-2": (h) => {
        h.write(a(h));
        h.settle();
        h.show(0, { cursor: 1 });
      },
    },
  },
  "one-operation-an-edit": {
    holds: (h) => {
      const op = a(h);
      h.write(op);
      h.push("laptop", [op]).lose();
      h.push("laptop", [op]).accept([1]);
    },
    violated: {
      "WF-DEV-3": (h) => {
        const op = a(h);
        h.write(op);
        h.push("laptop", [op]).lose();
        h.push("laptop", [{ ...op, operation_id: h.uuid() }]).accept([1]);
      },
    },
  },
  "stamps-rise": {
    holds: (h) => {
      const op = a(h);
      h.write(op);
      h.push("laptop", [op]).accept([1]);
      const next = h.op("song/2.title", "B", 2);
      h.write(next);
      h.push("laptop", [next]).accept([2]);
    },
    violated: {
      "WF-DEV-1": (h) => {
        h.join("phone");
        const remote = h.op("song/9.title", "P", 7);
        h.pull("laptop", 0).give([h.logged(remote, 1, "phone")]);
        h.show(0, { cursor: 1 });
        const op = a(h);
        h.write(op);
        h.push("laptop", [op]).accept([2]);
      },
    },
  },
  "restamps-at-once": {
    holds: (h) => {
      const op = a(h);
      h.push("laptop", [op]).refuse(409, { type: "lamport_regression", stored_max: 5 });
      h.push("laptop", [{ ...op, lamport_ts: 6 }]).accept([1]);
    },
    violated: {
      "WF-DEV-6": (h) => {
        const op = a(h);
        h.push("laptop", [op]).refuse(409, { type: "lamport_regression", stored_max: 5 });
        h.push("laptop", [op]).refuse(409, { type: "lamport_regression", stored_max: 5 });
      },
    },
  },
  "reads-without-gaps": {
    holds: (h) => {
      h.join("phone");
      h.pull("laptop", 0).give([h.logged(h.op("song/1.title", "P", 1), 4, "phone")], { head: 9, more: true });
      h.pull("laptop", 4).give([], { head: 9 });
      h.ack("laptop", 9).take();
    },
    violated: {
      "WF-DEV-9": (h) => {
        h.join("phone");
        h.pull("laptop", 0).give([h.logged(h.op("song/1.title", "P", 1), 4, "phone")], {
          head: 9,
          more: true,
        });
        h.ack("laptop", 9).take();
      },
    },
  },
  "refused-token-rests": {
    holds: (h) => {
      const refused = h.pull("laptop", 0);
      refused.refuse(401, { type: "unauthenticated" });
      // It was under way.
      h.ack("laptop", 1).refuse(401, { type: "unauthenticated" });
      h.show(0);
      h.note("laptop", { kind: "token" });
      h.pull("laptop", 0).give([]);
    },
    violated: {
      "WF-DEV-5": (h) => {
        h.pull("laptop", 0).refuse(401, { type: "unauthenticated" });
        h.show(0);
        h.pull("laptop", 0).refuse(401, { type: "unauthenticated" });
      },
    },
  },
  "shows-the-fold": {
    holds: (h) => {
      h.join("phone");
      h.pull("laptop", 0).give([h.logged(h.op("song/1.title", "P", 1), 4, "phone")]);
      h.show(0, { cursor: 4, visible: { "song/1": { title: "P" } } });
    },
    violated: {
      "WF-DEV-9": (h) => {
        h.join("phone");
        h.pull("laptop", 0).give([h.logged(h.op("song/1.title", "P", 1), 4, "phone")]);
        h.show(0, { cursor: 4 });
      },
      "WF-STATE-1": (h) => {
        h.join("phone");
        const [high, low] = [h.op("song/1.title", "P", 5), h.op("song/1.title", "Q", 2)];
        h.pull("laptop", 0).give([h.logged(high, 4, "phone"), h.logged(low, 6, "phone")]);
        h.show(0, { cursor: 6, visible: { "song/1": { title: "P" } } });
      },
      "WF-STATE-2": (h) => {
        h.join("phone");
        const [set, gone] = [h.op("song/1.title", "P", 1), h.op("song/1", null, 2)];
        h.pull("laptop", 0).give([h.logged(set, 4, "phone"), h.logged(gone, 6, "phone")]);
        h.show(0, { cursor: 6, visible: { "song/1": { title: "P" } } });
      },
      "WF-DEV-8": (h) => {
        h.join("phone");
        const [theirs, mine] = [h.op("song/1.title", "P", 1), h.op("song/1.title", "A", 1)];
        h.write(mine);
        h.push("laptop", [mine]).accept([6]);
        h.pull("laptop", 0).give([h.logged(theirs, 4, "phone"), h.logged(mine, 6, "laptop")]);
        h.show(0, { cursor: 6, visible: { "song/1": { title: "P" } } });
      },
    },
  },
};

/** Those that are not the page's as they are. */
const own = clientLaws.slice(0, Object.keys(cases).length);

describe("each law about clients holds, is violated, and is inconclusive where it should", () => {
  test.each(own.map((law) => [law.id, law] as const))("%s", (id, law) => {
    const { holds, violated } = cases[id]!;
    const judged = (tell: (h: ClientHistory) => void) => {
      const h = new ClientHistory();
      h.join("laptop");
      tell(h);
      return law.judge(h.history());
    };
    expect(judged(() => undefined).outcome).toBe("inconclusive");
    expect(judged(holds)).toMatchObject({ outcome: "holds" });
    for (const [rule, tell] of Object.entries(violated)) {
      const verdict = judged(tell);
      expect(verdict.outcome, rule).toBe("violated");
      if (verdict.outcome !== "violated") continue;
      expect(verdict.witness.requirements ?? law.requirements, rule).toContain(rule);
    }
  });

  test("rules are rules of the page", () => {
    const rules = new Set(waveflowRequirements.map(({ id }) => id));
    for (const { requirements } of clientLaws)
      expect(requirements.filter((rule) => !rules.has(rule))).toEqual([]);
  });
});
