// `seatrial run`: the same scenarios in both worlds, one verdict over both.
import { Command } from "commander";
import { addHelp } from "./help.ts";
import { createLiveRunner } from "./live-runner.ts";
import { addRunOptions, mutantOption, type RunFlags, scenariosFor } from "./options.ts";
import { runInWorlds } from "./run-in-worlds.ts";
import { createSimRunner } from "./sim-runner.ts";

export function createRunCommand(): Command {
  return addHelp(addRunOptions(new Command("run")), {
    summary: "run scenarios in the simulation, then for real, and compare",
    sentence:
      "Runs scenarios in the simulated world and then in the live one, and says where the two disagree. A scenario counts as assessed when at least one world could run it.",
    examples: [
      ["seatrial run", "everything"],
      ["seatrial run -g 'waveflow/resync/**'", "one area in both worlds"],
      ["seatrial run --bail", "stop at the first failure"],
    ],
  })
    .addOption(mutantOption())
    .action(async (ids: string[], flags: RunFlags) => {
      const scenarios = scenariosFor(ids, flags);
      const worlds = [createSimRunner(flags), await createLiveRunner(flags)];
      await runInWorlds(
        worlds.map((world) => ({ world, scenarios })),
        flags,
      );
    });
}
