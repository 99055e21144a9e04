// Writes down in which order the statements of a simulated run reached the database. It stands between the server and its
// line to the database and only looks: the run is the same with it and without.
// Ends with the first look at who has come to rest, because from there on no order is anybody's plan.
import type { History } from "../../invariants/history.ts";
import type { StatementOrder } from "../../scenarios/format/statement-order.ts";
import type { SimProtocol, SimServerOptions } from "../../sim/world/protocol.ts";

type RoundTrip = SimServerOptions["line"]["roundTrip"];

/** A statement as it was met. */
interface Met {
  readonly deviceId: string | undefined;
  readonly purpose: string;
  readonly transaction: object;
  readonly statement: string;
  /** When the database heard it and when it had answered, in the order of these moments. */
  readonly from: number;
  until: number;
}

export interface OrderRecorder {
  /** The protocol to simulate. */
  readonly sim: SimProtocol;
  /** The order of the run that it was simulated in; `history` knows what devices are called. */
  orderOf(history: History): StatementOrder;
}

/** For one run. Of the server's own jobs only compaction is written down, whose purpose `job` is: the others come when
 *  timers say so, and timers are not repeated. */
export function recordingOrder(protocol: SimProtocol, job: string): OrderRecorder {
  const met: Met[] = [];
  let moments = 0;
  let isOver = false;
  const watched =
    (roundTrip: RoundTrip): RoundTrip =>
    (address, start, hearing) =>
      roundTrip(
        address,
        (done) => {
          const { device, purpose, transaction, statement } = address;
          if (isOver || statement === "rollback" || (device === undefined && purpose !== job))
            return start(done);
          const one = { deviceId: device, purpose, transaction, statement, from: ++moments, until: Infinity };
          met.push(one);
          start((answer) => {
            one.until = ++moments;
            done(answer);
          });
        },
        hearing,
      );
  return {
    sim: {
      ...protocol,
      createServer: (options) =>
        protocol.createServer({
          ...options,
          line: { roundTrip: watched(options.line.roundTrip.bind(options.line)) },
        }),
      readHead: (options) => {
        isOver = true;
        return protocol.readHead(options);
      },
    },
    orderOf: (history) => orderOf(met, history),
  };
}

function orderOf(met: readonly Met[], history: History): StatementOrder {
  const names = deviceNames(history);
  // Whoever reads the server for the world is no part of the run.
  const known = met.filter(({ deviceId }) => deviceId === undefined || names.has(deviceId.toLowerCase()));
  const numbers = new Map<object, number>();
  const transactionsOf = new Map<string, number>();
  const occurrences = new Map<object, Map<string, number>>();
  const knowledge = new Knowledge(known);
  return known.map((one, place) => {
    const device = one.deviceId === undefined ? "" : names.get(one.deviceId.toLowerCase())!;
    const kind = `${device} ${one.purpose}`;
    let transaction = numbers.get(one.transaction);
    if (transaction === undefined) {
      transaction = (transactionsOf.get(kind) ?? 0) + 1;
      transactionsOf.set(kind, transaction);
      numbers.set(one.transaction, transaction);
    }
    const counts = occurrences.get(one.transaction) ?? new Map<string, number>();
    occurrences.set(one.transaction, counts);
    const nth = (counts.get(one.statement) ?? 0) + 1;
    counts.set(one.statement, nth);
    const { purpose, statement } = one;
    return { device, purpose, transaction, statement, nth, after: knowledge.newsFor(place) };
  });
}

/** Ids as they were first joined with, so that a copy counts as its model: the server cannot tell them apart either. */
function deviceNames(history: History): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const event of history.events) {
    if (event.kind !== "joined") continue;
    const id = event.deviceId.toLowerCase();
    if (!names.has(id)) names.set(id, event.actor);
  }
  return names;
}

/** What must have been answered when a statement comes, as a clock for each transaction: whatever follows from what the
 *  transaction has waited for before is not said again. */
class Knowledge {
  readonly #met: readonly Met[];
  /** After each statement: of each transaction, the latest place that is known to be answered. */
  readonly #clocks: ReadonlyMap<object, number>[] = [];
  readonly #lastOwn = new Map<object, number>();

  constructor(met: readonly Met[]) {
    this.#met = met;
  }

  /** Asked for every place, in order. */
  newsFor(place: number): readonly number[] {
    const one = this.#met[place]!;
    const own = this.#lastOwn.get(one.transaction);
    const clock = new Map<object, number>(own === undefined ? [] : this.#clocks[own]);
    const news: number[] = [];
    for (let earlier = place - 1; earlier >= 0; earlier--) {
      const other = this.#met[earlier]!;
      if (other.transaction === one.transaction || other.until > one.from) continue;
      if ((clock.get(other.transaction) ?? -1) >= earlier) continue;
      news.push(earlier);
      clock.set(other.transaction, earlier);
      for (const [transaction, known] of this.#clocks[earlier]!) {
        if (known > (clock.get(transaction) ?? -1)) clock.set(transaction, known);
      }
    }
    clock.set(one.transaction, place);
    this.#clocks[place] = clock;
    this.#lastOwn.set(one.transaction, place);
    return news;
  }
}
