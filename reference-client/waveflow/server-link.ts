// A device's link to its server: the passes, one at a time, the live socket, and what makes them run by themselves.
import type { OpContent, ServerId } from "../../protocol/waveflow/types.ts";
import { closeCodes } from "../../protocol/waveflow/types.ts";
import { acknowledge } from "./acknowledge.ts";
import { Automatic } from "./automatic.ts";
import type { DeviceContext } from "./context.ts";
import { writeDirectly } from "./direct-write.ts";
import { drain } from "./drain.ts";
import type {
  AckOutcome,
  ConnectOutcome,
  DrainOutcome,
  EditOutcome,
  PassOutcome,
  PullOutcome,
} from "./outcomes.ts";
import { DiskFailed, type Ids } from "./ports.ts";
import { oweResync, pull } from "./pull.ts";
import { Passes } from "./serial.ts";
import { Subscriber } from "./subscriber.ts";

export class ServerLink {
  readonly #context: DeviceContext;
  readonly #passes = new Passes();
  readonly #subscriber: Subscriber;
  readonly #automatic: Automatic;
  /** An exchange went wrong since the last ACK: the server may have lost it with its memory. */
  #isAckDoubtful = false;

  constructor(context: DeviceContext) {
    const { clock, config } = context;
    this.#context = context;
    this.#subscriber = new Subscriber(context, {
      pullWanted: () => this.#react(() => this.#followUp()),
      advanced: () => void this.#watch(this.#automatic.wake(() => this.#acknowledgeIfDue())),
      closed: (code) => this.#socketClosed(code),
      watch: (work) => void this.#watch(work),
    });
    this.#automatic = new Automatic({
      clock,
      config,
      work: {
        drain: () => this.drain(),
        pull: () => this.pull(),
        acknowledgeIfDue: () => this.#acknowledgeIfDue(),
        connect: () => this.connect(),
        isLive: () => this.isLive,
      },
    });
  }

  start(): void {
    this.#context.gate.change();
    if (this.#context.config.automatic) this.#automatic.start();
  }

  stop(): void {
    this.#automatic.stop();
    this.#subscriber.close();
    this.#context.gate.change();
  }

  /** Mode, token or account changed. Whoever waits for a new token may try again; a socket belongs to the token and
   *  the account that it was opened with. */
  changed(): void {
    this.#context.gate.change();
    this.#subscriber.close();
    this.#automatic.changed();
  }

  /** An edit is in the queue. */
  edited(): void {
    void this.#watch(this.#automatic.wake(() => this.drain()));
  }

  /** Sends what is pending. */
  drain(): Promise<DrainOutcome> {
    return this.#passes.run("drain", async () => this.#heard(await drain(this.#context)));
  }

  /** Pulls to the end; walks from 0 where that is due. */
  pull(): Promise<PullOutcome> {
    return this.#passes.run("pull", () => {
      const wasLive = this.#subscriber.isLive;
      return this.#pullHolding((pulled) => wasLive && pulled.applied > 0);
    });
  }

  /** Reads everything anew: durably owed first, so that a crash before the walk does not forget it. */
  async resync(): Promise<PullOutcome> {
    await oweResync(this.#context, { account: this.#context.store.account });
    return this.pull();
  }

  /** Tells the server what is durably applied. */
  acknowledge(): Promise<AckOutcome> {
    return this.#passes.run("acknowledge", async () => {
      this.#isAckDoubtful = false;
      return this.#heard(await acknowledge(this.#context, this.#subscriber));
    });
  }

  /** Opens the live socket, then catches up.  Source: WF-DEV-10. */
  async connect(): Promise<ConnectOutcome> {
    this.#subscriber.hold();
    try {
      const opened = this.#heard(await this.#subscriber.open());
      if (opened.outcome !== "complete") return { ...opened, live: false };
      const pulled = await this.#followUp();
      return { ...opened, live: this.#subscriber.isLive, pull: pulled };
    } finally {
      this.#subscriber.release({ broughtOps: false });
    }
  }

  disconnect(): void {
    this.#subscriber.close();
  }

  /** One edit straight to the server. */
  write(ids: Ids, content: OpContent): Promise<EditOutcome> {
    return this.#passes.runAlone(() => writeDirectly(this.#context, ids, content));
  }

  get isLive(): boolean {
    return this.#subscriber.isLive;
  }

  /** The highest ACK that the server was told: in an answered POST, or over the present socket. */
  get acknowledged(): ServerId {
    return Math.max(this.#context.store.current?.settings.acknowledged ?? 0, this.#subscriber.acknowledged);
  }

  get diskFault(): string | undefined {
    return this.#automatic.diskFault;
  }

  /** A pull that the socket wants, and that therefore says nothing against it. */
  #followUp(): Promise<PullOutcome> {
    return this.#passes.run("follow up", () => this.#pullHolding(() => false));
  }

  async #pullHolding(speaksAgainstSocket: (pulled: PullOutcome) => boolean): Promise<PullOutcome> {
    this.#subscriber.hold();
    let broughtOps = false;
    try {
      const pulled = this.#heard(await pull(this.#context));
      broughtOps = speaksAgainstSocket(pulled);
      return pulled;
    } finally {
      this.#subscriber.release({ broughtOps });
    }
  }

  #acknowledgeIfDue(): Promise<PassOutcome | undefined> {
    const cursor = this.#context.store.current?.settings.cursor ?? 0;
    const isDue = this.#isAckDoubtful || cursor > this.acknowledged;
    return isDue ? this.acknowledge() : nothingDue;
  }

  #socketClosed(code: number): void {
    this.#isAckDoubtful = true;
    this.#automatic.socketClosed();
    if (code === closeCodes.resyncRequired) this.#react(() => this.#followUp());
  }

  /** Follows the socket: by itself where the device is automatic and not backing off, else because it was asked to
   *  connect. */
  #react(pass: () => Promise<PassOutcome>): void {
    void this.#watch(this.#context.config.automatic ? this.#automatic.wake(pass) : pass());
  }

  #heard<Outcome extends PassOutcome>(outcome: Outcome): Outcome {
    if (outcome.outcome === "unanswered" || (outcome.status ?? 0) >= 500) this.#isAckDoubtful = true;
    return outcome;
  }

  /** Looks after work that nobody waits for: a failing disk is reported, anything else is a bug and surfaces. */
  async #watch(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!(error instanceof DiskFailed)) throw error;
      this.#automatic.diskFailed(error);
    }
  }
}

const nothingDue = Promise.resolve(undefined);
