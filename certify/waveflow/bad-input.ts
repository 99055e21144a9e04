// The probe of bad input: thousands of requests that a right server refuses, to every endpoint. It passes when each is
// answered as the page says, none with a 5xx, none has an effect, and the server still answers quickly afterwards.
import { createHash } from "node:crypto";
import type { Probe, ProbeOptions, ProbeReport, ProbeTarget } from "../probe.ts";
import { Exchanger } from "../probes/exchange.ts";
import { findingsOf, type ProbeFault } from "../probes/faults.ts";
import { requestKey } from "../probes/wire-request.ts";
import { drawnAcks, fixedAcks } from "./bad-ack.ts";
import { type BadCase, type Caller, nobodysTurn, pullOf, upgradeOf } from "./bad-case.ts";
import { sendBadFrames } from "./bad-frames.ts";
import { badHttp } from "./bad-http.ts";
import { badDevices, badTokens, drawnDevices, drawnTokens, mintBadTokens } from "./bad-identity.ts";
import { drawnPulls, fixedPulls } from "./bad-pull.ts";
import { drawnPushes, fixedPushes } from "./bad-push.ts";
import { describeOutcome, freshCaller, readLog, TargetUnusable } from "./caller.ts";
import { CursorWatch } from "./cursor-watch.ts";
import { noteHabits } from "./habits.ts";
import type { Made } from "./judge-answer.ts";
import { Lane } from "./lane.ts";

export const badInputProbe: Probe = {
  id: "waveflow/probe/bad-input",
  title: "Bad input of every kind is refused as the page says, has no effect, and hurts nobody",
  protocol: "waveflow/1",
  level: "core",
  requirements: [
    ...["WF-AUTH-1", "WF-AUTH-3", "WF-PUSH-1", "WF-PUSH-5", "WF-PUSH-7", "WF-PUSH-12", "WF-PUSH-13"],
    ...["WF-PULL-1", "WF-PULL-5", "WF-PULL-6", "WF-PULL-7", "WF-ACK-1", "WF-ACK-3"],
  ],
  run: (target, options) => runBadInput(target, options),
};

/** The probe, or the part of it that `isWanted` picks. */
export const runBadInput = (
  target: ProbeTarget,
  options: ProbeOptions,
  isWanted: (made: BadCase) => boolean = () => true,
): Promise<ProbeReport> => new BadInputRun(target, options, isWanted).run();

/** Requests under way at the same time. Each lane has a user of its own. */
const lanesMax = 8;
const answerTimeoutMs = 5_000;
/** After so many requests of one kind without an answer, the kind is left alone: each costs the whole time-out. */
const silencesMax = 3;
/** Of the budget, what may go by before no more requests are made.  Units: percent. */
const requestsShare = 85;
/** What a probe of some thousands of requests needs within its budget. */
const minimumRate = 100;
/** What a server that is well takes for a pull of nothing, even on a machine that is busy. */
const quickAnswerMs = 2_000;

class BadInputRun {
  readonly #target: ProbeTarget;
  readonly #options: ProbeOptions;
  readonly #exchanger: Exchanger;
  readonly #faults: ProbeFault[] = [];
  readonly #observations: string[] = [];
  readonly #silences = new Map<string, number>();
  readonly #deadline: number;
  readonly #isWanted: (made: BadCase) => boolean;
  #lanes: readonly Lane[] = [];
  #made = 0;
  #throttled = 0;
  #hasSocket = false;
  /** Whose bad tokens go round. */
  #bystander: Caller | undefined;
  #underWay = new Set<BadCase>();
  #isDead = false;

  constructor(target: ProbeTarget, options: ProbeOptions, isWanted: (made: BadCase) => boolean) {
    this.#target = target;
    this.#options = options;
    this.#isWanted = isWanted;
    this.#deadline = performance.now() + (options.budgetMs * requestsShare) / 100;
    this.#exchanger = new Exchanger({
      baseUrl: target.baseUrl,
      timeoutMs: answerTimeoutMs,
      connectionsMax: lanesMax + 2,
      signal: options.signal,
    });
  }

  async run(): Promise<ProbeReport> {
    try {
      const lanes = (this.#lanes = await this.#openLanes());
      if (lanes.length === 0) return this.#report("blocked", ["tokens"]);
      const cases = await this.#cases(lanes[0]!);
      const isWhole = await this.#runAll(lanes, cases);
      await this.#lookAtBystander();
      await this.#watchCursor(cases);
      await this.#sendFrames();
      await this.#lookAfterwards(lanes);
      if (this.#allFaults().length > 0) return this.#report("fail");
      if (isWhole) return this.#report("pass");
      return this.#report("blocked", [
        `a server that takes ${minimumRate} requests a second and more: this probe makes thousands`,
      ]);
    } catch (error) {
      if (!(error instanceof TargetUnusable)) throw error;
      // The lanes that still run come to their end.
      this.#isDead = true;
      // After other faults it is the wake of one.
      if (this.#allFaults().length > 0) return this.#report("fail");
      const { requirement, expected, seen } = error;
      const text = "a good request, between bad ones";
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

  async #openLanes(): Promise<readonly Lane[]> {
    const { seed } = this.#options;
    const opened = await Promise.all(
      Array.from({ length: lanesMax }, (_, index) =>
        Lane.open({ target: this.#target, exchanger: this.#exchanger, seed, name: `lane-${index + 1}` }),
      ),
    );
    return opened.filter((lane) => lane !== undefined);
  }

  /** Every case once, whichever part it came from. Those that take long come first, so that nobody waits for them. */
  async #cases(lane: Lane): Promise<readonly BadCase[]> {
    // Bad tokens are those of a user of their own: what is taken with one of them is in nobody else's log.
    this.#bystander = await freshCaller(this.#target);
    const { tokens, missing } = await mintBadTokens(this.#target, this.#bystander ?? lane.caller);
    if (missing.length > 0) {
      this.#observations.push(`not tried, because this target gives no such token: ${missing.join("; ")}`);
    }
    const seed = numberOf(this.#options.seed);
    const all = [
      ...fixedPushes(),
      ...badTokens(tokens),
      ...badDevices(),
      ...fixedPulls(),
      ...fixedAcks(),
      ...badHttp(),
      ...drawnPushes(seed, 400),
      ...drawnPulls(seed, 200),
      ...drawnAcks(seed, 120),
      ...drawnTokens(seed, 100),
      ...drawnDevices(seed, 100),
    ];
    const distinct = new Map<string, BadCase>();
    for (const one of all) {
      const key = requestKey(one.build(nobodysTurn));
      if (!distinct.has(key)) distinct.set(key, one);
    }
    this.#hasSocket = await this.#findSocket(lane);
    const wanted = [...distinct.values()].filter(
      (one) => this.#isWanted(one) && (this.#hasSocket || one.endpoint !== "GET /sync/ws"),
    );
    const isSlow = ({ mutation }: BadCase): boolean => mutation === "slow bodies";
    return wanted.sort((left, right) => Number(isSlow(right)) - Number(isSlow(left)));
  }

  /** Whether a socket should be there is another probe's question. */
  async #findSocket({ caller }: Lane): Promise<boolean> {
    const outcome = await this.#exchanger.exchange(upgradeOf(caller));
    return outcome.kind === "answer" && outcome.status === 101;
  }

  /** Answers whether every case was made. */
  async #runAll(lanes: readonly Lane[], cases: readonly BadCase[]): Promise<boolean> {
    const queue = cases.values();
    await Promise.all(lanes.map((lane) => this.#runLane(lane, { queue, total: cases.length })));
    if (this.#isDead) return true;
    if (this.#made < cases.length) {
      this.#observations.push(`${this.#made} of ${cases.length} bad requests were made within the time`);
    }
    if (this.#throttled > 0)
      this.#observations.push(`${this.#throttled} bad requests were answered 429, and not judged`);
    return this.#made === cases.length && this.#throttled < cases.length / 10;
  }

  async #runLane(
    lane: Lane,
    { queue, total }: { readonly queue: Iterator<BadCase>; readonly total: number },
  ): Promise<void> {
    for (let next = queue.next(); next.done !== true; next = queue.next()) {
      if (this.#isDead || performance.now() > this.#deadline) return;
      const one = next.value;
      const kind = `${one.endpoint} × ${one.mutation}`;
      if ((this.#silences.get(kind) ?? 0) < silencesMax) {
        this.#underWay.add(one);
        const made = await lane.take(one);
        this.#noteOutcome(made, kind);
        this.#underWay.delete(one);
      }
      this.#made++;
      this.#options.onProgress?.(this.#made, total);
    }
    if (!this.#isDead) await lane.lookBack();
  }

  #noteOutcome(made: Made, kind: string): void {
    const { outcome } = made;
    if (outcome.kind === "answer" && outcome.status === 429) this.#throttled++;
    if (outcome.kind === "silence") this.#silences.set(kind, (this.#silences.get(kind) ?? 0) + 1);
    if (
      !this.#isDead &&
      (!this.#target.isAlive() || (outcome.kind === "broken" && /ECONNREFUSED/u.test(outcome.why)))
    ) {
      this.#isDead = true;
      this.#faults.push(deathFault(made, [...this.#underWay]));
    }
  }

  /** Nobody has pushed for this user with a good token. */
  async #lookAtBystander(): Promise<void> {
    const bystander = this.#bystander;
    if (this.#isDead || bystander === undefined) return;
    const { ops } = await readLog(this.#exchanger, bystander);
    const [first] = ops;
    const isTold = this.#allFaults().some(({ requirements }) => requirements.includes("WF-AUTH-1"));
    if (first === undefined || isTold) return;
    this.#faults.push({
      kind: "bystander",
      requirements: ["WF-AUTH-1"],
      text: "pushes with bad tokens of a user, each of which was refused",
      expected: "nothing in the user's log",
      seen: `op ${first.id} with the operation_id ${first.operation_id}`,
      requests: [pullOf(bystander, "?since=0")],
    });
  }

  /** Whether bad acknowledgements have moved a cursor shows only in what a compaction does. */
  async #watchCursor(cases: readonly BadCase[]): Promise<void> {
    if (this.#isDead) return;
    const acks = cases.filter(({ endpoint }) => endpoint === "POST /sync/ack");
    const watch = CursorWatch.of({
      target: this.#target,
      exchanger: this.#exchanger,
      options: this.#options,
    });
    if (watch === undefined) {
      this.#observations.push(
        "whether bad acknowledgements move a cursor was not seen: only a compact hook over HTTP shows it",
      );
      return;
    }
    this.#faults.push(...(await watch.look(acks)));
  }

  async #sendFrames(): Promise<void> {
    const caller = this.#isDead || !this.#hasSocket ? undefined : await freshCaller(this.#target);
    if (caller === undefined) return;
    const { signal, seed } = this.#options;
    const { faults, sent, unanswered } = await sendBadFrames(this.#target.baseUrl, caller, {
      seed: numberOf(seed),
      signal,
    });
    this.#faults.push(...faults);
    this.#made += sent;
    if (unanswered > 0)
      this.#observations.push(`${unanswered} of ${sent} bad frames were passed over in silence`);
  }

  async #lookAfterwards([lane]: readonly Lane[]): Promise<void> {
    if (this.#isDead) return;
    const request = pullOf(lane!.caller, "?since=0&limit=1");
    const outcome = await this.#exchanger.exchange(request);
    if (outcome.kind === "answer" && outcome.status === 200 && outcome.tookMs <= quickAnswerMs) {
      if (!this.#target.isAlive()) this.#faults.push(deathFault(undefined, []));
      this.#observations.push(...(await noteHabits(this.#exchanger, lane!.caller)));
      return;
    }
    this.#faults.push({
      kind: "afterwards",
      requirements: ["WF-PUSH-12"],
      text: `a good pull after ${this.#made} bad requests`,
      expected: `200 within ${quickAnswerMs} ms`,
      seen: `${describeOutcome(outcome)} after ${outcome.tookMs} ms`,
      requests: [request],
    });
  }

  #allFaults(): readonly ProbeFault[] {
    return [...this.#lanes.flatMap(({ faults }) => faults), ...this.#faults];
  }

  #report(outcome: ProbeReport["outcome"], missing?: readonly string[]): ProbeReport {
    const isDone = outcome === "pass" || outcome === "fail";
    return {
      outcome,
      findings: findingsOf(this.#allFaults(), this.#target.baseUrl),
      requirements: isDone ? badInputProbe.requirements : [],
      requests: this.#exchanger.requests,
      observations: this.#observations,
      ...(missing === undefined ? {} : { missing }),
    };
  }
}

function deathFault(made: Made | undefined, underWay: readonly BadCase[]): ProbeFault {
  const texts = underWay.map(({ endpoint, text }) => `${endpoint} with ${text}`);
  return {
    kind: "death",
    requirements: made?.made.requirements ?? ["WF-PUSH-12"],
    text: texts.length === 0 ? "bad requests" : `bad requests; under way were: ${texts.join("; ")}`,
    expected: "the server to go on answering",
    seen: "it is gone",
    requests: made === undefined ? [] : [made.request],
  };
}

/** A seed for what takes numbers. */
const numberOf = (seed: string): number => createHash("sha256").update(seed).digest().readInt32BE(0);
