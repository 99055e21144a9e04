// The probe of isolation: two users who collide in everything that a server could take for a key (device id, operation ids,
// entities, stamps, positions, tokens of a walk) live side by side, and neither sees, blocks, dedupes or moves the other.
import type { Probe, ProbeOptions, ProbeReport, ProbeTarget } from "../probe.ts";
import { Exchanger, type WireOutcome } from "../probes/exchange.ts";
import { findingsOf, type ProbeFault } from "../probes/faults.ts";
import type { WireRequest } from "../probes/wire-request.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { pullReplySchema, pushReplySchema } from "../../protocol/waveflow/messages.ts";
import { type Caller, headersOf, pullOf, pushOf, upgradeOf } from "./bad-case.ts";
import {
  describeOutcome,
  freshCaller,
  goodBody,
  type GoodOp,
  pushGood,
  readLog,
  TargetUnusable,
  uuidOf,
} from "./caller.ts";
import { claimCases } from "./device-claims.ts";
import { judgeAnswer } from "./judge-answer.ts";
import { watchCursors } from "./isolated-cursors.ts";
import { watchSockets } from "./isolated-sockets.ts";

export const isolationProbe: Probe = {
  id: "waveflow/probe/isolation",
  title: "Two users who collide in every id see, block and move nothing of each other",
  protocol: "waveflow/1",
  level: "core",
  requirements: ["WF-AUTH-2", "WF-AUTH-3", "WF-PULL-5"],
  run: (target, options) => new IsolationRun(target, options).run(),
};

interface Pair {
  readonly alice: Caller;
  readonly bob: Caller;
}

class IsolationRun {
  readonly #target: ProbeTarget;
  readonly #options: ProbeOptions;
  readonly #exchanger: Exchanger;
  readonly #faults: ProbeFault[] = [];
  readonly #observations: string[] = [];
  #hasSocket = false;
  readonly #exercised = new Set<string>(["WF-AUTH-2"]);

  constructor(target: ProbeTarget, options: ProbeOptions) {
    this.#target = target;
    this.#options = options;
    const { signal } = options;
    this.#exchanger = new Exchanger({ baseUrl: target.baseUrl, timeoutMs: 5_000, connectionsMax: 4, signal });
  }

  async run(): Promise<ProbeReport> {
    try {
      const parts = [
        (pair: Pair) => this.#sameOperations(pair),
        (pair: Pair) => this.#positionsAndWalks(pair),
        (pair: Pair) => this.#othersNames(pair),
        (pair: Pair) => this.#stamps(pair),
        (pair: Pair) => this.#acknowledgements(pair),
        (pair: Pair) => this.#sockets(pair),
      ];
      for (const [index, part] of parts.entries()) {
        const pair = await this.#pair();
        if (pair === undefined) return this.#report("blocked", ["tokens"]);
        await part(pair);
        this.#options.onProgress?.(index + 1, parts.length + 1);
      }
      await this.#claims();
      return this.#report(this.#faults.length > 0 ? "fail" : "pass");
    } catch (error) {
      if (!(error instanceof TargetUnusable)) throw error;
      // What goes wrong after a collision was seen is its wake.
      if (this.#faults.length > 0) return this.#report("fail");
      const { requirement, expected, seen } = error;
      const text = "a good request of one of two users who collide in their ids";
      this.#faults.push({
        kind: error.message,
        requirements: [requirement],
        text,
        expected,
        seen,
        requests: [],
      });
      return this.#report("fail");
    } finally {
      this.#exchanger.close();
    }
  }

  /** Two users on devices of the same id. */
  async #pair(): Promise<Pair | undefined> {
    const alice = await freshCaller(this.#target);
    if (alice === undefined) return undefined;
    const user = this.#target.freshUser();
    const token = await this.#target.mintToken(user, alice.device);
    return token === undefined ? undefined : { alice, bob: { user, device: alice.device, token } };
  }

  /** The same operation ids, entities, stamps and device id: one op with the same content, one with another. */
  async #sameOperations({ alice, bob }: Pair): Promise<void> {
    const ops = this.#ops("same", 4, "alice");
    const others = ops.map((op, index) => (index < 2 ? op : { ...op, value: "bob" }));
    await pushGood(this.#exchanger, alice, ops);
    for (const [index, op] of others.entries()) {
      const requests = [pushOf(alice, [{ text: goodBody(ops) }]), pushOf(bob, [{ text: goodBody([op]) }])];
      const outcome = await this.#exchanger.exchange(requests[1]!);
      const same = index < 2 ? "the same content" : "other content";
      this.#mustStore(outcome, { requests, text: `an op with another user's operation_id and ${same}` });
    }
    await this.#mustBeApart(alice, ops, "alice's log after bob pushed the same ids");
    await this.#mustBeApart(bob, others, "bob's log after he pushed alice's ids");
    // A retry is a duplicate of one's own, and of nobody else's.
    const retry = pushOf(bob, [{ text: goodBody(others) }]);
    const outcome = await this.#exchanger.exchange(retry);
    if (isAllDuplicates(outcome) || !(await this.#knowsRetries())) return;
    this.#fault("retries", {
      text: "a retry of ops whose operation_ids another user has as well",
      expected: "200, and every op a duplicate of his own",
      seen: describeOutcome(outcome),
      requests: [pushOf(bob, [{ text: goodBody(others) }]), retry],
    });
  }

  /** Whether somebody who collides with nobody has retries answered as duplicates: else others are to say so. */
  async #knowsRetries(): Promise<boolean> {
    const single = await freshCaller(this.#target);
    if (single === undefined) return false;
    const ops = this.#ops(single.user, 2, "A");
    await pushGood(this.#exchanger, single, ops);
    return isAllDuplicates(await this.#exchanger.exchange(pushOf(single, [{ text: goodBody(ops) }])));
  }

  /** Positions out of the other's log, and the token of the other's walk. */
  async #positionsAndWalks({ alice, bob }: Pair): Promise<void> {
    const hers = this.#ops("hers", 6, "alice");
    await pushGood(this.#exchanger, alice, hers);
    const his = this.#ops("his", 3, "bob");
    await pushGood(this.#exchanger, bob, his);
    const log = await readLog(this.#exchanger, alice);
    const walk = await this.#exchanger.exchange(pullOf(alice, "?since=0&limit=2"));
    const token = walk.kind === "answer" && isJsonObject(walk.json) ? walk.json.resync : undefined;
    const resync = typeof token === "string" ? `&resync=${encodeURIComponent(token)}` : undefined;
    if (resync === undefined)
      this.#observations.push("walks carry no resync token, so none was taken to another user");
    else this.#exercised.add("WF-PULL-5");
    for (const since of [0, ...log.ops.map(({ id }) => id), log.head]) {
      for (const query of [
        `?since=${since}`,
        ...(resync === undefined ? [] : [`?since=${since}&limit=2${resync}`]),
      ]) {
        const request = pullOf(bob, query);
        const outcome = await this.#exchanger.exchange(request);
        this.#mustShowOnly(outcome, his, {
          request,
          text: `a pull from position ${since} of another user's log`,
        });
      }
    }
  }

  /** The other's name in every place that is not the token. */
  async #othersNames({ alice, bob }: Pair): Promise<void> {
    const his = this.#ops("his", 1, "bob");
    await pushGood(this.#exchanger, bob, his);
    const hers: GoodOp[] = [];
    const names = ["user_id", "user", "sub", "userId", "owner", "account"];
    for (const name of names) {
      const pull = pullOf(alice, `?since=0&${name}=${encodeURIComponent(bob.user)}`);
      const text = `a pull with ${name} of another user in the query`;
      this.#mustShowOnly(await this.#exchanger.exchange(pull), hers, { request: pull, text });
    }
    for (const name of ["X-User-Id", "X-User", "X-Forwarded-User", "X-Remote-User", "X-Sub", "Cookie"]) {
      const pull = pullOf(alice, "?since=0");
      const value = name === "Cookie" ? `user_id=${bob.user}; user=${bob.user}` : bob.user;
      const request = { ...pull, headers: [...pull.headers, [name, value] as const] };
      const text = `a pull with the header ${name} of another user`;
      this.#mustShowOnly(await this.#exchanger.exchange(request), hers, { request, text });
    }
    const ops = this.#ops("smuggled", names.length, "alice");
    const requests: WireRequest[] = [];
    for (const [index, name] of names.entries()) {
      const [op] = (JSON.parse(goodBody([ops[index]!])) as { ops: readonly object[] }).ops;
      const body = JSON.stringify({ [name]: bob.user, ops: [{ ...op, [name]: bob.user }] });
      const request = pushOf(alice, [{ text: body }]);
      requests.push(request);
      this.#mustStore(await this.#exchanger.exchange(request), {
        requests: [request],
        text: `a push with ${name} of another user in its body`,
      });
    }
    await this.#mustBeApart(alice, ops, "alice's log after she named bob in her pushes", requests);
    await this.#mustBeApart(bob, his, "bob's log after alice named him in her pushes", requests);
  }

  /** How far a clock may leap goes by the user's own stamps.  Source: WF-PUSH-13. */
  async #stamps({ alice, bob }: Pair): Promise<void> {
    const [first, second] = this.#ops("stamps", 2, "A");
    await pushGood(this.#exchanger, alice, [{ ...first!, stamp: 2 ** 32 }]);
    const leap = { ...second!, stamp: 2 ** 32 + 2 ** 31 };
    const request = pushOf(bob, [{ text: goodBody([leap]) }]);
    const outcome = await this.#exchanger.exchange(request);
    // Whether it is bounded at all is for others to say; here, whether it goes by another's clock.
    const own = { ...first!, stamp: 1, operationId: uuidOf(this.#options.seed, bob.user) };
    const bounded = await this.#exchanger.exchange(
      pushOf(await this.#stranger(bob), [{ text: goodBody([{ ...own, stamp: 2 ** 52 }]) }]),
    );
    const isBounded = bounded.kind === "answer" && bounded.status === 422;
    if (!isBounded || (outcome.kind === "answer" && outcome.status === 422)) return;
    this.#fault("stamps", {
      text: "a stamp that only another user's stamps make lawful",
      expected: "422: it is more than 2^32 above all of his own",
      seen: describeOutcome(outcome),
      requests: [pushOf(alice, [{ text: goodBody([{ ...first!, stamp: 2 ** 32 }]) }]), request],
    });
  }

  async #stranger(other: Caller): Promise<Caller> {
    return (await freshCaller(this.#target)) ?? other;
  }

  async #acknowledgements({ alice, bob }: Pair): Promise<void> {
    const ops = this.#ops("acks", 4, "A").map((op, index) => ({ ...op, entityId: index < 3 ? "1" : "2" }));
    const { signal } = this.#options;
    const found = await watchCursors({
      target: this.#target,
      exchanger: this.#exchanger,
      alice,
      bob,
      ops,
      signal,
    });
    if (found !== "no hook") this.#faults.push(...found);
    else
      this.#observations.push(
        "whether acknowledgements cross users was not seen: only a compact hook over HTTP shows it",
      );
  }

  async #sockets({ alice, bob }: Pair): Promise<void> {
    const outcome = await watchSockets({
      target: this.#target,
      exchanger: this.#exchanger,
      alice,
      bob,
      ops: this.#ops("sockets", 3, "A"),
      signal: this.#options.signal,
    });
    this.#hasSocket = outcome !== "no socket";
    if (outcome === "no socket") this.#observations.push("frames were not watched: no socket opened");
    else if (outcome !== undefined) {
      const { text, expected, seen } = outcome;
      const requests = [upgradeOf(bob), pushOf(alice, [{ text: goodBody(this.#ops("sockets", 1, "A")) }])];
      this.#fault("sockets", { text, expected, seen, requests });
    }
  }

  /** Source: WF-AUTH-3. */
  async #claims(): Promise<void> {
    const cases = await claimCases(this.#target, { seed: this.#options.seed, hasSocket: this.#hasSocket });
    if (cases === undefined) {
      this.#observations.push("tokens that are bound to a device were not tried: this target gives none");
      return;
    }
    this.#exercised.add("WF-AUTH-3");
    for (const { made, turn } of cases) {
      const request = made.build(turn);
      const lawful = made.lawful(turn, request);
      const outcome = await this.#exchanger.exchange(request);
      this.#faults.push(...judgeAnswer({ made, request, lawful, outcome }));
    }
  }

  #ops(name: string, count: number, value: string): readonly GoodOp[] {
    return Array.from({ length: count }, (_, index) => ({
      operationId: uuidOf(this.#options.seed, "isolation", name, String(index)),
      entityId: `${name}-${index + 1}`,
      stamp: index + 1,
      value,
    }));
  }

  #mustStore(
    outcome: WireOutcome,
    { requests, text }: { readonly requests: readonly WireRequest[]; readonly text: string },
  ): void {
    const reply =
      outcome.kind === "answer" && outcome.status === 200
        ? pushReplySchema.safeParse(outcome.json)
        : undefined;
    if (reply?.success === true && reply.data.results.every(({ status }) => status === "stored")) return;
    this.#fault(text, {
      text,
      expected: "200, and every op stored",
      seen: describeOutcome(outcome),
      requests,
    });
  }

  /** Nothing in the answer is anybody else's.  A refusal shows nothing. */
  #mustShowOnly(
    outcome: WireOutcome,
    own: readonly GoodOp[],
    { request, text }: { readonly request: WireRequest; readonly text: string },
  ): void {
    if (outcome.kind !== "answer" || outcome.status !== 200) return;
    const page = pullReplySchema.safeParse(outcome.json);
    if (!page.success) return;
    const mine = new Set(own.map((op) => `${op.entityId} ${op.value ?? "A"}`));
    const stranger = page.data.ops.find((op) => !mine.has(`${op.entity_id} ${String(op.value)}`));
    if (stranger === undefined) return;
    this.#fault("pulls", {
      text,
      expected: "only ops of the user of the token",
      seen: `op ${stranger.id}, ${JSON.stringify(stranger.value)} of ${stranger.entity_id}, which is another user's`,
      requests: [request],
    });
  }

  async #mustBeApart(
    caller: Caller,
    own: readonly GoodOp[],
    text: string,
    requests: readonly WireRequest[] = [],
  ): Promise<void> {
    const reader = (await freshCaller(this.#target, caller.user)) ?? caller;
    const { ops } = await readLog(this.#exchanger, reader);
    // In which order is another question.
    const told = (list: readonly { readonly id: string; readonly value: unknown }[]): string =>
      list
        .map(({ id, value }) => `${id} = ${JSON.stringify(value)}`)
        .sort()
        .join(", ") || "nothing";
    const expected = told(own.map(({ entityId, value = "A" }) => ({ id: entityId, value })));
    const seen = told(ops.map((op) => ({ id: op.entity_id, value: op.value })));
    if (seen === expected) return;
    this.#fault("logs", {
      text,
      expected,
      seen,
      requests: [...requests, { ...pullOf(caller, "?since=0"), headers: headersOf(caller) }],
    });
  }

  #fault(
    kind: string,
    told: Pick<ProbeFault, "text" | "expected" | "seen" | "requests"> &
      Partial<Pick<ProbeFault, "requirements">>,
  ): void {
    this.#faults.push({ kind, requirements: ["WF-AUTH-2"], ...told });
  }

  #report(outcome: ProbeReport["outcome"], missing?: readonly string[]): ProbeReport {
    return {
      outcome,
      findings: findingsOf(this.#faults, this.#target.baseUrl),
      requirements: outcome === "blocked" ? [] : [...this.#exercised],
      requests: this.#exchanger.requests,
      observations: this.#observations,
      ...(missing === undefined ? {} : { missing }),
    };
  }
}

function isAllDuplicates(outcome: WireOutcome): boolean {
  const reply = outcome.kind === "answer" ? pushReplySchema.safeParse(outcome.json) : undefined;
  return reply?.success === true && reply.data.results.every(({ status }) => status === "duplicate");
}
