// `seatrial doctor`: brings a target up, tries what is there, and says what can be assessed and what would unlock the rest.
import { Command } from "commander";
import { type Diagnosis, examine, type LevelOutlook, type Symptom } from "../certify/doctor.ts";
import type { TargetSpec } from "../live/subjects/target.ts";
import { createInk, type Ink, wantsColour } from "../reports/ink.ts";
import { databaseOf } from "./database-option.ts";
import { SetupError, UsageError } from "./errors.ts";
import { exitCodes } from "./exit-codes.ts";
import { addHelp } from "./help.ts";
import { openLiveRunner } from "./live-runner.ts";
import { scenariosFor, splitAtDashes } from "./options.ts";
import { protocolNamed } from "./protocols.ts";
import { configOption, settingsOf } from "./settings.ts";
import { addTargetOptions, type TargetFlags, targetOf } from "./target-options.ts";

interface DoctorFlags extends TargetFlags {
  readonly protocol: string;
  readonly json?: true;
}

export function createDoctorCommand(): Command {
  const command = addHelp(new Command("doctor"), {
    summary: "what of a server can be assessed, and what is missing for the rest",
    sentence:
      "Brings a server up, or asks one that runs already, tries what is there (tokens, one push, one pull, one ACK, the socket, each hook with and without its token, a second process on the same database), and says which levels can be assessed and what would unlock the rest. Exit code 0 where everything can be; 4 where something cannot; 3 where there is nobody to test.",
    examples: [
      ["seatrial doctor -- ./my-server --port {port}", "a server that Seatrial starts"],
      ["seatrial doctor --url http://127.0.0.1:8080 --jwt-secret …", "one that runs already"],
    ],
  });
  return addTargetOptions(command)
    .argument("[server...]", "behind --: the command of the server")
    .option("--protocol <name>", "the protocol that it speaks", "waveflow")
    .option("--json", "as JSON")
    .addOption(configOption())
    .action(async (words: string[], flags: DoctorFlags, self: Command) => {
      const { ids, server } = splitAtDashes(words, self);
      if (ids.length > 0)
        throw new UsageError(
          `"${ids[0]}": the doctor takes no scenarios; a server's command stands behind --`,
        );
      const { settings } = await settingsOf(self);
      const target = targetOf(
        { ...flags, ...(settings.iOwnThisServer ? { iOwnThisServer: true as const } : {}) },
        server,
        settings.target,
      );
      if (target === undefined)
        throw new UsageError("there is nobody to examine; expected --url, a command behind --, or a config");
      const { database = databaseOf(flags) } = settings;
      const diagnosis = await diagnose(target, settings.protocol, database);
      process.stdout.write(
        flags.json === true ? `${JSON.stringify(diagnosis, null, 2)}\n` : diagnosisText(target, diagnosis),
      );
      process.exitCode = isWhole(diagnosis) ? exitCodes.ok : exitCodes.notAssessed;
    });
}

const isWhole = ({ symptoms, levels }: Diagnosis): boolean =>
  symptoms.every(({ works }) => works) && levels.every(({ possible, checks }) => possible === checks);

async function diagnose(
  target: TargetSpec,
  protocolName: string,
  database: ReturnType<typeof databaseOf>,
): Promise<Diagnosis> {
  const protocol = protocolNamed(protocolName);
  const { placeLacks } = await import("../live/world/abilities.ts");
  const runner = await openLiveRunner({ database, target });
  try {
    return await examine({
      runner,
      profile: protocol.profile,
      checkup: await protocol.checkup(),
      scenarios: scenariosFor([], { protocol: protocol.name }),
      placeLacks: (scenario) => (target.kind === "url" ? [] : placeLacks(scenario, database)),
    });
  } catch (error) {
    if (error instanceof Error && error.name === "SubjectFailed")
      throw new SetupError(error.message, { cause: error });
    throw error;
  } finally {
    await runner.close();
  }
}

function diagnosisText(target: TargetSpec, { symptoms, levels }: Diagnosis): string {
  const ink = createInk(wantsColour(process.env, process.stdout));
  const title = target.kind === "url" ? target.url : target.command.title;
  return [
    ink.bold(title),
    "",
    ...symptomLines(symptoms, ink),
    "",
    ...levels.flatMap((level) => levelLines(level, ink)),
    "",
  ].join("\n");
}

function symptomLines(symptoms: readonly Symptom[], ink: Ink): readonly string[] {
  const width = Math.max(...symptoms.map(({ name }) => name.length));
  return symptoms.map(({ name, works, seen }) => {
    const mark = works ? ink.green("✓") : ink.yellow("○");
    return `${mark} ${name.padEnd(width)}  ${seen.replaceAll("\n", `\n${" ".repeat(width + 4)}`)}`;
  });
}

function levelLines({ name, possible, checks, missing }: LevelOutlook, ink: Ink): readonly string[] {
  const isWhole = possible === checks;
  const mark = isWhole ? ink.green("✓") : ink.yellow("○");
  const how = isWhole ? `all of its ${checks} scenarios` : `${possible} of its ${checks} scenarios`;
  return [
    `${mark} level ${ink.bold(name)}: ${how} can be assessed`,
    ...missing.map(({ text, checks: count }) => `    ${count} lack${count === 1 ? "s" : ""}: ${text}`),
  ];
}
