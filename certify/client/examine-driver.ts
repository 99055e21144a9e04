// The first talk with a driver: whether it is one, what it can, and what its client shows. Everything that can be wrong
// with a driver before any server is involved comes out here, before a database is started for it.
import { randomUUID } from "node:crypto";
import { makeDeviceDirectory } from "../../live/leftovers/directories.ts";
import { DriverFailed } from "./driver-failed.ts";
import { type DriverCommand, DriverProcess, type DriverTimes } from "./driver-process.ts";
import type { Greeting } from "./messages.ts";
import { readState } from "./seat.ts";

export interface Examined {
  readonly greeting: Greeting;
  /** The members of its state. */
  readonly members: ReadonlySet<string>;
}

/** Nobody listens there, and nobody is asked: the client was not told to.  Source: RFC 863, port 9. */
const nowhere = "http://127.0.0.1:9";

/** Starts the driver once, on an empty directory.
 *  Errors: `DriverFailed`. */
export async function examineDriver(command: DriverCommand, times: DriverTimes): Promise<Examined> {
  const directory = makeDeviceDirectory();
  try {
    return await examine(directory.path, { command, times });
  } finally {
    directory.remove();
  }
}

async function examine(
  storage: string,
  options: { readonly command: DriverCommand; readonly times: DriverTimes },
): Promise<Examined> {
  const { driver, greeting } = await DriverProcess.start(options);
  try {
    const answer = await driver.ask({
      do: "configure",
      storage,
      server: nowhere,
      user: "somebody",
      token: "a.b.c",
      deviceId: randomUUID(),
      automatic: false,
      timers: {},
    });
    if ("refused" in answer)
      throw new DriverFailed("failed_itself", `the driver refused "configure": ${answer.refused}`);
    const state = await readState(driver);
    if (Object.keys(state.entities).length > 0 || state.cursor !== 0 || state.pending !== 0) {
      const seen = `cursor ${state.cursor}, ${state.pending} waiting, ${Object.keys(state.entities).length} entities`;
      throw new DriverFailed(
        "failed_itself",
        `on an empty storage the driver shows ${seen}; expected nothing. Is everything kept in "storage"?`,
      );
    }
    return { greeting, members: new Set(Object.keys(state)) };
  } finally {
    await driver.stop();
  }
}
