// `seatrial soak`: endurance. Hundreds of devices on server processes that are killed and restarted, for as long as it is
// told to, with the laws asked of every account as it goes.
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { durationToMs } from "../scenarios/format/duration.ts";
import { type DatabaseFlag, databaseOption } from "./database-option.ts";
import { UsageError } from "./errors.ts";
import { addHelp } from "./help.ts";
import { addReportOptions, type ReportFlags, splitAtDashes, wholeNumber } from "./options.ts";
import { runSoakCommand } from "./soak-run.ts";

export interface SoakFlags extends ReportFlags, DatabaseFlag {
  /** The command of the server under test. Default: the reference server. */
  readonly server?: readonly string[];
  /** Units: milliseconds. */
  readonly duration: number;
  readonly devices: number;
  readonly processes: number;
  readonly seed?: string;
  readonly keepGoing?: true;
  readonly protocol: string;
}

const defaultDurationMs = 600_000;
const durationMinMs = 5_000;
const defaultDevices = 200;
const defaultProcesses = 2;
/** An account has up to this many devices, and one has to fit. */
const devicesMin = 6;
const devicesMax = 5_000;
const processesMax = 16;

export function createSoakCommand(): Command {
  const command = new Command("soak").addArgument(
    new Argument("[server...]", "behind --: the command of another server than the reference"),
  );
  return addHelp(addReportOptions(command), {
    summary: "endurance: hundreds of devices for minutes or hours, faults on, laws asked as it runs",
    sentence:
      "Runs hundreds of devices against server processes on one real PostgreSQL. Accounts come, live through lost and repeated messages, cut sockets, partitions and crashes, come to rest, are judged by the laws, and go; server processes are killed and restarted all the while. Memory is bounded by the devices, not by the time. Ends with graphs over time and a verdict on whether anything leaks.",
    examples: [
      ["seatrial soak --duration 30m", "half an hour: long enough for a verdict on leaks"],
      ["seatrial soak --duration 1m --devices 60", "a short one"],
      ["seatrial soak --processes 4 --devices 500", "more of everything, on a machine with more cores"],
      ["seatrial soak --duration 8h --keep-going", "over night; violations are written down and passed by"],
      ["seatrial soak --duration 5m -- ./my-server --port {port}", "another build, started by its command"],
    ],
  })
    .addOption(
      new Option("--duration <time>", "how long, such as 90s, 30m or 8h")
        .argParser(readDuration)
        .default(defaultDurationMs, "10m"),
    )
    .addOption(
      new Option("--devices <count>", "devices at the same time")
        .argParser((text) => wholeNumber(text, { least: devicesMin, most: devicesMax }))
        .default(defaultDevices),
    )
    .addOption(
      new Option("--processes <count>", "server processes on one database")
        .argParser((text) => wholeNumber(text, { least: 1, most: processesMax }))
        .default(defaultProcesses),
    )
    .addOption(
      new Option("--seed <text>", "seed of all accounts and of what befalls them, any text").env(
        "SEATRIAL_SEED",
      ),
    )
    .option("--keep-going", "goes on after a violation, and writes down each one")
    .option("--protocol <name>", "the protocol to soak", "waveflow")
    .addOption(databaseOption())
    .action(async (words: string[], flags: SoakFlags, command: Command) => {
      const { ids, ...foreign } = splitAtDashes(words, command);
      if (ids.length > 0) {
        throw new UsageError(
          `"${ids[0]}": a soak takes no scenarios; the command of a server stands behind --`,
        );
      }
      await runSoakCommand({ ...flags, ...foreign });
    });
}

function readDuration(text: string): number {
  const durationMs = durationToMs(text);
  if (durationMs === undefined || durationMs < durationMinMs) {
    throw new InvalidArgumentError(
      `It must be a time of at least ${durationMinMs / 1_000}s, such as 90s or 30m.`,
    );
  }
  return durationMs;
}
