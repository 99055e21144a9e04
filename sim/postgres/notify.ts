// NOTIFY: said inside a transaction, heard after its commit, in the order of commits; the same words twice in one
// transaction are heard once; a rollback says nothing. A session hears nothing while it is inside a transaction.
// Source: PostgreSQL manual, NOTIFY; LISTEN.

export interface Notification {
  readonly channel: string;
  readonly payload: string;
}

export interface Listener {
  readonly channel: string;
  /** While it answers false, what arrives is kept. */
  isReady(): boolean;
  readonly onNotify: (payload: string) => void;
  readonly kept: string[];
}

/** Source: PostgreSQL manual, NOTIFY; LISTEN. */
export class NotificationHub {
  readonly #listeners = new Set<Listener>();
  readonly #undelivered: Notification[] = [];

  listen(channel: string, isReady: () => boolean, onNotify: (payload: string) => void): () => void {
    const listener: Listener = { channel, isReady, onNotify, kept: [] };
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Whether something waits for a session to leave its transaction. */
  hasKept(): boolean {
    for (const listener of this.#listeners) if (listener.kept.length > 0) return true;
    return false;
  }

  /** A transaction that said these has committed. */
  publish(notifications: readonly Notification[]): void {
    this.#undelivered.push(...notifications);
  }

  /** Hands out what is due. A listener may run statements, whose notifications come after those already here. */
  deliver(): void {
    while (this.#undelivered.length > 0) {
      const next = this.#undelivered.shift()!;
      for (const listener of this.#listeners) {
        if (listener.channel === next.channel) listener.kept.push(next.payload);
      }
      this.#deliverKept();
    }
    this.#deliverKept();
  }

  #deliverKept(): void {
    if (!this.hasKept()) return;
    for (const listener of [...this.#listeners]) {
      while (listener.kept.length > 0 && listener.isReady()) {
        const payload = listener.kept.shift();
        if (payload !== undefined) listener.onNotify(payload);
      }
    }
  }
}

/** What a transaction has said so far, each once.  Source: PostgreSQL manual, NOTIFY. */
export function addNotification(said: Notification[], channel: string, payload: string): void {
  const isKnown = said.some((other) => other.channel === channel && other.payload === payload);
  if (!isKnown) said.push({ channel, payload });
}
