// Which run has the one server at an address. Runs with fresh users share it; one that crashes it or moves its clock has
// it to itself. First come, first served: who waits for all others to leave is passed by nobody.
import type { Lease, Leases, Wish } from "./server-pool.ts";

export interface SoleServerOptions<Group> {
  readonly group: Group;
  /** Brings the server back to where the next run can begin.  Errors: it cannot be brought back. */
  readonly makeWhole: () => Promise<void>;
  readonly dispose: () => Promise<void>;
}

export class SoleServer<Group> implements Leases<Group> {
  readonly #options: SoleServerOptions<Group>;
  #sharing = 0;
  #isTaken = false;
  #isDoubtful = false;
  #isClosed = false;
  #waiting: { readonly isShared: boolean; readonly go: () => void }[] = [];

  constructor(options: SoleServerOptions<Group>) {
    this.#options = options;
  }

  /** There is nothing to start. */
  async startAhead(): Promise<void> {
    await Promise.resolve();
  }

  /** Errors: those of `makeWhole`. */
  async lease({ isShared }: Pick<Wish, "isShared">): Promise<Lease<Group>> {
    await new Promise<void>((go) => {
      this.#waiting.push({ isShared, go });
      this.#letIn();
    });
    try {
      if (this.#isClosed) throw new Error("the live world is closed");
      if (this.#isDoubtful) await this.#options.makeWhole();
      this.#isDoubtful = false;
    } catch (error) {
      this.#release(isShared, true);
      throw error;
    }
    let isReleased = false;
    return {
      group: this.#options.group,
      release: ({ keep }) => {
        if (isReleased) return;
        isReleased = true;
        this.#release(isShared, keep);
      },
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { go } of this.#waiting.splice(0)) go();
    await this.#options.dispose();
  }

  #letIn(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#isTaken || (!next.isShared && this.#sharing > 0)) return;
      this.#waiting.shift();
      if (next.isShared) this.#sharing++;
      else this.#isTaken = true;
      next.go();
    }
  }

  #release(isShared: boolean, keep: boolean): void {
    if (!keep) this.#isDoubtful = true;
    if (isShared) this.#sharing--;
    else this.#isTaken = false;
    this.#letIn();
  }
}
