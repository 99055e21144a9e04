// The probe of the hooks: what moves a server's clock or compacts a log is nobody's who does not know the control token,
// and for whoever knows it, it does what the contract says.
// Source: certification.md section 2.
import { isJsonObject } from "../../protocol/json.ts";
import type { Probe, ProbeOptions, ProbeReport, ProbeTarget } from "../probe.ts";
import { Exchanger, type WireOutcome } from "../probes/exchange.ts";
import { findingsOf, type ProbeFault } from "../probes/faults.ts";
import type { WireRequest } from "../probes/wire-request.ts";
import type { Caller } from "./bad-case.ts";
import { acknowledgeGood, describeOutcome, freshCaller, pushGood, TargetUnusable, uuidOf } from "./caller.ts";

export const hooksProbe: Probe = {
  id: "waveflow/probe/hooks",
  title:
    "Hooks are closed to whoever does not have the control token, and do what they say for whoever has it",
  protocol: "waveflow/1",
  level: "core",
  requirements: ["WF-AUTH-1", "WF-AUTH-2"],
  run: (target, options) => new HooksRun(target, options).run(),
};

type Hook = "compact" | "clock" | "state";

class HooksRun {
  readonly #target: ProbeTarget;
  readonly #options: ProbeOptions;
  readonly #exchanger: Exchanger;
  /** Where the hooks are, or would be. */
  readonly #hooks: Exchanger;
  readonly #hookUrl: string;
  readonly #faults: ProbeFault[] = [];
  readonly #observations: string[] = [];

  constructor(target: ProbeTarget, options: ProbeOptions) {
    this.#target = target;
    this.#options = options;
    this.#hookUrl = target.controlUrl ?? target.baseUrl;
    const bounds = { timeoutMs: 10_000, connectionsMax: 2, signal: options.signal };
    this.#exchanger = new Exchanger({ baseUrl: target.baseUrl, ...bounds });
    this.#hooks = new Exchanger({ baseUrl: this.#hookUrl, ...bounds });
  }

  async run(): Promise<ProbeReport> {
    try {
      const caller = await freshCaller(this.#target);
      if (caller === undefined) return this.#report("blocked", ["tokens"]);
      await this.#prepareLog(caller);
      const isSeen = await this.#seesCompactions();
      const clockBefore = await this.#readClock();
      await this.#knock(caller);
      await this.#lookAfter(isSeen ? caller : undefined, clockBefore);
      await this.#useThem(caller);
      return this.#report(this.#faults.length > 0 ? "fail" : "pass");
    } catch (error) {
      if (!(error instanceof TargetUnusable)) throw error;
      const { requirement, expected, seen } = error;
      const text = "a good request before the hooks are tried";
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
      this.#hooks.close();
    }
  }

  /** A log of which a compaction would take the first op. */
  async #prepareLog(caller: Caller): Promise<void> {
    const ops = [1, 2, 3].map((stamp) => ({
      operationId: uuidOf(this.#options.seed, "hooks", caller.user, String(stamp)),
      entityId: stamp === 3 ? "2" : "1",
      stamp,
    }));
    const { head } = await pushGood(this.#exchanger, caller, ops);
    await acknowledgeGood(this.#exchanger, caller, head);
  }

  /** Every hook with everything that is not the control token. */
  async #knock(caller: Caller): Promise<void> {
    const { controlToken } = this.#target;
    const almost =
      controlToken === undefined
        ? []
        : ([
            ["the control token without its last letter", `Bearer ${controlToken.slice(0, -1)}`, "WF-AUTH-1"],
            ["the control token and a letter more", `Bearer ${controlToken}x`, "WF-AUTH-1"],
            ["the control token under the scheme Basic", `Basic ${controlToken}`, "WF-AUTH-1"],
          ] as const);
    const keys: readonly (readonly [text: string, value: string | undefined, rule: string])[] = [
      ["no token", undefined, "WF-AUTH-1"],
      ["an empty token", "Bearer ", "WF-AUTH-1"],
      ["a wrong token", "Bearer wrong", "WF-AUTH-1"],
      ["the token undefined", "Bearer undefined", "WF-AUTH-1"],
      ["a user's own token", `Bearer ${caller.token}`, "WF-AUTH-2"],
      ...almost,
    ];
    for (const hook of ["compact", "clock", "state"] as const) {
      for (const [text, value, rule] of keys) {
        const request = withKey(requestOf(hook, caller.user), value);
        this.#judgeKnock(await this.#hooks.exchange(request), { hook, text, rule, request });
      }
    }
  }

  #judgeKnock(
    outcome: WireOutcome,
    knock: {
      readonly hook: Hook;
      readonly text: string;
      readonly rule: string;
      readonly request: WireRequest;
    },
  ): void {
    const { hook, text, rule, request } = knock;
    const status = outcome.kind === "answer" ? outcome.status : 0;
    if (status === 404) return;
    // The contract asks for a 404; another refusal lets nobody in either.
    if (status >= 400 && status < 500) {
      const note = `the ${hook} hook answers ${status} to whoever has no control token; the contract has 404`;
      if (!this.#observations.includes(note)) this.#observations.push(note);
      return;
    }
    // Somebody else may be there when no hook is declared: a page for every path is no hook.
    if (this.#target.controlToken === undefined && !isHookAnswer(hook, outcome)) return;
    this.#faults.push({
      kind: `${hook} × ${rule} × ${status}`,
      requirements: [rule],
      text: `the ${hook} hook with ${text}`,
      expected: "404, as if there were no such hook",
      seen: describeOutcome(outcome),
      requests: [request],
    });
  }

  /** What knocking has done, seen with the token. */
  async #lookAfter(caller: Caller | undefined, clockBefore: ClockReading | undefined): Promise<void> {
    const clockAfter = await this.#readClock();
    if (clockBefore !== undefined && clockAfter !== undefined) {
      const drift = clockAfter.epochMs - clockBefore.epochMs - (clockAfter.at - clockBefore.at);
      if (Math.abs(drift) > advanceMs / 2) {
        this.#effect("the server's clock to go on as it was", `it moved by ${Math.round(drift)} ms`);
      }
    }
    if (caller !== undefined && (await this.#compact(caller)) === 0) {
      this.#effect(
        "an op that is superseded and acknowledged to be there still, for the compaction with the token",
        "that compaction found nothing to delete",
      );
    }
  }

  /** Whether a compaction shows by what it deletes: for a user whom nobody has knocked for. */
  async #seesCompactions(): Promise<boolean> {
    const caller = this.#target.controlToken === undefined ? undefined : await freshCaller(this.#target);
    if (caller === undefined) return false;
    await this.#prepareLog(caller);
    return ((await this.#compact(caller)) ?? 0) > 0;
  }

  /** How many ops went; undefined where the hook does not say. */
  async #compact({ user }: Caller): Promise<number | undefined> {
    const outcome = await this.#open("compact", user);
    if (outcome?.kind !== "answer" || outcome.status !== 200 || !isJsonObject(outcome.json)) return undefined;
    const { deleted } = outcome.json;
    return typeof deleted === "number" ? deleted : undefined;
  }

  #effect(expected: string, seen: string): void {
    // Without an answer that tells, an open hook would already be a fault of its own.
    if (this.#faults.length > 0) return;
    this.#faults.push({
      kind: "effects",
      requirements: ["WF-AUTH-1"],
      text: "hooks that were called without the control token",
      expected,
      seen,
      requests: [],
    });
  }

  /** With the token, by the contract. What is not there is told, and is no fault: hooks are optional. */
  async #useThem(caller: Caller): Promise<void> {
    if (this.#target.controlToken === undefined) {
      this.#observations.push("no hooks over HTTP are declared, and none was open");
      return;
    }
    const shapes: readonly (readonly [Hook, (body: unknown) => boolean, string])[] = [
      ["compact", isCompaction, "{compacted_up_to, deleted}"],
      ["clock", (body) => readNow(body) !== undefined, "{now}"],
      ["state", isState, "{head, compacted_up_to, ops, cursors}"],
    ];
    for (const [hook, isRight, shape] of shapes) {
      const outcome = await this.#open(hook, caller.user);
      if (outcome?.kind === "answer" && outcome.status === 200 && isRight(outcome.json)) continue;
      if (outcome?.kind === "answer" && outcome.status === 404) {
        this.#observations.push(`there is no ${hook} hook`);
        continue;
      }
      const seen = outcome === undefined ? "nothing" : describeOutcome(outcome);
      this.#observations.push(
        `the ${hook} hook does not answer as the contract says: expected 200 ${shape}, saw ${seen}`,
      );
    }
    await this.#misuseThem();
  }

  /** With the token, and nonsense: our own affair and no rule's, so it is only told. */
  async #misuseThem(): Promise<void> {
    const bodies = [
      "",
      "{",
      "null",
      "[]",
      "{}",
      '{"user":5}',
      '{"user":null}',
      '{"advance_ms":"x"}',
      '{"advance_ms":-1}',
    ];
    for (const path of ["/control/compact", "/control/clock"]) {
      for (const text of bodies) {
        const outcome = await this.#hooks.exchange({
          method: "POST",
          path,
          headers: [
            ["Authorization", `Bearer ${this.#target.controlToken}`],
            ["Content-Type", "application/json"],
          ],
          body: [{ text }],
        });
        const isFailed = outcome.kind !== "answer" || outcome.status >= 500;
        if (isFailed)
          this.#observations.push(`POST ${path} with ${text || "no body"}: ${describeOutcome(outcome)}`);
      }
    }
  }

  async #readClock(): Promise<ClockReading | undefined> {
    if (this.#target.controlToken === undefined) return undefined;
    const outcome = await this.#hooks.exchange(
      withKey(requestOf("clock", "", 0), `Bearer ${this.#target.controlToken}`),
    );
    const epochMs = outcome.kind === "answer" && outcome.status === 200 ? readNow(outcome.json) : undefined;
    return epochMs === undefined ? undefined : { epochMs, at: performance.now() };
  }

  /** A hook with its token. The clock is moved by nothing. */
  async #open(hook: Hook, user: string): Promise<WireOutcome | undefined> {
    const { controlToken } = this.#target;
    if (controlToken === undefined) return undefined;
    return this.#hooks.exchange(withKey(requestOf(hook, user, 0), `Bearer ${controlToken}`));
  }

  #report(outcome: ProbeReport["outcome"], missing?: readonly string[]): ProbeReport {
    const { controlToken } = this.#target;
    const withoutToken = (line: string): string =>
      controlToken === undefined ? line : line.replaceAll(controlToken, `'"$SEATRIAL_CONTROL_TOKEN"'`);
    return {
      outcome,
      findings: findingsOf(this.#faults, this.#hookUrl).map((finding) => ({
        ...finding,
        reproduce: finding.reproduce.map(withoutToken),
      })),
      requirements: outcome === "blocked" ? [] : hooksProbe.requirements,
      requests: this.#exchanger.requests + this.#hooks.requests,
      observations: this.#observations,
      ...(missing === undefined ? {} : { missing }),
    };
  }
}

interface ClockReading {
  readonly epochMs: number;
  /** By our own clock.  Units: milliseconds. */
  readonly at: number;
}

/** An hour, which no measurement hides. */
const advanceMs = 3_600_000;

function requestOf(hook: Hook, user: string, byMs = advanceMs): WireRequest {
  const headers = [["Content-Type", "application/json"]] as const;
  switch (hook) {
    case "compact":
      return {
        method: "POST",
        path: "/control/compact",
        headers,
        body: [{ text: JSON.stringify({ user }) }],
      };
    case "clock":
      return { method: "POST", path: "/control/clock", headers, body: [{ text: `{"advance_ms":${byMs}}` }] };
    case "state":
      return { method: "GET", path: `/control/state/${encodeURIComponent(user)}`, headers: [] };
  }
}

const withKey = (request: WireRequest, value: string | undefined): WireRequest =>
  value === undefined ? request : { ...request, headers: [["Authorization", value], ...request.headers] };

function isHookAnswer(hook: Hook, outcome: WireOutcome): boolean {
  if (outcome.kind !== "answer") return false;
  const { json } = outcome;
  return hook === "compact"
    ? isCompaction(json)
    : hook === "clock"
      ? readNow(json) !== undefined
      : isState(json);
}

const isId = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;

const isCompaction = (body: unknown): boolean =>
  isJsonObject(body) && isId(body.compacted_up_to) && isId(body.deleted);

const isState = (body: unknown): boolean =>
  isJsonObject(body) && isId(body.head) && Array.isArray(body.ops) && Array.isArray(body.cursors);

/** Milliseconds since the epoch, or a date as a text. */
function readNow(body: unknown): number | undefined {
  const now = isJsonObject(body) ? body.now : undefined;
  const epochMs = typeof now === "string" ? Date.parse(now) : now;
  return typeof epochMs === "number" && Number.isFinite(epochMs) ? epochMs : undefined;
}
