// Accidents of processes and disks: which statement crashes a server, which durable step a device, and when they come
// back. Each is drawn from its own address, or pinned by the scenario; calm ends them all.
import type { Accident, AccidentKind } from "../../scenarios/format/types.ts";
import type { AccidentBook, PinnedAccidents } from "../kernel/accident-book.ts";
import type { AddressedRandom, Decisions } from "../kernel/addressed-random.ts";
import type { StatementAddress } from "./statement-traps.ts";
import type { Trouble } from "./trouble.ts";

export interface ChanceOptions {
  readonly random: AddressedRandom;
  readonly book: AccidentBook;
  readonly trouble: Trouble;
}

/** The decisions at one address, with what is pinned there. */
interface Place {
  readonly who: string;
  readonly what: string;
  readonly decisions: Decisions;
  readonly pinned: PinnedAccidents | undefined;
}

export class Chance {
  readonly #options: ChanceOptions;

  constructor(options: ChanceOptions) {
    this.#options = options;
  }

  calm(): void {
    this.#options.book.calm();
  }

  /** What befalls one server process's statements. */
  statementAccidents(server: string): (address: StatementAddress) => Accident | undefined {
    const { book, trouble } = this.#options;
    const { crashServer, loseDatabaseAnswer } = trouble.odds;
    const isIdle = book.isPinned ? !book.concerns(server) : crashServer + loseDatabaseAnswer === 0;
    if (isIdle) return () => undefined;
    const odds: OddsAtPlace = { crash: crashServer, other: loseDatabaseAnswer, otherKind: "lose-answer" };
    const placesByPurpose = new Map<string, Map<string, Place>>();
    return ({ purpose, statement }) => {
      if (book.isCalm) return undefined;
      let places = placesByPurpose.get(purpose);
      if (places === undefined) placesByPurpose.set(purpose, (places = new Map()));
      let place = places.get(statement);
      if (place === undefined)
        places.set(statement, (place = this.#place(server, `${purpose} ${statement}`)));
      return this.#next(place, odds);
    };
  }

  /** What befalls one device's durable steps. */
  commitAccidents(device: string): () => Accident | undefined {
    const { book, trouble } = this.#options;
    const { crashDevice, failDisk } = trouble.odds;
    const isIdle = book.isPinned ? !book.concerns(device) : crashDevice + failDisk === 0;
    if (isIdle) return () => undefined;
    const place = this.#place(device, "durable step");
    return () =>
      book.isCalm ? undefined : this.#next(place, { crash: crashDevice, other: failDisk, otherKind: "fail" });
  }

  /** When somebody is back by itself whom a step has crashed; `undefined` where a step or the calm has to do it. */
  returnAfterMs(name: string): number | undefined {
    const { book, random, trouble } = this.#options;
    if (book.isCalm || !trouble.comesBack) return undefined;
    return random.decisions(name, "restart").nextBetween(1, restartMostMs(trouble));
  }

  #place(who: string, what: string): Place {
    const { random, book } = this.#options;
    return { who, what, decisions: random.decisions(who, what), pinned: book.pinnedAt(who, what) };
  }

  #next({ who, what, decisions, pinned }: Place, odds: OddsAtPlace): Accident | undefined {
    const draw = decisions.next();
    const nth = decisions.occurrences;
    if (pinned !== undefined) return pinned.get(nth);
    const point = draw % 1_000_000;
    if (point < odds.crash) {
      const kind = draw % 2 === 0 ? "crash-before" : "crash-after";
      // Drawn from the accident's own address, so that each crash keeps its own return when another is taken away.
      const { random, trouble } = this.#options;
      const extentMs = random.decisions(who, `${what} return`).between(nth, 1, restartMostMs(trouble));
      return { who, what, nth, kind, extentMs };
    }
    return point < odds.crash + odds.other ? { who, what, nth, kind: odds.otherKind } : undefined;
  }
}

interface OddsAtPlace {
  readonly crash: number;
  readonly other: number;
  readonly otherKind: AccidentKind;
}

const restartMostMs = ({ odds }: Trouble): number => Math.max(1, odds.restartAfterMaxMs);
