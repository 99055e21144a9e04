// The durable state of a device: its own settings and the account that it works for, changed by one step at a time.
// A step reads the mirror when its turn comes, so an edit made while a page is being applied is neither lost nor
// overlaid with something older.
import { isUuid } from "../../protocol/waveflow/messages.ts";
import type { DeviceId } from "../../protocol/waveflow/types.ts";
import { AccountState, slotOfAccount } from "./account-state.ts";
import type { CheckedBinding } from "./binding.ts";
import { DurableStep } from "./durable-step.ts";
import { parseMode, type Mode } from "./modes.ts";
import type { Disk, Ids } from "./ports.ts";
import { Serial } from "./serial.ts";

export class DeviceStore {
  readonly #disk: Disk;
  readonly #ids: Ids;
  readonly #serial = new Serial();
  #deviceId: DeviceId = "";
  #mode: Mode = "local";
  #account: AccountState | undefined;

  constructor(ports: { disk: Disk; ids: Ids }) {
    this.#disk = ports.disk;
    this.#ids = ports.ids;
  }

  /** Reads the disk, and makes the device's own settings where there are none yet.
   *  Errors: `DiskFailed`; `TypeError` for a device id that is no UUID. */
  open(first: { deviceId: DeviceId; mode: string }): Promise<void> {
    return this.#serial.run(async () => {
      if (first.deviceId !== "" && !isUuid(first.deviceId)) {
        throw new TypeError(`expected a UUID as device id, got ${first.deviceId}`);
      }
      const contents = await this.#disk.load();
      const own = contents.get("meta");
      const deviceId = own?.get("deviceId");
      if (typeof deviceId === "string") {
        this.#deviceId = deviceId;
        this.#mode = parseMode(own?.get("mode"));
      } else {
        await this.#commit((step) => {
          const minted = first.deviceId === "" ? this.#ids.uuid() : first.deviceId;
          step.put("meta", "deviceId", minted);
          step.afterwards(() => {
            this.#deviceId = minted;
          });
          this.setMode(step, parseMode(first.mode));
        });
      }
      const slot = own?.get("account");
      this.#account = new AccountState(typeof slot === "number" ? slot : 0, this.#ids, contents);
    });
  }

  /** Lets the steps end that have begun; from then on none begins. */
  async close(): Promise<void> {
    this.#account = undefined;
    await this.#serial.idle();
  }

  get deviceId(): DeviceId {
    return this.#deviceId;
  }

  get mode(): Mode {
    return this.#mode;
  }

  /** Errors: `DeviceStopped` outside of start and stop. */
  get account(): AccountState {
    if (this.#account === undefined) throw new DeviceStopped();
    return this.#account;
  }

  /** The account, or `undefined` outside of start and stop. */
  get current(): AccountState | undefined {
    return this.#account;
  }

  /** Runs one durable step for the account; does nothing and returns `undefined` where the device has meanwhile
   *  turned to another one or been stopped: what was asked for one account must not touch the next.
   *  Errors: `DiskFailed`; then nothing has changed. */
  step<T>(account: AccountState, work: (step: DurableStep) => T): Promise<T | undefined> {
    return this.#serial.run(() => (this.#account === account ? this.#commit(work) : nothingDone));
  }

  setMode(step: DurableStep, mode: Mode): void {
    step.put("meta", "mode", mode);
    step.afterwards(() => {
      this.#mode = mode;
    });
  }

  /** Turns to the account of the binding, which keeps what it had if it was here before. What was edited before the
   *  first binding belongs to the first account.  Source: WF-DEV-14. */
  bind(binding: CheckedBinding): Promise<void> {
    const { server, token, profile, user, accountKey } = binding;
    return this.#serial.run(async () => {
      const present = this.account;
      if (server === "") {
        await this.#commit((step) => present.set(step, { server }));
        return;
      }
      const known = present.settings.accountKey;
      const stays = known === "" || known === accountKey;
      const contents = stays ? undefined : await this.#disk.load();
      if (contents === undefined) {
        await this.#commit((step) => present.set(step, { server, token, profile, user, accountKey }));
        return;
      }
      const slot = slotOfAccount(contents, accountKey);
      const next = new AccountState(slot, this.#ids, contents);
      await this.#commit((step) => {
        step.put("meta", "account", slot);
        next.set(step, { server, token, profile, user, accountKey });
      });
      if (this.#account === present) this.#account = next;
    });
  }

  async #commit<T>(work: (step: DurableStep) => T): Promise<T> {
    const step = new DurableStep();
    const result = work(step);
    if (step.writes.length > 0) await this.#disk.commit(step.writes);
    step.committed();
    return result;
  }
}

const nothingDone = Promise.resolve(undefined);

/** The device was used before `start` or after `stop`. */
export class DeviceStopped extends Error {
  readonly code = "device_stopped";
  override readonly name = "DeviceStopped";
  constructor() {
    super("expected a started device");
  }
}
