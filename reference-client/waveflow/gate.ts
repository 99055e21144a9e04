// Who may talk to the server right now. A pass opens a session and shows it before every exchange: a change of mode,
// token or account closes it, so a pass stops between two batches and not after five thousand rows.
import type { AccountState } from "./account-state.ts";
import type { DeviceStore } from "./device-store.ts";
import { modeAllows, type Mode, type Purpose } from "./modes.ts";

/** Leave to talk to one server for one account. */
export interface Session {
  readonly account: AccountState;
  readonly purpose: Purpose;
  readonly server: string;
  readonly token: string;
  readonly headers: Readonly<Record<string, string>>;
  /** How often the device was bound, started or stopped before. */
  readonly epoch: number;
}

export interface Closed {
  readonly why: string;
}

export const isClosed = (opened: Session | Closed): opened is Closed => "why" in opened;

export class Gate {
  readonly #store: DeviceStore;
  #epoch = 0;
  #halt: string | undefined;
  #modeLent: Mode | undefined;

  constructor(store: DeviceStore) {
    this.#store = store;
  }

  /** A session, or what stands against one.  Source: WF-DEV-5. */
  open(purpose: Purpose): Session | Closed {
    const { current: account, deviceId } = this.#store;
    if (account === undefined) return { why: "stopped" };
    const { server, token } = account.settings;
    if (!modeAllows(this.#mode, purpose)) return { why: `mode ${this.#mode}` };
    if (server === "") return { why: "no server" };
    if (token === "") return { why: "no token" };
    if (this.#halt !== undefined) return { why: this.#halt };
    const headers = { authorization: `Bearer ${token}`, "x-device-id": deviceId };
    return { account, purpose, server, token, headers, epoch: this.#epoch };
  }

  /** Compares with what is so now, and does not wait to be told of a change. */
  isOpen(session: Session): boolean {
    const { settings } = session.account;
    return (
      session.epoch === this.#epoch &&
      session.account === this.#store.current &&
      session.server === settings.server &&
      session.token === settings.token &&
      this.#halt === undefined &&
      modeAllows(this.#mode, session.purpose)
    );
  }

  /** Mode, token, account or life of the device changed: all sessions end, and a refused token may be another now. */
  change(): void {
    this.#epoch++;
    this.#halt = undefined;
  }

  /** The server has shut the door on this session's token: nothing more is sent until something changes. */
  halt(session: Session, why: string): void {
    if (this.isOpen(session)) this.#halt = why;
  }

  get halted(): string | undefined {
    return this.#halt;
  }

  /** Lets `work` talk as if the mode were this one: the queue is emptied before the mode really changes. */
  async lend<T>(mode: Mode, work: () => Promise<T>): Promise<T> {
    this.#modeLent = mode;
    try {
      return await work();
    } finally {
      this.#modeLent = undefined;
    }
  }

  get #mode(): Mode {
    return this.#modeLent ?? this.#store.mode;
  }
}
