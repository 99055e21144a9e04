// The way between a server process and the simulated database. Every named statement is one round trip, addressed by
// what it means, so that a world can delay it, crash the process around it, or lose its answer.
import type { DeviceId } from "../../protocol/waveflow/types.ts";
import type { Hearing } from "../world/database-line.ts";
import type { Transaction, TransactionPurpose } from "../../reference-server/waveflow/ports.ts";

/** The statements of the port, and those that every transaction has. */
export type StatementName = "begin" | keyof Transaction | "commit" | "rollback";

/** A round trip by meaning. `transaction` is one object per transaction and tells them apart. */
export interface StatementAddress {
  readonly purpose: TransactionPurpose;
  readonly statement: StatementName;
  readonly device?: DeviceId | undefined;
  readonly transaction: object;
}

export interface DatabaseWire {
  /** Calls `start` when the database hears the statement, and settles by `hearing` when its answer has come back; both
   *  are the world's to time. */
  roundTrip<Answer, Result>(
    address: StatementAddress,
    start: (done: (answer: Answer) => void) => void,
    hearing: Hearing<Answer, Result>,
  ): Promise<Result>;
}

/** Ends a round trip with what `hearing` makes of its answer. */
export function hear<Answer, Result>(
  hearing: Hearing<Answer, Result>,
  answer: Answer,
  end: { readonly resolve: (result: Result) => void; readonly reject: (error: Error) => void },
): void {
  try {
    end.resolve(hearing.answered(answer));
  } catch (error) {
    end.reject(error as Error);
  }
}

/** No distance at all: an answer comes as soon as the statement has run, or the lock that it waits for is its own. */
export const immediateWire: DatabaseWire = {
  roundTrip: (_address, start, hearing) =>
    new Promise((resolve, reject) => start((answer) => hear(hearing, answer, { resolve, reject }))),
};
