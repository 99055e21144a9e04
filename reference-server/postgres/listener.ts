// A connection of its own that listens to channels, and comes back when it was lost. One for the whole process: PostgreSQL
// wakes every listening connection of a database for every notification in it, whatever the channel.
// Guarantees: notifications arrive in commit order; after a break, `onGap` is called once the channels are heard again, so
// that whoever listens can look for what it has missed. A connection that has silently died is found by a question it
// does not answer.
import pg from "pg";
import { faultOf } from "./faults.ts";
import { connectionSettings } from "./pool.ts";

export interface ListenerOptions {
  readonly url: string;
  /** How often the connection is asked whether it is there. Default: 10000. */
  readonly heartbeatMs?: number;
  /** The first wait before a reconnect; doubles up to `backoffMaxMs`. Default: 50. */
  readonly backoffFirstMs?: number;
  /** Default: 2000. */
  readonly backoffMaxMs?: number;
}

export interface Subscription {
  readonly channel: string;
  readonly onPayload: (payload: string) => void;
  readonly onGap: () => void;
}

const defaults = { heartbeatMs: 10_000, backoffFirstMs: 50, backoffMaxMs: 2_000 };

export class ChannelListener {
  readonly #options: ListenerOptions & typeof defaults;
  readonly #subscriptions = new Set<Subscription>();
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #backoffMs: number;
  #isClosed = false;

  private constructor(options: ListenerOptions) {
    this.#options = { ...defaults, ...options };
    this.#backoffMs = this.#options.backoffFirstMs;
  }

  /** Errors: `SessionLost` or `StatementFailed` when the first attempt to connect fails. */
  static async open(options: ListenerOptions): Promise<ChannelListener> {
    const listener = new ChannelListener(options);
    try {
      await listener.#connect();
    } catch (error) {
      throw faultOf(error);
    }
    return listener;
  }

  /** Returns when the channel is heard. Where the connection is away just now, that is a gap later on.
   *  Errors: `SessionLost` or `StatementFailed` when the connection breaks meanwhile. */
  async subscribe(subscription: Subscription): Promise<{ close(): Promise<void> }> {
    this.#subscriptions.add(subscription);
    try {
      if (this.#client !== undefined) await listen(this.#client, subscription.channel);
    } catch (error) {
      this.#subscriptions.delete(subscription);
      throw faultOf(error);
    }
    return { close: async () => void this.#subscriptions.delete(subscription) };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined) await end(client);
  }

  async #connect(): Promise<void> {
    const settings = connectionSettings({ url: this.#options.url, statementTimeoutMs: heartbeatTimeoutMs });
    const client = new pg.Client({ ...settings, pipeline: true });
    client.on("error", () => undefined);
    client.on("notification", ({ channel, payload }) => this.#onNotification(channel, payload ?? ""));
    try {
      await client.connect();
      // A subscription that comes while this waits finds the connection and listens for itself.
      this.#client = client;
      const channels = new Set([...this.#subscriptions].map(({ channel }) => channel));
      await Promise.all([...channels].map((channel) => listen(client, channel)));
    } catch (error) {
      this.#client = undefined;
      await end(client);
      throw error;
    }
    client.on("end", () => this.#onLost(client));
    this.#backoffMs = this.#options.backoffFirstMs;
    this.#planHeartbeat(client);
  }

  #onNotification(channel: string, payload: string): void {
    for (const subscription of [...this.#subscriptions]) {
      if (subscription.channel === channel) subscription.onPayload(payload);
    }
  }

  #planHeartbeat(client: pg.Client): void {
    this.#timer = setTimeout(() => {
      client.query("SELECT 1").then(
        () => {
          if (client === this.#client) this.#planHeartbeat(client);
        },
        () => this.#onLost(client),
      );
    }, this.#options.heartbeatMs);
    this.#timer.unref();
  }

  #onLost(client: pg.Client): void {
    if (client !== this.#client || this.#isClosed) return;
    this.#client = undefined;
    clearTimeout(this.#timer);
    void end(client);
    this.#planReconnect();
  }

  #planReconnect(): void {
    const waitMs = this.#backoffMs;
    this.#backoffMs = Math.min(waitMs * 2, this.#options.backoffMaxMs);
    this.#timer = setTimeout(() => {
      this.#connect().then(
        () => this.#onBack(),
        () => {
          if (!this.#isClosed) this.#planReconnect();
        },
      );
    }, waitMs);
  }

  #onBack(): void {
    if (this.#isClosed) void this.close();
    else for (const { onGap } of [...this.#subscriptions]) onGap();
  }
}

/** After this without an answer the connection counts as dead. The driver adds its grace. */
const heartbeatTimeoutMs = 5_000;

const listen = async (client: pg.Client, channel: string): Promise<void> => {
  await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
};

/** Ends a connection whatever its state; one that does not say goodbye is left to its socket's timeout. */
async function end(client: pg.Client): Promise<void> {
  const goodbye = client.end().catch(() => undefined);
  await Promise.race([goodbye, new Promise((resolve) => setTimeout(resolve, goodbyeMs).unref())]);
}

const goodbyeMs = 1_000;
