// Which scenarios of the corpus are not put to somebody else's client, and why: they take hold of what only our own
// device has, or hold it to a habit of ours that the profile leaves open.
import type { Ability, Scenario, Step } from "../../scenarios/format/types.ts";

/** Why a scenario is no scenario for a client; undefined where it is one. */
export function withheld(scenario: Scenario): string | undefined {
  const folder = scenario.id.split("/").slice(0, 3).join("/");
  const habit = habits.get(folder);
  if (habit !== undefined) return habit;
  const ability = scenario.needs.find((one) => ofServersAlone.has(one));
  if (ability !== undefined) return `it is about the server (${ability})`;
  const setting = Object.keys(scenario.deviceConfig).find((name) => !settable.has(name));
  if (setting !== undefined) return `it sets ${setting} of our own device`;
  if (scenario.devices.some(({ mode }) => mode === "server")) return serverMode;
  for (const step of scenario.steps) {
    const why = withheldStep(step);
    if (why !== undefined) return why;
  }
  return undefined;
}

const ofServersAlone: ReadonlySet<Ability> = new Set<Ability>([
  "statements",
  "processes",
  "pause",
  "database",
  "database-restart",
  "disk-full",
  "chance",
  "unbuffered-sockets",
]);

const settable: ReadonlySet<string> = new Set([
  "batchSize",
  "pageSize",
  "drainIntervalMs",
  "backoffFirstMs",
  "backoffMaxMs",
]);

const serverMode = "mode server leaves no trace that a driver would have to show";

function withheldStep(step: Step): string | undefined {
  if (step.kind === "together" || step.kind === "start") {
    return step.steps.map(withheldStep).find((why) => why !== undefined);
  }
  if (step.kind !== "device") return undefined;
  const args = (step.action.args ?? {}) as Readonly<Record<string, unknown>>;
  switch (step.action.verb) {
    case "clone-from":
      return "a copied storage would be bound to the other device's address";
    case "crash":
      return args["position"] === undefined ? undefined : "it crashes at a durable step of our own disk";
    case "ack":
      return Object.keys(args).length === 0 ? undefined : "it acknowledges in the device's name";
    case "mode":
      return args["mode"] === "server" ? serverMode : undefined;
    case "bind":
      return args["url"] === "default" || args["url"] === ""
        ? undefined
        : "it names a server that is not on this machine";
    default:
      return undefined;
  }
}

/** By scenario, or folder of one `for-each`. */
const habits: ReadonlyMap<string, string> = new Map([
  ["waveflow/device/distance-of-its-tries", "it holds a back-off to our own times"],
  ["waveflow/device/begins-again-with-a-new-token", "it holds a back-off to our own times"],
  ["waveflow/device/edit-after-edit", "it holds a back-off to our own times"],
  ["waveflow/socket/begins-again-with-a-new-token", "it holds a back-off to our own times"],
  ["waveflow/modes/what-was-unshared", "from when on a row counts as shared is the device's own affair"],
  ["waveflow/ack/beyond-a-restored-head", "the page does not say what a client makes of ack_beyond_head"],
  ["waveflow/resync/more-than-three-pages", "it has more than a thousand edits made one by one"],
  [
    "regressions/waveflow/accepted-and-lost-at-rest",
    "that a taken edit has not come back only our own device can tell",
  ],
  ["regressions/waveflow/superseded-on-a-page-to-come", "it counts pages, and their size is only a wish"],
]);

/** Their names, so that none is left out that is not there. */
export const withheldHabits: readonly string[] = [...habits.keys()];
