// Certifying clients of WaveFlow, as the command takes it.
import type { Law } from "../../invariants/verdict.ts";
import type { ClientProtocol } from "../client/protocol.ts";
import { clientLaws } from "./client-laws/index.ts";
import { clientLevels, clientRequirements } from "./client-profile.ts";
import { openClientRuns } from "./client-runs.ts";
import { clientScenarios } from "./client-scenarios.ts";

export const waveflowClient: ClientProtocol = {
  protocol: "waveflow/1",
  requirements: clientRequirements,
  levels: clientLevels,
  laws: clientLaws as readonly Law[],
  scenarios: clientScenarios,
  openRuns: openClientRuns,
};
