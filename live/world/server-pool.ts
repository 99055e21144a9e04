// Which scenario runs on which servers. Scenarios with fresh users do each other no harm, so those that leave the
// servers alone share one group of each kind; those that crash them, move their clocks or put their database back get a
// group to themselves, and hand it on to the next one. Starting a server costs far more than running a scenario.
import type { Ability, Scenario } from "../../scenarios/format/types.ts";
import type { GroupKind } from "./server-group.ts";

export interface ServerPoolOptions<Group> {
  readonly start: (kind: GroupKind) => Promise<Group>;
  /** Groups that are up at the same time, in use or not. */
  readonly groupsMax: number;
}

/** A group as a scenario needs it. */
export interface Wish extends GroupKind {
  /** Others may run on it at the same time. */
  readonly isShared: boolean;
}

export interface Lease<Group> {
  readonly group: Group;
  /** Gives the group back. `keep: false` when nobody should run on it any more. */
  release(options: { readonly keep: boolean }): void;
}

/** Who gives groups to runs. */
export interface Leases<Group> {
  startAhead(wishes: readonly Wish[]): Promise<void>;
  lease(wish: Wish): Promise<Lease<Group>>;
  close(): Promise<void>;
}

/** What a scenario may do to its servers that others would feel. */
const harmful: ReadonlySet<Ability> = new Set<Ability>([
  "crash",
  "backup",
  "clock",
  "skew",
  "statements",
  "processes",
  "pause",
  "database",
  "database-restart",
  "disk-full",
]);

export function sharesServers(scenario: Scenario): boolean {
  return scenario.processes === 1 && !scenario.needs.some((ability) => harmful.has(ability));
}

/** The database server that a scenario must not share with others; absent where it may. */
export function ownDatabaseServerOf({ needs }: Scenario): GroupKind["ownDatabaseServer"] {
  const hasSmallDisk = needs.includes("disk-full");
  return hasSmallDisk || needs.includes("database-restart") ? { hasSmallDisk } : undefined;
}

interface Entry<Group> {
  readonly key: string;
  readonly isShared: boolean;
  readonly group: Promise<Group>;
  users: number;
  isRetired: boolean;
}

export class ServerPool<Group extends { dispose(): Promise<void> }> implements Leases<Group> {
  readonly #options: ServerPoolOptions<Group>;
  readonly #entries = new Set<Entry<Group>>();
  readonly #disposals = new Set<Promise<unknown>>();
  #waiting: (() => void)[] = [];
  #isClosed = false;

  constructor(options: ServerPoolOptions<Group>) {
    this.#options = options;
  }

  /** Starts groups before anybody asks for them, as far as there is room: one after the other, so that the first one
   *  is not slowed down by the rest. A failure shows when somebody asks. */
  async startAhead(wishes: readonly Wish[]): Promise<void> {
    for (const wish of wishes) {
      const key = keyOf(wish);
      const has = [...this.#entries].some((entry) => entry.key === key && entry.isShared === wish.isShared);
      if (this.#isClosed || this.#entries.size >= this.#options.groupsMax) return;
      if (!has) await this.#open(wish).group.catch(() => undefined);
    }
  }

  /** A group for one scenario; waits while all are in use.
   *  Errors: what starting a group throws. */
  async lease(wish: Wish): Promise<Lease<Group>> {
    const entry = await this.#find(wish);
    try {
      return { group: await entry.group, release: ({ keep }) => this.#release(entry, keep) };
    } catch (error) {
      this.#release(entry, false);
      throw error;
    }
  }

  /** Ends all groups, also those in use. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    for (const entry of [...this.#entries]) this.#dispose(entry);
    await Promise.all(this.#disposals);
  }

  async #find(wish: Wish): Promise<Entry<Group>> {
    const key = keyOf(wish);
    const { isShared } = wish;
    for (;;) {
      if (this.#isClosed) throw new Error("the live world is closed");
      const ready = [...this.#entries].find(
        (entry) =>
          entry.key === key &&
          entry.isShared === isShared &&
          (isShared || entry.users === 0) &&
          !entry.isRetired,
      );
      const entry = ready ?? (this.#makeRoom() ? this.#open(wish) : undefined);
      if (entry !== undefined) {
        entry.users++;
        return entry;
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Ends the group that has been idle for longest, if there is no room without. */
  #makeRoom(): boolean {
    if (this.#entries.size < this.#options.groupsMax) return true;
    const idle = [...this.#entries].find(({ users }) => users === 0);
    if (idle === undefined) return false;
    this.#dispose(idle);
    return true;
  }

  #open(wish: Wish): Entry<Group> {
    const group = this.#options.start(wish);
    group.catch(() => undefined);
    const entry: Entry<Group> = {
      key: keyOf(wish),
      isShared: wish.isShared,
      group,
      users: 0,
      isRetired: false,
    };
    this.#entries.add(entry);
    return entry;
  }

  #release(entry: Entry<Group>, keep: boolean): void {
    entry.users--;
    if (!keep) entry.isRetired = true;
    if (entry.users === 0) {
      // Last in, last out: who was just in use is the last to be given up.
      if (this.#entries.delete(entry)) this.#entries.add(entry);
      if (entry.isRetired) this.#dispose(entry);
    }
    this.#wake();
  }

  #dispose(entry: Entry<Group>): void {
    if (!this.#entries.delete(entry)) return;
    const disposal: Promise<unknown> = entry.group
      .then((group) => group.dispose())
      .catch(() => undefined)
      .finally(() => this.#disposals.delete(disposal));
    this.#disposals.add(disposal);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

function keyOf({ protocol, config, processes, hasLines, ownDatabaseServer, server }: GroupKind): string {
  const settings = Object.entries(config).sort(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify([protocol.id, settings, processes, hasLines, ownDatabaseServer, server]);
}
