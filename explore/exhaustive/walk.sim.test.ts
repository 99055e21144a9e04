import { describe, expect, test } from "vitest";
import type { Law } from "../../invariants/verdict.ts";
import { withTraps } from "../../sim/kernel/traps.ts";
import { AddressedRandom } from "../../sim/kernel/addressed-random.ts";
import { SharedObjects } from "./footprint.ts";
import type { ScopeProtocol } from "./scope-protocol.ts";
import { ScopeRun } from "./scope-run.ts";
import { replayChoices, ScopeSearch, scopeWalks } from "./scope-search.ts";
import { describeWalk, parseScope, type Walk } from "./scope.ts";
import { Texts } from "./state-hash.ts";
import { type Finding, WalkSearch } from "./walk.ts";
import { waveflowScopes } from "./waveflow-scopes.ts";

const walked = async (walk: Walk, how: { reduces?: boolean; texts: Texts }): Promise<WalkSearch> => {
  const search = new WalkSearch({ walk, protocol: waveflowScopes, ...how });
  const findings: (Finding | undefined)[] = [];
  await withTraps(async () => {
    while (!search.isOver) findings.push(await search.next());
  });
  expect(findings.filter((finding) => finding !== undefined)).toEqual([]);
  return search;
};

const placing = (scope: string, words: string): Walk => {
  const walk = scopeWalks(waveflowScopes, parseScope(scope)).find((walk) => describeWalk(walk) === words);
  if (walk === undefined) throw new Error(`${scope} has no placing "${words}"`);
  return walk;
};

/** Broken where the laptop's operation is stored before the phone's: an order that is somewhere in every scope. */
const phoneIsFirst: Law = {
  id: "phone-is-first",
  requirements: [],
  promise: "The phone's operation has the lowest id.",
  judge: ({ events }) => {
    const at = events.findIndex((event) => event.kind === "accepted" && event.actor === "laptop");
    const { reply } = events[at] as unknown as { reply: { reply: { results: { id: number }[] } } };
    return reply.reply.results[0]!.id > 1
      ? { outcome: "holds", cases: 1 }
      : {
          outcome: "violated",
          violations: 1,
          witness: { events: [at], explanation: "the laptop was first" },
        };
  },
};

describe("the reduction", () => {
  test.each([
    ["edits=1", "no fault"],
    ["edits=1,crashes=1", "phone crashes before its durable step 3"],
  ])("comes to every end that trying everything comes to, and to no other: %s, %s", async (scope, words) => {
    const texts = new Texts();
    const walk = placing(scope, words);
    const reduced = await walked(walk, { texts });
    const whole = await walked(walk, { texts, reduces: false });
    expect([...reduced.ends].sort()).toEqual([...whole.ends].sort());
    expect(reduced.ends.size).toBeGreaterThan(2);
    expect(reduced.counts.runs * 3).toBeLessThan(whole.counts.runs);
  });
});

test("no order that chance makes comes to an end that the walk does not know", async () => {
  const walk = placing("edits=1,crashes=1", "laptop crashes while it waits for the answer to its request 3");
  const texts = new Texts();
  const { ends } = await walked(walk, { texts });
  const met = new Set<number>();
  for (let seed = 0; seed < 40; seed++) {
    const decisions = new AddressedRandom(`order ${seed}`).decisions("walk", "lane");
    const run = new ScopeRun({
      walk,
      texts,
      protocol: waveflowScopes,
      objects: new SharedObjects(),
      choose: (_, options) => {
        const lanes = Array.from({ length: 31 }, (_, lane) => lane).filter(
          (lane) => (options & (1 << lane)) !== 0,
        );
        return lanes[decisions.next() % lanes.length]!;
      },
      onEnd: ({ observer }) => met.add(observer.stateKey(0, false)),
    });
    await withTraps(() => run.run());
  }
  expect([...met].filter((end) => !ends.has(end))).toEqual([]);
  expect(met.size).toBeGreaterThan(3);
});

describe("a scope", () => {
  test("is walked to its end, and the reference keeps every law in every order", async () => {
    const search = new ScopeSearch(waveflowScopes, parseScope("edits=1,lost=1"));
    await search.goOn(5_000);
    expect(search.report()).toMatchObject({
      isComplete: true,
      walks: 6,
      walksComplete: 6,
      doneInAMillion: 1_000_000,
      findings: [],
    });
  });

  test("tells how far it came when it is cut", async () => {
    const search = new ScopeSearch(waveflowScopes, parseScope("compactions=1"));
    await search.goOn(20);
    const { isComplete, runs, doneInAMillion, states } = search.report();
    expect({ isComplete, runs }).toEqual({ isComplete: false, runs: 20 });
    expect(doneInAMillion).toBeLessThan(1_000_000);
    expect(states).toBeGreaterThan(50);
  });
});

describe("a violation", () => {
  test("is found where there is one, and the same choices lead to it again", async () => {
    const protocol: ScopeProtocol = { ...waveflowScopes, laws: [phoneIsFirst] };
    const scope = parseScope("edits=1");
    const search = new ScopeSearch(protocol, scope);
    await search.goOn(2_000);
    const [finding] = search.report().findings;
    expect(finding?.outcome?.violations.map(({ law }) => law)).toEqual(["phone-is-first"]);
    const walk = scopeWalks(protocol, scope)[finding!.walk - 1]!;
    const again = await replayChoices(protocol, walk, finding!.choices);
    expect(again.history).toEqual(finding!.outcome!.history);
  });
});
