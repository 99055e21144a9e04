// Faults that a scenario has placed at statements of the server, and that nobody has run into yet.
import type { ServerAction } from "../../scenarios/format/types.ts";

/** A statement by meaning: what its transaction is for, its name, and the id of the device whose request caused it, if
 *  one did. */
export interface StatementAddress {
  readonly purpose: string;
  readonly statement: string;
  readonly device?: string | undefined;
  /** Tells transactions apart, so that the n-th occurrence is counted within one. */
  readonly transaction: object;
}

export type Trap = Extract<ServerAction, { purpose: string; position: "before" | "after" }>;

interface ArmedTrap {
  readonly trap: Trap;
  readonly seenIn: WeakMap<object, number>;
}

export class StatementTraps {
  #armed: ArmedTrap[] = [];

  arm(trap: Trap): void {
    this.#armed.push({ trap, seenIn: new WeakMap() });
  }

  disarm(): void {
    this.#armed = [];
  }

  /** Traps that nobody has run into, as scenario lines say them. */
  unsprung(): readonly string[] {
    return this.#armed.map(
      ({ trap }) =>
        `server: ${trap.verb.replace("-", " ")} ${trap.purpose} ${trap.position} ${trap.statement}`,
    );
  }

  /** The trap that this statement runs into, which is used up by it. */
  spring(address: StatementAddress, deviceNamed: (deviceId: string) => string | undefined): Trap | undefined {
    if (this.#armed.length === 0) return undefined;
    for (const armed of this.#armed) {
      const { trap } = armed;
      if (trap.purpose !== address.purpose || trap.statement !== address.statement) continue;
      if (trap.device !== undefined && trap.device !== deviceNamed(address.device ?? "")) continue;
      const seen = (armed.seenIn.get(address.transaction) ?? 0) + 1;
      armed.seenIn.set(address.transaction, seen);
      if (seen < trap.nth) continue;
      this.#armed = this.#armed.filter((other) => other !== armed);
      return trap;
    }
    return undefined;
  }
}
