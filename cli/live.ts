// `seatrial live`: scenarios against real processes, sockets and a real PostgreSQL.
import { Command } from "commander";
import { addHelp } from "./help.ts";
import { createLiveRunner } from "./live-runner.ts";
import { addRunOptions, mutantOption, type RunFlags, scenariosFor, splitAtDashes } from "./options.ts";
import { runInWorlds } from "./run-in-worlds.ts";
import { addTargetOptions, type TargetFlags, targetOf } from "./target-options.ts";

export function createLiveCommand(): Command {
  return addHelp(addTargetOptions(addRunOptions(new Command("live"))), {
    summary: "run scenarios for real: server processes, sockets, PostgreSQL",
    sentence:
      "Runs scenarios against the reference server as a process, on a real PostgreSQL, by default one that Seatrial brings along. Seeded, but not deterministic. A scenario that needs what this world cannot do is blocked, never passed.",
    examples: [
      ["seatrial live", "every scenario that this world can run"],
      ["seatrial live waveflow/compaction --workers 1", "one area, one scenario at a time"],
      [
        "seatrial live waveflow/order -- ./my-server --port {port}",
        "against another build, started by its command",
      ],
      [
        "seatrial live waveflow/push --url http://127.0.0.1:8080 --jwt-secret …",
        "against a server that runs already",
      ],
      [
        "seatrial live waveflow/guard --mutant guard-missing",
        "against a reference that is known to be wrong",
      ],
      ["seatrial live --database container:postgres:17", "on an image, started on your container engine"],
    ],
  })
    .addOption(mutantOption())
    .action(async (words: string[], flags: RunFlags & TargetFlags, command: Command) => {
      const { ids, ...foreign } = splitAtDashes(words, command);
      const scenarios = scenariosFor(ids, flags);
      // A defect is the reference's, whatever server the environment names.
      const target = flags.mutant === undefined ? targetOf(flags, foreign.server) : undefined;
      const named = { ...foreign, ...(target === undefined ? {} : { target }) };
      await runInWorlds([{ world: await createLiveRunner({ ...flags, ...named }), scenarios }], flags);
    });
}
