// The scenario corpus as Stryker's test suite: one scenario, one test, all in one process. Stryker writes every mutant of
// a file into it at once, behind a switch; this runner turns one switch on, runs the scenarios that pass through it, and
// stops at the first that fails. A command line per mutant was rejected: it starts Node, reads all scenarios and warms
// nothing up, which makes four thousand mutants a matter of a night.
//
// Loaded from the project, it imports everything from the sandbox that it runs in: there stands the instrumented code.
import { pathToFileURL } from "node:url";
import { declareFactoryPlugin, PluginKind } from "@stryker-mutator/api/plugin";
import {
  type DryRunOptions,
  type DryRunResult,
  DryRunStatus,
  type MutantRunOptions,
  type MutantRunResult,
  MutantRunStatus,
  type TestResult,
  type TestRunner,
  TestStatus,
} from "@stryker-mutator/api/test-runner";
import type { InstrumenterContext } from "@stryker-mutator/api/core";
import type { Kill, verdictOnScenario } from "../../explore/selftest/verdict-of-run.ts";
import type { Build } from "../../explore/trial.ts";
import type { loadCatalogue } from "../../scenarios/catalogue.ts";
import type { loadMutant } from "../../explore/mutants/load.ts";
import type { Scenario } from "../../scenarios/format/types.ts";

/** What the sandbox brings. */
interface Sandbox {
  readonly build: Build;
  readonly scenarios: readonly Scenario[];
  readonly verdictOnScenario: typeof verdictOnScenario;
  readonly loadMutant: typeof loadMutant;
}

const strykerContext = (): InstrumenterContext => {
  const holder = globalThis as { __stryker__?: InstrumenterContext };
  return (holder.__stryker__ ??= {});
};

class CorpusRunner implements TestRunner {
  #sandbox: Sandbox | undefined;
  /** Scenarios that killed lately come first: mutants of one place tend to die of the same one. */
  #order: Scenario[] = [];

  capabilities(): { readonly reloadEnvironment: true } {
    return { reloadEnvironment: true };
  }

  async init(): Promise<void> {
    this.#sandbox = await loadSandbox();
    this.#order = [...this.#sandbox.scenarios];
  }

  async dryRun({ coverageAnalysis }: DryRunOptions): Promise<DryRunResult> {
    const context = strykerContext();
    const tests: TestResult[] = [];
    for (const scenario of this.#order) {
      if (coverageAnalysis === "perTest") context.currentTestId = scenario.id;
      const startedAt = performance.now();
      const kill = await this.#run(this.#loaded().build, scenario);
      const test = { id: scenario.id, name: scenario.title, timeSpentMs: performance.now() - startedAt };
      tests.push(
        kill === undefined
          ? { ...test, status: TestStatus.Success }
          : { ...test, status: TestStatus.Failed, failureMessage: messageOf(kill) },
      );
    }
    delete context.currentTestId;
    const { mutantCoverage } = context;
    return {
      status: DryRunStatus.Complete,
      tests,
      ...(mutantCoverage === undefined ? {} : { mutantCoverage }),
    };
  }

  async mutantRun({
    activeMutant,
    mutantActivation,
    testFilter,
    hitLimit,
  }: MutantRunOptions): Promise<MutantRunResult> {
    const context = strykerContext();
    const wanted = testFilter === undefined ? undefined : new Set(testFilter);
    const scenarios = this.#order.filter(({ id }) => wanted?.has(id) !== false);
    context.hitCount = 0;
    if (hitLimit === undefined) delete context.hitLimit;
    else context.hitLimit = hitLimit;
    context.activeMutant = activeMutant.id;
    try {
      const build =
        mutantActivation === "static" ? await this.#loadedAnew(activeMutant.id) : this.#loaded().build;
      return await this.#runAll(build, scenarios);
    } catch (error) {
      // The modules did not even load, or a law threw: the mutant was noticed.
      return { status: MutantRunStatus.Killed, killedBy: [], failureMessage: String(error), nrOfTests: 0 };
    } finally {
      delete context.activeMutant;
    }
  }

  async #runAll(build: Build, scenarios: readonly Scenario[]): Promise<MutantRunResult> {
    const context = strykerContext();
    let nrOfTests = 0;
    for (const scenario of scenarios) {
      nrOfTests++;
      const kill = await this.#run(build, scenario);
      if (context.hitLimit !== undefined && context.hitCount! > context.hitLimit)
        return { status: MutantRunStatus.Timeout, reason: `it runs for ever in ${scenario.id}` };
      if (kill === undefined) continue;
      this.#order = [scenario, ...this.#order.filter((one) => one !== scenario)];
      return {
        status: MutantRunStatus.Killed,
        killedBy: [scenario.id],
        failureMessage: messageOf(kill),
        nrOfTests,
      };
    }
    return { status: MutantRunStatus.Survived, nrOfTests };
  }

  #run(build: Build, scenario: Scenario): Promise<Kill | undefined> {
    return this.#loaded().verdictOnScenario(build, scenario);
  }

  /** A mutant of code that runs while a module loads shows only in modules that are loaded under it. */
  async #loadedAnew(mutant: string): Promise<Build> {
    const { build, loadMutant } = this.#loaded();
    const binding = { module: sandboxUrl("sim/waveflow/binding.ts"), name: "waveflowSim" };
    const name = `static-${mutant}`;
    const sim = await loadMutant(binding, { name, part: "server", story: name, requirements: [], edits: [] });
    return { ...build, sim };
  }

  #loaded(): Sandbox {
    if (this.#sandbox === undefined) throw new Error("the runner was not initialised");
    return this.#sandbox;
  }
}

const sandboxUrl = (path: string): URL => new URL(path, pathToFileURL(`${process.cwd()}/`));

async function loadSandbox(): Promise<Sandbox> {
  const load = (path: string): Promise<unknown> => import(sandboxUrl(path).href);
  const { waveflowSim: sim } = (await load("sim/waveflow/binding.ts")) as { waveflowSim: Build["sim"] };
  const { waveflowLaws: laws } = (await load("invariants/waveflow/index.ts")) as {
    waveflowLaws: Build["laws"];
  };
  const catalogue = (await load("scenarios/catalogue.ts")) as { loadCatalogue: typeof loadCatalogue };
  const judging = (await load("explore/selftest/verdict-of-run.ts")) as {
    verdictOnScenario: typeof verdictOnScenario;
  };
  const mutants = (await load("explore/mutants/load.ts")) as { loadMutant: typeof loadMutant };
  const { scenarios } = catalogue.loadCatalogue();
  return { build: { sim, laws }, scenarios, ...judging, ...mutants };
}

const messageOf = (kill: Kill): string => [...kill.laws, kill.seen].join("; ");

export const strykerPlugins = [
  declareFactoryPlugin(PluginKind.TestRunner, "corpus", () => new CorpusRunner()),
];
