// The open sockets of one user and the pump that feeds them. Announcements carry no ops; they say that there is
// something to read. The pump reads the log in id order from the lowest place that any of its sockets has reached, one
// read at a time, and every read starts after the wish for it, so nothing that was announced can be missed:
//   1. a socket says hello with head 7;   2. op 8 commits;   3. the socket wakes the pump;   4. it reads from 7.
// Whether 8 was announced before 1, between 1 and 3, or never, makes no difference.
import { type ServerFrame, type ServerId, type UserId } from "../../protocol/waveflow/types.ts";
import type { AckBuffer } from "./ack-buffer.ts";
import type { LiveSocket } from "./live-socket.ts";
import type { Clock, Database, StoredOp, Timer, Transaction } from "./ports.ts";
import { toLogOp } from "./pull.ts";

export interface UserFeedOptions {
  readonly user: UserId;
  readonly database: Database;
  readonly clock: Clock;
  readonly buffer: AckBuffer;
  readonly onFault: (error: unknown) => void;
}

/** What one round of the pump has read. */
interface Round {
  readonly compactedUpTo: ServerId;
  /** Read only after announcements may have been missed. */
  readonly head: ServerId | undefined;
  /** Acknowledged ids as stored, of the devices that may be below the watermark. */
  readonly cursors: ReadonlyMap<LiveSocket, ServerId>;
  readonly ops: readonly StoredOp[];
}

export class UserFeed {
  readonly #options: UserFeedOptions;
  readonly #sockets = new Set<LiveSocket>();
  #compactedUpTo: ServerId = 0;
  #gaps = 0;
  #gapsClosed = 0;
  #isDue = false;
  #isRunning = false;
  #retry: Timer | undefined;

  constructor(options: UserFeedOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#sockets.size === 0;
  }

  /** From here on announcements concern the socket, also while it has not said hello yet. */
  join(socket: LiveSocket): void {
    this.#sockets.add(socket);
  }

  leave(socket: LiveSocket): void {
    this.#sockets.delete(socket);
    if (!this.isEmpty) return;
    this.#retry?.cancel();
    this.#retry = undefined;
  }

  sockets(): readonly LiveSocket[] {
    return [...this.#sockets];
  }

  noteOps(head: ServerId): void {
    for (const socket of this.#sockets) {
      if (!socket.isOpen || socket.sentUpTo >= head) continue;
      this.wake();
      return;
    }
  }

  /** Source: WF-WS-3. */
  noteWatermark(compactedUpTo: ServerId): void {
    this.#compactedUpTo = Math.max(this.#compactedUpTo, compactedUpTo);
    this.wake();
  }

  /** Announcements may have been missed, and the database may have been put back to a backup: what was announced
   *  before counts no more.  Source: WF-WS-4. */
  noteGap(): void {
    this.#gaps++;
    this.#compactedUpTo = 0;
    this.wake();
  }

  /** Has the log read once more, after whatever read is under way. */
  wake(): void {
    this.#isDue = true;
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      while (this.#isDue) {
        this.#isDue = false;
        const present = this.sockets().filter((socket) => socket.isOpen);
        if (present.length > 0) await this.#pump(present);
      }
    } catch (error) {
      this.#options.onFault(error);
      if (this.isEmpty) return;
      this.#retry ??= this.#options.clock.after(retryDelayMs, () => {
        this.#retry = undefined;
        this.wake();
      });
    } finally {
      this.#isRunning = false;
    }
  }

  async #pump(present: readonly LiveSocket[]): Promise<void> {
    const { user, database } = this.#options;
    const gaps = this.#gaps;
    const afterGap = gaps > this.#gapsClosed;
    const round = await database.transaction(
      { isolation: "read committed", purpose: "frames" },
      async (transaction): Promise<Round> => {
        const watermark = afterGap ? (await transaction.readWatermark(user)).compactedUpTo : 0;
        const compactedUpTo = Math.max(watermark, this.#compactedUpTo);
        const cursors = await this.#findCursors(transaction, present, compactedUpTo);
        const head = afterGap ? await transaction.highestId(user) : undefined;
        const since = present.reduce(
          (least, socket) => Math.min(least, socket.sentUpTo),
          Number.MAX_SAFE_INTEGER,
        );
        const ops = await transaction.opsAfter({ user, since, limit: opsPerRead });
        return { compactedUpTo, cursors, head, ops };
      },
    );
    this.#gapsClosed = gaps;
    this.#closeOutrun(present, round);
    for (const stored of round.ops) {
      const frame: ServerFrame = { type: "op", prev_id: stored.prevId, op: toLogOp(stored) };
      for (const socket of present) socket.deliver(stored, frame);
    }
    if (round.ops.length === opsPerRead) this.#isDue = true;
  }

  /** 0 for a device that never acknowledged. */
  async #findCursors(
    transaction: Transaction,
    present: readonly LiveSocket[],
    compactedUpTo: ServerId,
  ): Promise<ReadonlyMap<LiveSocket, ServerId>> {
    const cursors = new Map<LiveSocket, ServerId>();
    for (const socket of present) {
      if (socket.watermarkSeen >= compactedUpTo) continue;
      const { user, deviceKey } = socket.caller;
      cursors.set(socket, (await transaction.findCursor(user, deviceKey)) ?? 0);
    }
    return cursors;
  }

  /** Ends the sockets whose device must read everything again: the watermark has passed what it acknowledged, or it was
   *  sent what the database no longer has.  Source: WF-WS-3, WF-PULL-7. */
  #closeOutrun(present: readonly LiveSocket[], { compactedUpTo, cursors, head }: Round): void {
    const { user, buffer } = this.#options;
    for (const socket of present) {
      const stored = cursors.get(socket);
      if (stored !== undefined) {
        const acknowledged = Math.max(stored, buffer.lastSeenId(user, socket.caller.deviceKey) ?? 0);
        if (acknowledged < compactedUpTo) socket.requireResync(compactedUpTo);
        else socket.watermarkSeen = compactedUpTo;
      }
      if (head !== undefined && socket.sentUpTo > head) socket.requireResync(compactedUpTo);
    }
  }
}

const opsPerRead = 500;
const retryDelayMs = 1_000;
