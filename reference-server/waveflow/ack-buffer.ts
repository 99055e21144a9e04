// Acknowledgements that are not written yet: the latest of each device. A crash loses them, and can only make
// compaction more careful, because a device's first ACK never waits here.
//
// A value leaves the buffer in one way only: it, and no newer one, was part of a transaction that has committed. So a
// write that fails, or whose outcome is unknown, is simply done again.
import type { DeviceId, EpochMs, ServerId, UserId } from "../../protocol/waveflow/types.ts";
import type { Clock, Database, Timer, Transaction } from "./ports.ts";

export interface BufferedAck {
  readonly lastSeenId: ServerId;
  readonly seenAt: EpochMs;
}

/** What a transaction has taken out of the buffer, once it has committed. */
export type MergedAcks = readonly (readonly [DeviceId, BufferedAck])[];

export interface AckBufferOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly flushIntervalMs: number;
  readonly onFault: (error: unknown) => void;
}

export class AckBuffer {
  readonly #options: AckBufferOptions;
  readonly #acksByUser = new Map<UserId, Map<DeviceId, BufferedAck>>();
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: AckBufferOptions) {
    this.#options = options;
  }

  /** Keeps the value if it is the highest of the device, and sees to it that it is written within the interval; after
   *  `close` at once.  Source: WF-ACK-5. */
  async note(user: UserId, device: DeviceId, ack: BufferedAck): Promise<void> {
    let acks = this.#acksByUser.get(user);
    if (acks === undefined) this.#acksByUser.set(user, (acks = new Map()));
    const present = acks.get(device);
    if (present === undefined || present.lastSeenId < ack.lastSeenId) acks.set(device, ack);
    if (this.#isClosed) await this.flushUser(user);
    else this.#arm();
  }

  /** The device's value in memory, or `undefined`. */
  lastSeenId(user: UserId, device: DeviceId): ServerId | undefined {
    return this.#acksByUser.get(user)?.get(device)?.lastSeenId;
  }

  /** Writes the user's values in somebody's transaction; `settle` them after its commit. Rows are taken in one order
   *  by everybody. A value above the head belongs to a history that the database has lost (it was put back to a
   *  backup) and is dropped: written, it would count ops that its device has never seen.  Source: WF-ACK-5, WF-COMP-1. */
  async merge(transaction: Transaction, user: UserId): Promise<MergedAcks> {
    const acks = this.#acksByUser.get(user);
    if (acks === undefined) return [];
    const merged = [...acks].sort(([left], [right]) => (left < right ? -1 : 1));
    const head = await transaction.highestId(user);
    for (const [device, { lastSeenId, seenAt }] of merged) {
      if (lastSeenId <= head) await transaction.raiseCursor({ user, device, lastSeenId, seenAt });
    }
    return merged;
  }

  /** Lets go of what was written, unless a newer value has come meanwhile. */
  settle(user: UserId, merged: MergedAcks): void {
    const acks = this.#acksByUser.get(user);
    if (acks === undefined) return;
    for (const [device, ack] of merged) if (acks.get(device) === ack) acks.delete(device);
    if (acks.size === 0) this.#acksByUser.delete(user);
  }

  /** Writes the user's values now. A failure keeps them for the next time. Two of these at once write the same twice,
   *  one behind the other, because rows are taken in one order. */
  async flushUser(user: UserId): Promise<void> {
    if (!this.#acksByUser.has(user)) return;
    try {
      const merged = await this.#options.database.transaction(
        { isolation: "read committed", purpose: "ack" },
        (transaction) => this.merge(transaction, user),
      );
      this.settle(user, merged);
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  async flushAll(): Promise<void> {
    for (const user of [...this.#acksByUser.keys()]) await this.flushUser(user);
  }

  /** From now on nothing waits: what is here is written, and what still comes is written at once. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.flushAll();
  }

  // Set only while something waits: an idle server has no timer.
  #arm(): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#options.clock.after(this.#options.flushIntervalMs, async () => {
      await this.flushAll();
      this.#timer = undefined;
      if (this.#acksByUser.size > 0 && !this.#isClosed) this.#arm();
    });
  }
}
