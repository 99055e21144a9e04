// The commands together.
import { Command } from "commander";
import { createAuditCommand } from "./audit.ts";
import { createCertifyCommand } from "./certify.ts";
import { createCertifyClientCommand } from "./certify-client.ts";
import { createConfirmCommand } from "./confirm.ts";
import { createDiffCommand } from "./diff.ts";
import { createDocsCommand } from "./docs.ts";
import { createDoctorCommand } from "./doctor.ts";
import { addHelp } from "./help.ts";
import { createExploreCommand } from "./explore.ts";
import { createInitCommand } from "./init.ts";
import { createLiftCommand } from "./lift.ts";
import { createListCommand } from "./list.ts";
import { createLiveCommand } from "./live.ts";
import { createMatrixCommand } from "./matrix.ts";
import { createMergeCommand } from "./merge.ts";
import { createReplayCommand } from "./replay.ts";
import { createRunCommand } from "./run.ts";
import { createSelftestCommand } from "./selftest.ts";
import { createServeCommand } from "./serve.ts";
import { createShowReportCommand } from "./show-report.ts";
import { createShrinkCommand } from "./shrink.ts";
import { createSimCommand } from "./sim.ts";
import { createSoakCommand } from "./soak.ts";
import { createSweepCommand } from "./sweep.ts";
import { version } from "./version.ts";

const exitCodesText = `
Exit codes: 0 everything holds; 1 a violation; 2 bad usage, or nothing selected; 3 the set-up or Seatrial
itself failed; 4 nothing failed, but not everything could be assessed; 5 a replay was another run than the
one that was recorded (DRIFTED); 130 Ctrl-C.`;

/** Throws CommanderError instead of ending the process. */
export function createProgram(): Command {
  const program = addHelp(new Command("seatrial"), {
    summary: "tests device-sync protocols",
    sentence:
      "Finds out whether a device-sync protocol keeps its promises when networks, disks, clocks and processes do not: runs scenarios, simulated and for real, and judges what happened by laws.",
    examples: [
      ["seatrial run", "every scenario, first simulated, then for real"],
      ["seatrial sim waveflow/push", "one area in the simulation; takes milliseconds"],
      ["seatrial sim --storm --seeds 1000", "a thousand random plans with random faults"],
      ["seatrial explore", "looks for what nobody wrote a scenario for"],
      ["seatrial replay seatrial-report/results.json", "what failed, again"],
      ["seatrial serve", "the reference server, to point a client at"],
    ],
  })
    .usage("<command> [options]")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this; with a command, its flags")
    .addHelpText("after", exitCodesText)
    .showHelpAfterError('("--help" shows what is possible)')
    .exitOverride();
  for (const command of [
    createRunCommand(),
    createSimCommand(),
    createLiveCommand(),
    createInitCommand(),
    createCertifyCommand(),
    createSoakCommand(),
    createSweepCommand(),
    createReplayCommand(),
    createShrinkCommand(),
    createCertifyClientCommand(),
    createConfirmCommand(),
    createLiftCommand(),
    createExploreCommand(),
    createMergeCommand(),
    createShowReportCommand(),
    createDiffCommand(),
    createMatrixCommand(),
    createSelftestCommand(),
    createAuditCommand(),
    createListCommand(),
    createServeCommand(),
    createDoctorCommand(),
    createDocsCommand(),
  ]) {
    program.addCommand(command.copyInheritedSettings(program));
  }
  return program.helpCommand(false);
}
