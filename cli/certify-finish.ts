// What is made of a certification's run before it is reported: its verdict, a small trace for each broken rule, and where
// another server does the same steps otherwise.
import { certify } from "../certify/certification.ts";
import type { Certification } from "../invariants/certification-result.ts";
import type { RunResult } from "../invariants/result.ts";
import { secretsOf, withoutSecrets } from "../live/subjects/target.ts";
import type { JsonObject } from "../protocol/json.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { differencesAgainst } from "./certify-against.ts";
import type { CertifyItem } from "./certify-items.ts";
import { defaultTracesMax, withMinimalTraces } from "./certify-minimal.ts";
import type { CertificationPlan } from "./certify-plan.ts";
import { describeTarget } from "./certify-target.ts";
import { targetWords } from "./live-runner.ts";

export async function finishCertification(
  run: RunResult,
  plan: CertificationPlan,
  signal: AbortSignal,
): Promise<RunResult> {
  const certification = await certificationOf(run, plan);
  const told = { ...plan, signal, outputDir: plan.settings.outputDir, tell: tellNow(plan) };
  const { target, request, flags } = plan;
  const small = await withMinimalTraces(run, {
    certification,
    scenarios: new Map(plainScenarios(plan.items).map((scenario) => [scenario.id, scenario])),
    tracesMax: flags.traces ?? defaultTracesMax,
    context: {
      ...told,
      targetWords: targetWords(target, request.server),
      ...(target.kind === "url" ? { baseUrl: target.url } : {}),
    },
  });
  const { against } = flags;
  if (against === undefined) return { ...small, certification };
  const { seed } = plan.settings;
  const differences = await differencesAgainst({
    ...told,
    against,
    flags: plan.runnerFlags,
    scenarios: plainScenarios(plan.chosen.items),
    ...(seed === undefined ? {} : { seed }),
  });
  return { ...small, certification: { ...certification, differences } };
}

async function certificationOf(run: RunResult, plan: CertificationPlan): Promise<Certification> {
  const { protocol, settings, items, chosen, notes } = plan;
  const byId = new Map(items.map((item) => [item.scenario.id, item]));
  return certify({
    run,
    profile: protocol.profile,
    asked: plan.asked,
    levelOf: (id) => byId.get(id)!.level,
    isProbe: (id) => byId.get(id)!.isProbe,
    unsupported: notes.unsupported,
    target: await describeTarget(plan.target, plan),
    configuration: configurationOf(plan),
    ...(settings.seed === undefined ? {} : { seed: settings.seed }),
    isWhole: chosen.isWhole,
    ...(chosen.shard === undefined ? {} : { shard: chosen.shard }),
    observations: notes.observations,
    baseline: {
      known: plan.known,
      ...(settings.baseline === undefined ? {} : { file: settings.baseline }),
      today: plan.today,
    },
  });
}

/** Those that are run step by step: no probes, no sweeps. */
const plainScenarios = (items: readonly CertifyItem[]): readonly Scenario[] =>
  items.filter(({ run }) => run === undefined).map(({ scenario }) => scenario);

/** The settings as they count, without secrets. */
function configurationOf({ settings, target }: CertificationPlan): JsonObject {
  const text = withoutSecrets(JSON.stringify({ ...settings, target: undefined }), secretsOf(target));
  return JSON.parse(text) as JsonObject;
}

const tellEveryMs = 3_000;

/** Progress beside the reports, once every few seconds, on standard error. */
function tellNow({ settings }: CertificationPlan): (text: string) => void {
  const isWanted = settings.reporters.includes("terminal");
  let last = 0;
  return (text) => {
    const now = performance.now();
    if (!isWanted || now - last < tellEveryMs) return;
    last = now;
    process.stderr.write(`… ${text}\n`);
  };
}
