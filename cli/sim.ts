// `seatrial sim`: scenarios, or storms, in the simulated world.
import { Command, Option } from "commander";
import { UsageError } from "./errors.ts";
import { addHelp } from "./help.ts";
import { addRunOptions, type RunFlags, scenariosFor, wholeNumber } from "./options.ts";
import { runInWorlds } from "./run-in-worlds.ts";
import { createSimRunner } from "./sim-runner.ts";
import { runStorms } from "./storm.ts";

interface SimFlags extends RunFlags {
  readonly storm?: boolean;
  readonly seeds?: number;
}

export function createSimCommand(): Command {
  return addHelp(addRunOptions(new Command("sim")), {
    summary: "run scenarios in the simulation: virtual time, chosen faults, the same every time",
    sentence:
      "Runs scenarios in the simulated world: one thread, virtual time, every interleaving chosen from the seed. The same scenario, seed and version give the same run on every machine.",
    examples: [
      ["seatrial sim", "every scenario"],
      ["seatrial sim waveflow/push", "those of one area"],
      ["seatrial sim -g retry --seed 7", "those about retries, under another seed"],
      ["seatrial sim --storm --seeds 10000", "ten thousand random plans, each with its own faults"],
    ],
  })
    .option("--storm", "make up plans from seeds instead of running the scenarios")
    .addOption(
      new Option("--seeds <count>", "how many storms").argParser((text) => wholeNumber(text, { least: 1 })),
    )
    .action(async (ids: string[], flags: SimFlags) => {
      if (flags.storm === true) {
        if (ids.length > 0 || flags.grep !== undefined || flags.grepInvert !== undefined)
          throw new UsageError("--storm makes up its own plans: leave out ids, --grep and --grep-invert");
        await runStorms(flags);
        return;
      }
      if (flags.seeds !== undefined)
        throw new UsageError("--seeds counts storms: say --storm as well, or --seed for one other seed");
      await runInWorlds([{ world: createSimRunner(), scenarios: scenariosFor(ids, flags) }], flags);
    });
}
