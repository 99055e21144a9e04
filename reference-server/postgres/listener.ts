// A connection of its own that listens to one channel, and comes back when it was lost.
// Guarantees: notifications arrive in commit order; after a break, `onGap` is called once the channel is heard again, so
// that whoever listens can look for what it has missed. A connection that has silently died is found by a question it
// does not answer.
import pg from "pg";
import { faultOf } from "./faults.ts";
import { connectionSettings } from "./pool.ts";

export interface ListenerOptions {
  readonly url: string;
  readonly channel: string;
  readonly onPayload: (payload: string) => void;
  readonly onGap: () => void;
  /** How often the connection is asked whether it is there. Default: 10000. */
  readonly heartbeatMs?: number;
  /** The first wait before a reconnect; doubles up to `backoffMaxMs`. Default: 50. */
  readonly backoffFirstMs?: number;
  /** Default: 2000. */
  readonly backoffMaxMs?: number;
}

const defaults = { heartbeatMs: 10_000, backoffFirstMs: 50, backoffMaxMs: 2_000 };

export class ChannelListener {
  readonly #options: ListenerOptions & typeof defaults;
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #backoffMs: number;
  #isClosed = false;

  private constructor(options: ListenerOptions) {
    this.#options = { ...defaults, ...options };
    this.#backoffMs = this.#options.backoffFirstMs;
  }

  /** Returns when the channel is heard.
   *  Errors: `SessionLost` or `StatementFailed` when the first attempt fails. */
  static async open(options: ListenerOptions): Promise<ChannelListener> {
    const listener = new ChannelListener(options);
    try {
      await listener.#connect();
    } catch (error) {
      throw faultOf(error);
    }
    return listener;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined) await end(client);
  }

  async #connect(): Promise<void> {
    const { url, channel, onPayload } = this.#options;
    const client = new pg.Client(connectionSettings({ url, statementTimeoutMs: heartbeatTimeoutMs }));
    client.on("error", () => undefined);
    client.on("notification", (message) => {
      if (client === this.#client) onPayload(message.payload ?? "");
    });
    // Set before LISTEN: what is announced right after it must already find this connection to be the one.
    this.#client = client;
    try {
      await client.connect();
      await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
    } catch (error) {
      await end(client);
      throw error;
    }
    client.on("end", () => this.#onLost(client));
    this.#backoffMs = this.#options.backoffFirstMs;
    this.#planHeartbeat(client);
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
        () => (this.#isClosed ? this.close() : this.#options.onGap()),
        () => {
          if (!this.#isClosed) this.#planReconnect();
        },
      );
    }, waitMs);
  }
}

/** After this without an answer the connection counts as dead. The driver adds its grace. */
const heartbeatTimeoutMs = 5_000;

/** Ends a connection whatever its state; one that does not say goodbye is left to its socket's timeout. */
async function end(client: pg.Client): Promise<void> {
  const goodbye = client.end().catch(() => undefined);
  await Promise.race([goodbye, new Promise((resolve) => setTimeout(resolve, goodbyeMs).unref())]);
}

const goodbyeMs = 1_000;
