// The reference server with one defect, as a process: SEATRIAL_MUTANT names which. For tests that have to see a real
// server fail.
import { loadMutant } from "../explore/mutants/load.ts";
import { waveflowSearch } from "../explore/waveflow/search.ts";
import type { serveUntilSignal } from "../reference-server/serve-process.ts";

const name = process.env["SEATRIAL_MUTANT"];
const mutant = waveflowSearch.mutants.find((one) => one.name === name);
if (mutant === undefined) throw new Error(`SEATRIAL_MUTANT: expected the name of a mutant, saw ${name}`);

const module = new URL("../reference-server/serve-process.ts", import.meta.url);
const loaded: unknown = await loadMutant({ module, name: "serveUntilSignal" }, mutant);
process.exit(await (loaded as typeof serveUntilSignal)(process.env));
