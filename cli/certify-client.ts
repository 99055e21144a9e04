// `seatrial certify-client`: somebody's client against every rule that a client can break. Our server and our faults
// stand on the other side.
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command, Option } from "commander";
import { DriverFailed } from "../certify/client/driver-failed.ts";
import { type Examined, examineDriver } from "../certify/client/examine-driver.ts";
import type { ClientProtocol, ClientScenario } from "../certify/client/protocol.ts";
import { type ClientVerdict, clientVerdict } from "../certify/client/verdict.ts";
import type { RunResult } from "../invariants/result.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { didYouMean } from "../scenarios/format/suggest.ts";
import { clientVerdictText } from "./client-verdict-text.ts";
import { createClientWorld } from "./client-world.ts";
import { SetupError, UsageError } from "./errors.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { addHelp } from "./help.ts";
import { addRunOptions, type RunFlags, scenariosFor, splitAtDashes, wholeNumber } from "./options.ts";
import { protocols } from "./protocols.ts";
import { runInWorlds } from "./run-in-worlds.ts";
import { selectScenarios } from "./select.ts";

interface CertifyClientFlags extends RunFlags {
  readonly level?: readonly string[];
  readonly list?: true;
  readonly replyTimeout: number;
  readonly patience: number;
}

/** Devices side by side are processes side by side. */
const defaultWorkers = 4;
/** Units: milliseconds. */
const defaultReplyMs = 20_000;
const defaultPatienceMs = 1_500;

export function createCertifyClientCommand(): Command {
  const command = addHelp(addRunOptions(new Command("certify-client")), {
    summary: "a verdict on a client, in any language, by way of a small driver",
    sentence:
      "Starts the driver of a client for each device of a scenario and talks to it in lines of JSON (docs/certify-client.md): edit, sync, show your state. Our server is on the other side, with faults in between; kills come at any moment. Says which rules hold and which levels the client may claim. What the driver does not declare is not asked of it.",
    examples: [
      ["seatrial certify-client -- ./driver", "everything that the driver declares"],
      ["seatrial certify-client --level client-core -- ./driver", "one level"],
      ["seatrial certify-client waveflow/device/dead-letter -- ./driver", "one scenario"],
    ],
  });
  command.options.find(({ long }) => long === "--workers")?.default(defaultWorkers);
  command.setOptionValueWithSource("workers", defaultWorkers, "default");
  return command
    .addOption(
      new Option(
        "--level <names>",
        "only these levels, comma-separated; asked for, all of them count",
      ).argParser((text) => text.split(",").map((name) => name.trim())),
    )
    .addOption(
      new Option("--reply-timeout <ms>", "how long the driver may take over one command")
        .argParser((text) => wholeNumber(text, { least: 100 }))
        .default(defaultReplyMs),
    )
    .addOption(
      new Option("--patience <ms>", "how long the client is asked to wait for an answer of its server")
        .argParser((text) => wholeNumber(text, { least: 100 }))
        .default(defaultPatienceMs),
    )
    .option("--list", "print what would be run, and run nothing but the driver's greeting")
    .action(async (words: string[], flags: CertifyClientFlags, self: Command) => {
      const { ids, server } = splitAtDashes(words, self);
      if (server === undefined)
        throw new UsageError("there is nobody to certify; expected the command of a driver behind --");
      await certifyClient(ids, server, flags);
    });
}

/** Errors: UsageError; SetupError where the driver is none. */
async function certifyClient(
  ids: readonly string[],
  [file, ...args]: readonly string[],
  flags: CertifyClientFlags,
): Promise<void> {
  const command = { file: file!, args };
  const times = { greetingMs: flags.replyTimeout, replyMs: flags.replyTimeout };
  const client = await examineDriver(command, times).catch(toSetupError);
  const protocol = await protocolOfDriver(client);
  const all = protocol.scenarios(scenariosFor([], {}), client);
  const can = new Set(client.greeting.can);
  const chosen = choose(all, { ids, can, flags, protocol });
  if (flags.list === true) {
    process.stdout.write(listText(all.filter(({ scenario }) => chosen.includes(scenario))));
    return;
  }
  const byId = new Map(all.map((one) => [one.scenario.id, one]));
  const world = createClientWorld({
    ...flags,
    protocol,
    client,
    command,
    times,
    patienceMs: flags.patience,
    lacks: ({ id }) =>
      byId
        .get(id)!
        .needs.filter((ability) => !can.has(ability))
        .map((ability) => `"${ability}" in the driver's greeting`),
  });
  const verdictOf = (run: RunResult): ClientVerdict =>
    clientVerdict(run, { ...protocol, scenarios: all, can });
  const run = await runInWorlds([{ world, scenarios: chosen }], flags, {
    laws: protocol.laws,
    finish: (ran) => Promise.resolve(ran),
    exitCodeOf: (ran) => exitCodeOfClient(ran, verdictOf(ran), flags.level),
  });
  const { name, version } = client.greeting;
  const title = version === undefined ? name : `${name} ${version}`;
  if (flags.reporter.length > 0) {
    const file = join(resolve(flags.outputDir), "client-verdict.json");
    writeFileSync(file, `${JSON.stringify({ client: client.greeting, ...verdictOf(run) }, undefined, 2)}\n`);
  }
  const out = flags.json === true ? process.stderr : process.stdout;
  out.write(clientVerdictText(title, verdictOf(run), flags.level));
}

/** A level that was asked for by its name and is not granted is not assessed. */
function exitCodeOfClient(
  run: RunResult,
  { levels }: ClientVerdict,
  asked: readonly string[] | undefined,
): ReturnType<typeof exitCodeOf> {
  const code = exitCodeOf(run);
  if (code !== exitCodes.ok || asked === undefined) return code;
  const isGranted = levels.every(({ name, verdict }) => !asked.includes(name) || verdict === "granted");
  return isGranted ? code : exitCodes.notAssessed;
}

async function protocolOfDriver({ greeting }: Examined): Promise<ClientProtocol> {
  const found = protocols.find(({ id }) => id === greeting.protocol);
  if (found !== undefined) return found.client();
  const ids = protocols.map(({ id }) => id);
  const known = `this Seatrial knows ${ids.join(", ")}${didYouMean(greeting.protocol, ids)}`;
  throw new SetupError(`the driver's client speaks ${greeting.protocol}; ${known}`);
}

/** Without `--level` and ids: what the driver declares. */
function choose(
  all: readonly ClientScenario[],
  asked: {
    readonly ids: readonly string[];
    readonly can: ReadonlySet<string>;
    readonly flags: CertifyClientFlags;
    readonly protocol: ClientProtocol;
  },
): readonly Scenario[] {
  const { ids, can, flags, protocol } = asked;
  const { level: wanted, grep, grepInvert } = flags;
  const names = protocol.levels.map(({ name }) => name);
  for (const name of wanted ?? []) {
    if (names.includes(name)) continue;
    throw new UsageError(
      `${protocol.protocol} has no client level "${name}"${didYouMean(name, names)}; it has ${names.join(", ")}`,
    );
  }
  const isNamed = wanted !== undefined || ids.length > 0;
  const possible = all.filter(
    ({ level, needs }) =>
      (wanted?.includes(level) ?? true) && (isNamed || needs.every((ability) => can.has(ability))),
  );
  return selectScenarios(
    possible.map(({ scenario }) => scenario),
    {
      ids,
      ...(grep === undefined ? {} : { grep }),
      ...(grepInvert === undefined ? {} : { grepInvert }),
    },
  );
}

function listText(scenarios: readonly ClientScenario[]): string {
  return scenarios
    .map(({ scenario, level }) => `${level.padEnd(listWidth)}  ${scenario.id}  ${scenario.title}\n`)
    .join("");
}

const listWidth = 16;

function toSetupError(error: unknown): never {
  if (error instanceof DriverFailed) throw new SetupError(error.message, { cause: error });
  throw error;
}
