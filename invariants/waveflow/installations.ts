// Who is on which disk under which account: joins, copies and switches, as far as the history tells of them.
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import type { DeviceId } from "../../protocol/waveflow/types.ts";
import type { WaveflowCall } from "./events.ts";
import type { Installation } from "./reading.ts";
import type { UserLog } from "./user-log.ts";

/** An account of an actor at a server, from some era of that server on. */
type Account = Pick<Installation, "actor" | "user" | "device" | "server" | "era">;

export class Installations {
  readonly all: Installation[] = [];
  readonly #present = new Map<string, Installation>();
  readonly #actorNumbers = new Map<string, number>();
  readonly #copiedDisks = new Set<string>();
  readonly #deviceKeys = new Map<DeviceId, DeviceId>();
  readonly #names = new Map<DeviceId, string>();

  present(actor: string): Installation | undefined {
    return this.#present.get(actor);
  }

  /** Lower case; devices are few and named often. */
  deviceKey(device: DeviceId): DeviceId {
    let key = this.#deviceKeys.get(device);
    if (key === undefined) {
      key = uuidKey(device);
      this.#deviceKeys.set(device, key);
    }
    return key;
  }

  /** The scenario's name of a device, else its id. */
  nameOf(device: DeviceId): string {
    return this.#names.get(device) ?? device;
  }

  /** The actor's disk was copied from elsewhere: the next join is another installation, whatever it is called. */
  noteCopiedDisk(actor: string): void {
    this.#copiedDisks.add(actor);
  }

  /** The installation that joins: the present one after a crash, or a new one. */
  join(account: Account): { readonly installation: Installation; readonly isNew: boolean } {
    const { actor, user, server } = account;
    const device = this.deviceKey(account.device);
    const present = this.#present.get(actor);
    const isCopied = this.#copiedDisks.delete(actor);
    const isSame = present?.user === user && present.device === device && present.server === server;
    if (isSame && !isCopied) return { installation: present, isNew: false };
    return { installation: this.#install({ ...account, device, isCopied }), isNew: true };
  }

  /** The installation that a call comes from. One of which nobody told that it joined is made up, and so is one whose
   *  first call under another account was quicker than the word of it. */
  ofCall(from: {
    readonly actor: string;
    readonly user: UserLog;
    readonly request: WaveflowCall;
    readonly era: number;
  }): Installation {
    const { actor, user, request, era } = from;
    const present = this.#present.get(actor);
    const isTheirs = present?.user === user || request.kind === "raw" || request.isByHand === true;
    if (present !== undefined && isTheirs) return present;
    const device = this.deviceKey(request.device);
    return this.#install({
      actor,
      user,
      device,
      server: present?.server ?? "",
      era,
      isCopied: present === undefined,
    });
  }

  #install(made: Account & { readonly isCopied: boolean }): Installation {
    const { actor, user, device, server, isCopied } = made;
    const wasHere = this.all.some(
      (one) => one.device === device && one.user === user && one.server === server,
    );
    const installation: Installation = {
      ...made,
      actorNumber: this.#actorNumber(actor),
      isFresh: !isCopied && !wasHere,
      given: 0,
      moments: [],
    };
    this.all.push(installation);
    this.#present.set(actor, installation);
    if (!this.#names.has(device)) this.#names.set(device, actor);
    return installation;
  }

  #actorNumber(actor: string): number {
    let number = this.#actorNumbers.get(actor);
    if (number === undefined) {
      number = this.#actorNumbers.size;
      this.#actorNumbers.set(actor, number);
    }
    return number;
  }
}
