// Reads from a device's account of itself, from one moment to the next, what it did durably in between, and writes
// that down in the words of the history. A device of our own tells these things itself; one that somebody else wrote
// does not have to know that there is a history.
//
// A look is taken before each port call of the device and after each verb, so no two durable steps lie between two
// looks unless no port call does. What becomes durable in the moment of a crash is not seen, and no law counts on it:
// a crash hides the last step of our own devices as well.
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import type {
  LamportTs,
  LogOp,
  PullReply,
  PushOp,
  PushReply,
  ServerId,
} from "../../protocol/waveflow/types.ts";
import type { WaveflowNote } from "../../invariants/waveflow/events.ts";
import type { StepTally } from "./step-tally.ts";
import type { ForeignAccount } from "./foreign-device.ts";

export interface AccountWatchOptions {
  readonly note: (note: WaveflowNote) => void;
  readonly tally: StepTally;
  readonly account: () => ForeignAccount;
}

/** A read from 0 by a device that had a cursor: the way back after a 410. */
interface Walk {
  readonly ops: LogOp[];
  /** The head, once its last page has come. */
  head: ServerId | undefined;
  /** Something was made durable since. */
  isFollowed: boolean;
}

export class AccountWatch {
  readonly #options: AccountWatchOptions;
  /** `undefined` before the first account. */
  #cursor: ServerId | undefined;
  /** Stamps by operation. Nothing of an account is kept itself: it may be the device's own, and change. */
  #pending: ReadonlyMap<string, LamportTs> = new Map();
  #dead: ReadonlySet<string> = new Set();
  #parked: ReadonlySet<ServerId> = new Set();
  /** What pages and frames have brought above the cursor. */
  readonly #given = new Map<ServerId, LogOp>();
  #walk: Walk | undefined;
  readonly #named = new Set<string>();
  readonly #edits = new Set<string>();

  constructor(options: AccountWatchOptions) {
    this.#options = options;
  }

  /** Takes the account as it is as the one to compare with; nothing is noted. */
  begin(): void {
    this.#remember(this.#options.account());
  }

  pushed(reply: PushReply): void {
    for (const { operation_id } of reply.results) this.#named.add(uuidKey(operation_id));
  }

  pulled(since: ServerId, reply: PullReply): void {
    if (since === 0 && (this.#cursor ?? 0) > 0) {
      this.#given.clear();
      this.#walk = { ops: [], head: undefined, isFollowed: false };
      this.#options.note({ kind: "resync-started" });
    }
    for (const op of reply.ops) this.given(op);
    const walk = this.#walk;
    if (walk === undefined || walk.head !== undefined) return;
    walk.ops.push(...reply.ops);
    if (!reply.has_more) walk.head = reply.head;
  }

  given(op: LogOp): void {
    this.#given.set(op.id, op);
  }

  /** The device has made something durable. */
  committed(): void {
    if (this.#walk?.head !== undefined) this.#walk.isFollowed = true;
  }

  /** Notes what is new since the last look. */
  look(): void {
    const cursor = this.#cursor;
    if (cursor === undefined) return;
    const now = this.#options.account();
    this.#compareQueue(now);
    for (const { id, operationId } of now.parked ?? []) {
      if (this.#parked.has(id)) continue;
      this.#options.tally.count("parked");
      this.#options.note({ kind: "parked", id, operationId, reason: "set aside" });
    }
    this.#compareCursor(cursor, now);
    this.#remember(now);
  }

  #compareQueue(now: ForeignAccount): void {
    const { note, tally } = this.#options;
    const rows = new Map(now.pending.map((op) => [uuidKey(op.operation_id), op]));
    let isRestamped = false;
    for (const [operationId, op] of rows) {
      const stamp = this.#pending.get(operationId);
      if (stamp === undefined) this.#edited(operationId, op);
      else if (stamp !== op.lamport_ts) isRestamped = true;
    }
    const dead = new Set((now.deadLetters ?? []).map(uuidKey));
    for (const operationId of dead) {
      if (this.#dead.has(operationId)) continue;
      tally.count("deadLettered");
      note({ kind: "dead-lettered", operationId, reason: "refused for good" });
    }
    const gone = [...this.#pending.keys()].filter((operationId) => !rows.has(operationId));
    for (const why of ["pushed", "seen"] as const) {
      const operationIds = gone.filter(
        (one) => !dead.has(one) && this.#named.has(one) === (why === "pushed"),
      );
      tally.count("dropped", operationIds.length);
      if (operationIds.length > 0) note({ kind: "dropped", operationIds, why });
    }
    if (!isRestamped) return;
    tally.count("restamped", now.pending.length);
    note({ kind: "restamped", ops: now.pending.map((op) => ({ ...op })) });
  }

  /** A row that comes back into the queue (the server lost it with a backup) is no new edit. */
  #edited(operationId: string, op: PushOp): void {
    if (this.#edits.has(operationId)) return;
    this.#edits.add(operationId);
    this.#options.note({ kind: "edited", op: { ...op } });
  }

  #compareCursor(before: ServerId, { cursor, parked = [] }: ForeignAccount): void {
    const { note, tally } = this.#options;
    const walk = this.#walk;
    const setAside = new Set(parked.map(({ id }) => id));
    if (walk !== undefined && walk.isFollowed && walk.head === cursor) {
      this.#walk = undefined;
      tally.count("resyncs");
      tally.count("applied", walk.ops.length);
      const ops = walk.ops.filter(({ id }) => !setAside.has(id));
      note({ kind: "applied", ops, cursor, via: "resync" });
    } else if (cursor !== before) {
      const ops = [...this.#given.values()]
        .filter(({ id }) => id > before && id <= cursor && !setAside.has(id))
        .sort((left, right) => left.id - right.id);
      tally.count("applied", ops.length);
      note({ kind: "applied", ops, cursor, via: "pull" });
    } else return;
    for (const id of [...this.#given.keys()]) if (id <= cursor) this.#given.delete(id);
  }

  #remember(account: ForeignAccount): void {
    this.#cursor = account.cursor;
    this.#pending = new Map(account.pending.map((op) => [uuidKey(op.operation_id), op.lamport_ts]));
    for (const operationId of this.#pending.keys()) this.#edits.add(operationId);
    this.#dead = new Set((account.deadLetters ?? []).map(uuidKey));
    this.#parked = new Set((account.parked ?? []).map(({ id }) => id));
  }
}
