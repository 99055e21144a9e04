// What a client of WaveFlow may claim. Each level adds something that its driver must be able to do; a scenario belongs
// to the last level that it needs anything of.
import { waveflowRequirements } from "../../protocol/waveflow/requirements.ts";
import type { Requirement } from "../../protocol/requirement.ts";
import type { ClientLevel } from "../client/protocol.ts";

/** In order. Which ability belongs to which level is asked of the table, so each stands in one row. */
export const clientLevels: readonly ClientLevel[] = [
  {
    name: "client-core",
    promise: "edits arrive once and whole, and what others wrote is shown, whatever the network does",
    needs: ["push", "pull", "ack", "token"],
  },
  {
    name: "client-crash",
    promise: "a kill at any moment costs nothing that was confirmed",
    needs: ["restart"],
  },
  {
    name: "client-accounts",
    promise: "modes and accounts decide what leaves the device",
    needs: ["mode", "account"],
  },
  { name: "client-automatic", promise: "it comes together by itself", needs: ["automatic"] },
  {
    name: "client-realtime",
    promise: "the live socket is a faster pull and never the only one",
    needs: ["connect"],
  },
];

/** The rules that a client can break: its own, and those of both sides together. */
export const clientRequirements: readonly Requirement[] = waveflowRequirements.filter(
  ({ subject }) => subject !== "server",
);
