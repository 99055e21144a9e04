// One device of a run, through all the lives of its driver: its files, the address of its server, and the process of the
// moment. Nothing of it is left when the run has ended.
import { mkdirSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LiveDriverSeat } from "../../live/world/driver-seat.ts";
import type { LiveDisk } from "../../live/world/protocol.ts";
import { DriverFailed } from "./driver-failed.ts";
import { type DriverCommand, DriverProcess, type DriverTimes } from "./driver-process.ts";
import { Gateway } from "./gateway.ts";
import { type Command, type Greeting, stateSchema } from "./messages.ts";

export interface SeatOptions {
  readonly command: DriverCommand;
  readonly times: DriverTimes;
  readonly greeting: Greeting;
}

type Occupant = Parameters<LiveDriverSeat["begin"]>[0];
type Life = Awaited<ReturnType<LiveDriverSeat["begin"]>>;

export class Seat implements LiveDriverSeat {
  readonly can: ReadonlySet<string>;
  readonly #options: SeatOptions;
  readonly #directory: string;
  #gateway: Promise<Gateway> | undefined;
  #driver: DriverProcess | undefined;
  #lines: readonly string[] = [];

  constructor(directory: string, options: SeatOptions) {
    this.#directory = directory;
    this.#options = options;
    this.can = new Set(options.greeting.can);
  }

  /** Its own commits are none: the files belong to the driver. The end of a life is the end of its process. */
  get disk(): LiveDisk {
    return {
      load: () => Promise.resolve(undefined),
      commit: () => Promise.resolve(),
      close: () => this.#end(),
      freeze: () => {
        this.#driver?.pause();
        return () => this.#driver?.resume();
      },
    };
  }

  async begin(occupant: Occupant): Promise<Life> {
    const storage = join(this.#directory, "storage");
    mkdirSync(storage, { recursive: true });
    const gateway = await (this.#gateway ??= Gateway.open());
    gateway.enter(occupant);
    const { command, times } = this.#options;
    const { driver } = await DriverProcess.start({ command, times });
    this.#driver = driver;
    return {
      url: gateway.url,
      storage,
      ask: (words) => driver.ask(words as unknown as Command),
      state: () => readState(driver),
      stop: () => driver.stop(),
    };
  }

  recall(): unknown {
    const file = this.#sessionFile();
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as unknown) : undefined;
  }

  remember(what: unknown): void {
    mkdirSync(this.#directory, { recursive: true });
    writeFileSync(this.#sessionFile(), JSON.stringify(what));
  }

  /** What the last of its drivers wrote on its standard error. */
  lastLines(): readonly string[] {
    return this.#driver?.lastLines() ?? this.#lines;
  }

  /** The run is over. */
  async close(): Promise<void> {
    this.#end();
    await (await this.#gateway)?.close();
  }

  #sessionFile(): string {
    return join(this.#directory, "session.json");
  }

  #end(): void {
    this.#lines = this.lastLines();
    this.#driver?.kill();
    this.#driver = undefined;
    void this.#gateway?.then((gateway) => gateway.leave());
  }
}

/** Errors: `DriverFailed` for something that is no state. */
export async function readState(driver: DriverProcess): Promise<Awaited<ReturnType<Life["state"]>>> {
  const answer = await driver.ask({ do: "state" });
  if ("refused" in answer)
    throw new DriverFailed("garbage", `the driver refused to show its state: ${answer.refused}`);
  const state = stateSchema.safeParse(answer.ok);
  if (!state.success) {
    const [issue] = state.error.issues;
    const where = `ok.${issue?.path.join(".") ?? ""}`;
    throw new DriverFailed(
      "garbage",
      `the driver's reply to "state" is no state: ${where}: ${issue?.message}`,
    );
  }
  return state.data as Awaited<ReturnType<Life["state"]>>;
}
