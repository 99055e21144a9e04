// Says whether bad acknowledgements have moved a cursor, seen from outside: a device that has acknowledged nothing holds a
// compaction back, and when it does so no longer, one of them has counted.
import type { ProbeOptions, ProbeTarget } from "../probe.ts";
import { Exchanger } from "../probes/exchange.ts";
import type { ProbeFault } from "../probes/faults.ts";
import type { WireRequest } from "../probes/wire-request.ts";
import { ackOf, type BadCase, type Caller, pushOf, type Turn } from "./bad-case.ts";
import { acknowledgeGood, compactOverHook, freshCaller, goodBody, pushGood, uuidOf } from "./caller.ts";

export interface CursorWatchOptions {
  readonly target: ProbeTarget;
  readonly exchanger: Exchanger;
  readonly options: ProbeOptions;
}

export class CursorWatch {
  readonly #options: CursorWatchOptions;
  readonly #hooks: Exchanger;
  readonly #controlToken: string;
  #rounds = 0;
  /** The requests of the last round, in order. */
  #last: readonly WireRequest[] = [];

  private constructor(options: CursorWatchOptions, hooks: Exchanger, controlToken: string) {
    this.#options = options;
    this.#hooks = hooks;
    this.#controlToken = controlToken;
  }

  /** Undefined where nothing compacts over HTTP. */
  static of(options: CursorWatchOptions): CursorWatch | undefined {
    const { controlUrl, controlToken } = options.target;
    if (controlUrl === undefined || controlToken === undefined) return undefined;
    const { signal } = options.options;
    const hooks = new Exchanger({ baseUrl: controlUrl, timeoutMs: 10_000, connectionsMax: 1, signal });
    return new CursorWatch(options, hooks, controlToken);
  }

  /** One fault with the smallest group of requests that shows it; none where the cursor stayed.
   *  Errors: `TargetUnusable`. */
  async look(acks: readonly BadCase[]): Promise<readonly ProbeFault[]> {
    try {
      // A compaction that takes too much without any bad acknowledgement says nothing about them.
      if ((await this.#moves([])) !== false) return [];
      if ((await this.#moves(acks)) !== true) return [];
      let guilty = acks;
      while (guilty.length > 1) {
        const half = guilty.slice(0, guilty.length >> 1);
        guilty = (await this.#moves(half)) === true ? half : guilty.slice(guilty.length >> 1);
      }
      // What showed only together with others is shown with all of them.
      const isAlone = (await this.#moves(guilty)) === true;
      return [cursorFault(isAlone ? guilty : acks, this.#last)];
    } finally {
      this.#hooks.close();
    }
  }

  /** Undefined where the hook does not work, which is for the hooks' own probe to say. */
  async #moves(acks: readonly BadCase[]): Promise<boolean | undefined> {
    const { target, exchanger, options } = this.#options;
    const round = String(++this.#rounds);
    const watched = await freshCaller(target);
    if (watched === undefined) return undefined;
    const other = await freshCaller(target, watched.user);
    if (other === undefined) return undefined;
    const ops = [1, 2, 3].map((stamp) => ({
      operationId: uuidOf(options.seed, "cursor", round, String(stamp)),
      entityId: stamp === 3 ? "2" : "1",
      stamp,
    }));
    const { head } = await pushGood(exchanger, watched, ops);
    await acknowledgeGood(exchanger, watched, 0);
    const ack = (caller: Caller, id: number): WireRequest =>
      ackOf(caller, [{ text: `{"last_seen_id":${id}}` }]);
    const turn: Turn = { caller: watched, operationId: "", entityId: "", stamp: 4, highestStamp: 3, head };
    const bad = acks.map((one) => one.build(turn));
    for (const request of bad) await exchanger.exchange(request);
    await acknowledgeGood(exchanger, other, head);
    const push = pushOf(watched, [{ text: goodBody(ops) }]);
    this.#last = [push, ack(watched, 0), ...(bad.length > 3 ? [] : bad), ack(other, head)];
    const compaction = await compactOverHook(this.#hooks, this.#controlToken, watched.user);
    return compaction === undefined ? undefined : compaction.deleted > 0;
  }
}

function cursorFault(guilty: readonly BadCase[], requests: readonly WireRequest[]): ProbeFault {
  const [first] = guilty;
  return {
    kind: "cursor",
    requirements: ["WF-ACK-3"],
    text:
      guilty.length === 1
        ? `${first!.endpoint} with ${first!.text}`
        : `${guilty.length} bad acknowledgements`,
    expected: "the cursor of the device to stay at 0, so that a compaction deletes nothing",
    seen: "a compaction deleted what the device had not acknowledged",
    requests,
    shell: ["# and then POST /control/compact for this user: it has to delete nothing"],
  };
}
