// A certification from its settings to its verdict.
import { baselineFileName } from "../certify/baseline-file.ts";
import { updateBaseline } from "./certify-baseline.ts";
import { certifyExitCode } from "./certify-exit.ts";
import { finishCertification } from "./certify-finish.ts";
import { type CertifyRequest, listCertification, planCertification } from "./certify-plan.ts";
import { certifyWorld } from "./certify-world.ts";
import { SetupError } from "./errors.ts";
import { runInWorlds } from "./run-in-worlds.ts";

/** Errors: UsageError, before anything is started. A target that does not come up is in the exit code. */
export async function runCertification(request: CertifyRequest): Promise<void> {
  const { settings, flags } = request;
  if (flags.list === true) {
    process.stdout.write(await listCertification(request));
    return;
  }
  const plan = await planCertification(request);
  const { world, items, chosen, laws, today } = plan;
  const run = await runInWorlds(
    [
      {
        world: certifyWorld(world, new Map(items.map((item) => [item.scenario.id, item]))),
        scenarios: chosen.items.map(({ scenario }) => scenario),
      },
    ],
    { ...settings, reporter: settings.reporters, ...(flags.json === true ? { json: true } : {}) },
    {
      laws,
      finish: (ran, signal) => finishCertification(ran, plan, signal),
      exitCodeOf: (ran) => certifyExitCode(ran, ran.certification!, { isStrict: settings.strict }),
    },
  );
  if (flags.updateBaseline !== true) return;
  if (run.results.some(({ outcome }) => outcome === "error"))
    throw new SetupError("the baseline is left as it is: the run had errors that are no failures");
  updateBaseline(settings.baseline ?? baselineFileName, run.certification!, today);
}
