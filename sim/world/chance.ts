// Accidents by chance: which statement crashes a server, which durable step a device, and when they come back. Each is
// drawn from its own address; calm ends them all.
import type { CommitFate } from "../disk/sim-disk.ts";
import type { Decisions } from "../kernel/addressed-random.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { DatabaseLineOptions } from "./database-line.ts";
import { type Accidents, noAccidents } from "./trouble.ts";

export class Chance {
  readonly #kernel: Kernel;
  #accidents: Accidents;

  constructor(kernel: Kernel, accidents: Accidents) {
    this.#kernel = kernel;
    this.#accidents = accidents;
  }

  calm(): void {
    this.#accidents = noAccidents;
  }

  /** The fates of one server process's statements. */
  statementFates(server: string): DatabaseLineOptions["fate"] {
    const decisionsByPurpose = new Map<string, Map<string, Decisions>>();
    return ({ purpose, statement }) => {
      const { crashServer, loseDatabaseAnswer } = this.#accidents;
      if (crashServer === 0 && loseDatabaseAnswer === 0) return "pass";
      let decisions = decisionsByPurpose.get(purpose);
      if (decisions === undefined) decisionsByPurpose.set(purpose, (decisions = new Map()));
      let drawn = decisions.get(statement);
      if (drawn === undefined)
        decisions.set(statement, (drawn = this.#kernel.random.decisions(server, `${purpose} ${statement}`)));
      const draw = drawn.next();
      const point = draw % 1_000_000;
      if (point < crashServer) return draw % 2 === 0 ? "crash-before" : "crash-after";
      return point < crashServer + loseDatabaseAnswer ? "lose-answer" : "pass";
    };
  }

  /** The fates of one device's durable steps. */
  commitFates(device: string): () => CommitFate {
    const decisions = this.#kernel.random.decisions(device, "commit fate");
    return () => {
      const { crashDevice, failDisk } = this.#accidents;
      if (crashDevice === 0 && failDisk === 0) return "pass";
      const draw = decisions.next();
      const point = draw % 1_000_000;
      if (point < crashDevice) return draw % 2 === 0 ? "crash-before" : "crash-after";
      return point < crashDevice + failDisk ? "fail" : "pass";
    };
  }

  /** When somebody who crashed is back by itself; `undefined` where a step or the calm has to bring it back. */
  returnAfterMs(name: string): number | undefined {
    const { crashServer, crashDevice, restartAfterMaxMs } = this.#accidents;
    if (crashServer === 0 && crashDevice === 0) return undefined;
    return this.#kernel.random.decisions(name, "restart").nextBetween(1, restartAfterMaxMs);
  }
}
