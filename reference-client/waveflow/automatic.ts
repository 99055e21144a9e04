// The device on its own: a drain at once after an edit, a whole round at the interval, whatever the socket says, and
// after a failure a round when the backoff is over. One timer; passes that meet are put in line by the device.
import { Backoff } from "./backoff.ts";
import type { DeviceConfig } from "./config.ts";
import type { ConnectOutcome, PassOutcome } from "./outcomes.ts";
import { DiskFailed, type Clock, type Timer } from "./ports.ts";

/** What a round is made of. */
export interface RoundWork {
  drain(): Promise<PassOutcome>;
  pull(): Promise<PassOutcome>;
  /** Only if there is something to tell. */
  acknowledgeIfDue(): Promise<PassOutcome | undefined>;
  connect(): Promise<ConnectOutcome>;
  isLive(): boolean;
}

export class Automatic {
  readonly #clock: Clock;
  readonly #config: DeviceConfig;
  readonly #work: RoundWork;
  readonly #lineBackoff: Backoff;
  readonly #socketBackoff: Backoff;
  #timer: Timer | undefined;
  #diskFault: string | undefined;
  #isOn = false;
  #isFailing = false;
  #isRoundRunning = false;
  #isRoundWanted = false;
  /** Units: milliseconds since the epoch. */
  #reconnectAt = 0;

  constructor(setup: { clock: Clock; config: DeviceConfig; work: RoundWork }) {
    const { clock, config, work } = setup;
    this.#clock = clock;
    this.#config = config;
    this.#work = work;
    this.#lineBackoff = new Backoff({ firstMs: config.backoffFirstMs, maxMs: config.backoffMaxMs });
    this.#socketBackoff = new Backoff({ firstMs: config.backoffFirstMs, maxMs: config.backoffMaxMs });
  }

  start(): void {
    this.#isOn = true;
    this.#arm(0);
  }

  stop(): void {
    this.#isOn = false;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Mode, token or account changed: what failed before says nothing about now. */
  changed(): void {
    if (!this.#isOn) return;
    this.#isFailing = false;
    this.#lineBackoff.succeeded();
    this.#socketBackoff.succeeded();
    this.#reconnectAt = 0;
    this.#arm(0);
  }

  /** Something wants to be drained, pulled or acknowledged now. During a backoff it waits for the round. */
  async wake(work: () => Promise<PassOutcome | undefined>): Promise<void> {
    if (!this.#isOn || this.#isFailing) return;
    const outcome = await this.#attempt(work);
    if (this.#isFailure(outcome)) this.#retryLater();
  }

  /** The socket is gone: another try when its own backoff is over. */
  socketClosed(): void {
    if (!this.#isOn || this.#isFailing) return;
    const delayMs = this.#socketBackoff.failedMs();
    this.#reconnectAt = this.#clock.now() + delayMs;
    this.#arm(delayMs);
  }

  /** The disk failed where nobody waited for it. */
  diskFailed(error: DiskFailed): void {
    this.#diskFault = error.message;
    this.#retryLater();
  }

  get diskFault(): string | undefined {
    return this.#diskFault;
  }

  async #round(): Promise<void> {
    if (this.#isRoundRunning) {
      this.#isRoundWanted = true;
      return;
    }
    this.#isRoundRunning = true;
    const failed = await this.#runAll().finally(() => {
      this.#isRoundRunning = false;
    });
    if (!this.#isOn) return;
    if (this.#isRoundWanted) {
      this.#isRoundWanted = false;
      this.#arm(0);
    } else if (failed) this.#retryLater();
    else {
      this.#isFailing = false;
      this.#lineBackoff.succeeded();
      this.#arm(this.#untilNextMs());
    }
  }

  /** Everything is tried even if one thing fails: a push that gets 503 must not keep news from coming in. */
  async #runAll(): Promise<boolean> {
    const work = this.#work;
    const drained = await this.#attempt(() => work.drain());
    const caughtUp = await this.#reconnect();
    const pulled = caughtUp ?? (await this.#attempt(() => work.pull()));
    const acknowledged = await this.#attempt(() => work.acknowledgeIfDue());
    return [drained, pulled, acknowledged].some((outcome) => this.#isFailure(outcome));
  }

  /** Opens the socket again where it is time, and returns the pull that came with it. A server without sockets is no
   *  failure of the round: the device goes on by pulling. */
  async #reconnect(): Promise<PassOutcome | undefined> {
    if (!this.#isOn || !this.#config.live) return undefined;
    if (this.#work.isLive()) {
      this.#socketBackoff.succeeded();
      return undefined;
    }
    if (this.#clock.now() < this.#reconnectAt) return undefined;
    const connected = await this.#attempt(() => this.#work.connect());
    if (this.#isFailure(connected)) this.#reconnectAt = this.#clock.now() + this.#socketBackoff.failedMs();
    return connected === "disk failed" ? undefined : connected.pull;
  }

  #retryLater(): void {
    if (!this.#isOn) return;
    this.#isFailing = true;
    this.#arm(this.#lineBackoff.failedMs());
  }

  #untilNextMs(): number {
    const { drainIntervalMs, live } = this.#config;
    const untilReconnectMs = this.#reconnectAt - this.#clock.now();
    return live && untilReconnectMs > 0 ? Math.min(drainIntervalMs, untilReconnectMs) : drainIntervalMs;
  }

  #arm(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(delayMs, () => this.#round());
  }

  /** A disk that fails is a failure like any other: the mirror is as before, and the next round tries again. */
  async #attempt<T>(work: () => Promise<T>): Promise<T | "disk failed"> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DiskFailed)) throw error;
      this.#diskFault = error.message;
      return "disk failed";
    }
  }

  #isFailure(outcome: PassOutcome | "disk failed" | undefined): boolean {
    if (outcome === undefined) return false;
    return outcome === "disk failed" || outcome.outcome === "failed" || outcome.outcome === "unanswered";
  }
}
