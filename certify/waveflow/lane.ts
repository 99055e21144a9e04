// One caller after another that makes bad requests in turn, and afterwards looks at what has come of them: a lane. Requests
// of one lane follow each other, so that stamp and head are known before each; lanes run side by side.
import { setTimeout as sleep } from "node:timers/promises";
import { jsonEqual } from "../../protocol/json.ts";
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import type { LogOp, PushOp } from "../../protocol/waveflow/types.ts";
import { pushReplySchema } from "../../protocol/waveflow/messages.ts";
import type { ProbeTarget } from "../probe.ts";
import type { Exchanger } from "../probes/exchange.ts";
import type { ProbeFault } from "../probes/faults.ts";
import type { BadCase, Caller, Turn } from "./bad-case.ts";
import { freshCaller, pushGood, readLog, uuidOf } from "./caller.ts";
import { judgeAnswer, type Made } from "./judge-answer.ts";

interface Taken extends Made {
  readonly turn: Turn;
}

export interface LaneOptions {
  readonly target: ProbeTarget;
  readonly exchanger: Exchanger;
  readonly seed: string;
  readonly name: string;
}

export class Lane {
  readonly #options: LaneOptions;
  readonly #faults: ProbeFault[] = [];
  #caller: Caller;
  /** Another device of the same user: what a server does not give to the device that wrote it is another question. */
  #reader: Caller;
  #taken: Taken[] = [];
  #highestStamp = 0;
  #head = 0;
  #turns = 0;

  private constructor(options: LaneOptions, caller: Caller) {
    this.#options = options;
    this.#caller = caller;
    this.#reader = caller;
  }

  /** A lane whose caller has one op in the log; undefined where there is no token for one.
   *  Errors: `TargetUnusable`. */
  static async open(options: LaneOptions): Promise<Lane | undefined> {
    const caller = await freshCaller(options.target);
    if (caller === undefined) return undefined;
    const lane = new Lane(options, caller);
    await lane.#begin();
    return lane;
  }

  get faults(): readonly ProbeFault[] {
    return this.#faults;
  }

  get caller(): Caller {
    return this.#caller;
  }

  /** Makes one bad request. Answers whether the server was there to answer it.
   *  Errors: `TargetUnusable`, when the lane has to begin anew and cannot. */
  async take(made: BadCase): Promise<Made> {
    const turn = this.#nextTurn();
    const request = made.build(turn);
    const lawful = made.lawful(turn, request);
    const outcome = await this.#options.exchanger.exchange(request);
    const taken: Taken = { made, request, lawful, outcome, turn };
    this.#taken.push(taken);
    const faults = judgeAnswer(taken);
    this.#faults.push(...faults);
    this.#note(taken);
    // What was taken and should not have been may have left stamps that nobody foresees: others begin from scratch.
    if (faults.length > 0 && isSuccess(taken)) await this.#beginAnew();
    return taken;
  }

  /** Looks at the log and holds it against the answers.  Errors: `TargetUnusable`. */
  async lookBack(): Promise<void> {
    // What was cut off may still be at work in a server that takes half a request for a whole one.
    if (this.#taken.some(({ outcome }) => outcome.kind === "cut")) await sleep(cutSettlesMs);
    const { ops, head } = await readLog(this.#options.exchanger, this.#reader);
    this.#faults.push(...judgeLog(ops, this.#taken, this.#seedOperation()));
    const top = Math.max(0, ...ops.map(({ id }) => id));
    if (head !== top && ops.length > 0) this.#faults.push(headFault(this.#taken, { head, top }));
    this.#taken = [];
  }

  async #beginAnew(): Promise<void> {
    await this.lookBack();
    const caller = await freshCaller(this.#options.target);
    if (caller === undefined) return;
    this.#caller = caller;
    await this.#begin();
  }

  async #begin(): Promise<void> {
    this.#reader = (await freshCaller(this.#options.target, this.#caller.user)) ?? this.#caller;
    this.#highestStamp = 1;
    const op = { operationId: this.#seedOperation(), entityId: "seed", stamp: 1 };
    this.#head = (await pushGood(this.#options.exchanger, this.#caller, [op])).head;
  }

  #seedOperation(): string {
    const { seed, name } = this.#options;
    return uuidOf(seed, name, "seed");
  }

  #nextTurn(): Turn {
    const { seed, name } = this.#options;
    const number = String(++this.#turns);
    return {
      caller: this.#caller,
      operationId: uuidOf(seed, name, number),
      entityId: `${name}-${number}`,
      stamp: this.#highestStamp + 1,
      highestStamp: this.#highestStamp,
      head: this.#head,
    };
  }

  /** What a success has changed. */
  #note({ lawful, outcome, turn }: Taken): void {
    if (outcome.kind !== "answer" || outcome.status !== 200) return;
    const reply = pushReplySchema.safeParse(outcome.json);
    if (!reply.success) return;
    this.#head = Math.max(this.#head, reply.data.head);
    const stamps = lawful.kept?.map((op) => op.lamport_ts) ?? [turn.stamp];
    this.#highestStamp = Math.max(this.#highestStamp, ...stamps);
  }
}

/** Units: milliseconds. */
const cutSettlesMs = 150;

const isSuccess = ({ outcome }: Made): boolean => outcome.kind === "answer" && outcome.status < 300;

/** Every op of the log is there because a push was answered 200, with the content that it was pushed with; and every op
 *  of such a push is there.  Source: WF-PUSH-7, WF-PUSH-12. */
function judgeLog(
  ops: readonly LogOp[],
  taken: readonly Taken[],
  seedOperation: string,
): readonly ProbeFault[] {
  const faults: ProbeFault[] = [];
  const byOperation = new Map<string, LogOp>();
  for (const op of ops) byOperation.set(idKey(op.operation_id), op);
  byOperation.delete(idKey(seedOperation));
  for (const one of taken) {
    const expected = new Map((one.lawful.kept ?? []).map((op) => [idKey(op.operation_id), op]));
    const keys = new Set([idKey(one.turn.operationId), ...expected.keys()]);
    for (const key of keys) {
      const stored = byOperation.get(key);
      byOperation.delete(key);
      const fault = judgeStored(one, { stored, sent: expected.get(key) });
      if (fault !== undefined) faults.push(fault);
    }
  }
  // An op that nobody pushed under this id comes from a push that was taken although it is none: that is a fault already.
  const isExplained = taken.some((one) => isSuccess(one) && judgeAnswer(one).length > 0);
  const [left] = byOperation.values();
  if (left !== undefined && !isExplained) faults.push(strayFault(left, taken));
  return faults;
}

/** Operation ids by their digits alone, however they were spelled. */
const idKey = (operationId: string): string => uuidKey(operationId).replaceAll(/[^0-9a-f]/gu, "");

function judgeStored(
  one: Taken,
  { stored, sent }: { readonly stored: LogOp | undefined; readonly sent: PushOp | undefined },
): ProbeFault | undefined {
  const { made, request, outcome } = one;
  const fault = (what: string, told: Pick<ProbeFault, "requirements" | "expected" | "seen">): ProbeFault => ({
    kind: `${made.endpoint} × ${made.mutation} × ${what}`,
    text: `${made.endpoint} with ${made.text}`,
    requests: [request],
    ...told,
  });
  if (!isSuccess(one)) {
    if (stored === undefined) return undefined;
    const answered = outcome.kind === "answer" ? `it was answered ${outcome.status}` : `it had no answer`;
    return fault("an effect", {
      requirements: made.requirements,
      expected: "nothing of it in the log",
      seen: `${answered}, and op ${stored.id} of the log has its operation_id`,
    });
  }
  if (sent === undefined) return undefined;
  if (stored === undefined) {
    return fault("not stored", {
      requirements: ["WF-PUSH-7"],
      expected: "all of a push that was answered 200 in the log",
      seen: "it was answered 200, and the log does not have it",
    });
  }
  const member = contentMembers.find((name) => !jsonEqual(stored[name], sent[name]));
  if (member === undefined) return undefined;
  return fault("other content", {
    requirements: ["WF-PUSH-12"],
    expected: `${member} ${shorten(sent[member])} to come back equal`,
    seen: `${member} ${shorten(stored[member])}`,
  });
}

const contentMembers = ["entity_type", "entity_id", "op", "field", "value", "lamport_ts"] as const;

function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function strayFault(stray: LogOp, taken: readonly Taken[]): ProbeFault {
  return {
    kind: "an op that nobody pushed",
    requirements: ["WF-PUSH-12"],
    text: `${taken.length} bad requests`,
    expected: "none of them to have an effect",
    seen: `op ${stray.id} of the log, ${shorten(stray)}, was in no push that was answered 200`,
    requests: taken
      .filter(({ made }) => made.endpoint === "POST /sync/ops")
      .slice(-1)
      .map(({ request }) => request),
  };
}

function headFault(
  taken: readonly Taken[],
  { head, top }: { readonly head: number; readonly top: number },
): ProbeFault {
  return {
    kind: "head after bad requests",
    requirements: ["WF-PULL-6"],
    text: `a full read after ${taken.length} bad requests`,
    expected: `head ${top}, which is the highest id of the log; nothing has been compacted`,
    seen: `head ${head}`,
    requests: [],
  };
}
