// `seatrial certify`: somebody's server against every rule that a server can break, and a verdict on what it may claim.
import { Command, Option } from "commander";
import { defaultTracesMax } from "./certify-minimal.ts";
import { addHelp } from "./help.ts";
import type { CertifyRequest } from "./certify-plan.ts";
import { runCertification } from "./certifying.ts";
import { addRunOptions, lastFailedOption, shardOption, splitAtDashes, wholeNumber } from "./options.ts";
import { configOption, settingsOf } from "./settings.ts";
import { addTargetOptions } from "./target-options.ts";

export function createCertifyCommand(): Command {
  const command = addHelp(addRunOptions(new Command("certify")), {
    summary: "a verdict on a server that speaks one of the protocols, in any language",
    sentence:
      "Drives a server with reference devices, exchanges by hand and generated input, judges what it answers by the rules of the protocol, and says which levels it may claim. The server is started by the command behind --, with a fresh database, or runs already at --url. What cannot be asked of it is blocked, never passed.",
    examples: [
      ["seatrial certify -- ./my-server --port {port}", "a server that Seatrial starts"],
      [
        "seatrial certify --url http://127.0.0.1:8080 --token-cmd './mint {user} {device}' --level core",
        "one that runs already",
      ],
      [
        "seatrial certify --baseline conformance-baseline.yaml",
        "as seatrial.config.yaml says; known failures pass",
      ],
      ["seatrial doctor -- ./my-server", "what could be assessed, before anything is"],
    ],
  });
  return addTargetOptions(command)
    .addOption(
      new Option("--level <names>", "only these levels, comma-separated; default: all").argParser((text) =>
        text.split(",").map((name) => name.trim()),
      ),
    )
    .option("--baseline <file>", "failures that are known, each with its reason")
    .option("--update-baseline", "write the failures of this run into the baseline")
    .addOption(
      new Option(
        "--traces <count>",
        `for how many broken rules a failure is made small on the target (default: ${defaultTracesMax}; 0: none)`,
      ).argParser((text) => wholeNumber(text, { least: 0 })),
    )
    .option(
      "--against <server>",
      "run the same steps on another server as well (reference, or a URL), and show where the two part",
    )
    .option("--strict", "advice that is not followed fails as well")
    .option("--list", "print what would be run, and run nothing")
    .addOption(shardOption("what would be run"))
    .addOption(lastFailedOption())
    .addOption(configOption())
    .action(async (words: string[], flags: CertifyRequest["flags"], self: Command) => {
      const { settings } = await settingsOf(self);
      const { ids, server } = splitAtDashes(words, self);
      await runCertification({ ids, server, settings, flags });
    });
}
