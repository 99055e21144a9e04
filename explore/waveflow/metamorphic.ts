// What relations between runs need to know of WaveFlow, and its sequential plans: devices that do what they are told,
// one after another, so that the ids of all operations, and with them who wins, follow from the order of the steps.
import { type DeviceAction, type Scenario, type Step } from "../../scenarios/format/types.ts";
import type { History } from "../../invariants/history.ts";
import type { WaveflowEvent } from "../../invariants/waveflow/events.ts";
import type { JsonObject } from "../../protocol/json.ts";
import { entityKey, entityKeyParts, foldLog, visibleState } from "../../protocol/waveflow/fold.ts";
import { neededAbilities } from "../../scenarios/format/needs.ts";
import { waveflowVocabulary } from "../../scenarios/waveflow/vocabulary.ts";
import type { Entities, FinalState, MetamorphicWords } from "../metamorphic/relation.ts";
import { editOf, StepList } from "../step-list.ts";
import { lotsOf, Stream } from "../stream.ts";

const calmWithinMs = 600_000;
const deviceNames = ["laptop", "phone", "tablet"] as const;
/** Few, so that edits meet. */
const entities = [
  { entityType: "song", entityId: "1" },
  { entityType: "song", entityId: "1" },
  { entityType: "album", entityId: "1" },
] as const;
const dayMs = 86_400_000;

const happenings = lotsOf({
  edit: 30,
  burst: 4,
  remove: 6,
  sync: 10,
  syncAll: 5,
  push: 10,
  pull: 10,
  ack: 4,
  compact: 10,
  wait: 3,
  restart: 1,
  sleep: 1,
  reinstall: 1,
});

const verb = (name: string, args: JsonObject = {}): DeviceAction => ({ verb: name, args });

export const waveflowMetamorphic: MetamorphicWords = {
  sequentialPlan,
  finalStateOf,
  pull: verb("pull"),
  acknowledge: verb("ack"),
  edit: verb("edit", { ...entities[0], edits: [{ field: "title", value: "somebody else's" }] }),
  messagesOf,
  sizes: {
    config: { pullLimitDefault: [1, 2, 5, 500] },
    deviceConfig: { batchSize: [1, 2, 3, 100], pageSize: [1, 2, 3, 500] },
  },
  entitiesOf({ args }) {
    const { entityType, entityId } = (args ?? {}) as Readonly<Record<string, unknown>>;
    return entityType === undefined ? [] : [entityKey(String(entityType), String(entityId))];
  },
  renameEntities(action, names) {
    const [key] = waveflowMetamorphic.entitiesOf(action);
    if (key === undefined) return action;
    return { ...action, args: { ...(action.args as JsonObject), ...entityKeyParts(names[key] ?? key) } };
  },
};

function sequentialPlan(seed: string): Scenario {
  const choices = new Stream(seed, "sequential");
  const steps = new StepList();
  const names = deviceNames.slice(0, choices.pick([1, 2, 2, 3]));
  const stepsMax = choices.pick([6, 12, 24, 48]);
  const isTwoUsers = names.length === 3 && choices.onceIn(4);
  let serial = 0;
  const edit = (name: string): void => {
    const edits = [{ field: choices.pick(["title", "rating"]), value: ++serial }];
    steps.device(name, "edit", editOf(choices.pick(entities), edits));
  };
  while (steps.length < stepsMax) {
    const name = choices.pick(names);
    const happening = choices.weighted(happenings);
    switch (happening) {
      case "edit":
        edit(name);
        break;
      case "burst":
        for (let count = choices.between(2, 5); count > 0; count--) edit(name);
        break;
      case "remove":
        steps.device(name, "delete", { ...choices.pick(entities) });
        break;
      case "sync":
        steps.sync([name]);
        break;
      case "syncAll":
        steps.sync(names);
        break;
      case "push":
      case "pull":
      case "ack":
      case "restart":
        steps.device(name, happening);
        break;
      case "reinstall":
        // What it has not sent goes with the disk, and so would what the server does not have: another plan.
        steps.sync([name]);
        steps.device(name, "reinstall");
        break;
      case "compact":
        steps.server({ verb: "compact" });
        break;
      case "wait":
        steps.wait(choices.pick([100, 3_000, 10_000]));
        break;
      case "sleep":
        steps.advance(choices.pick([dayMs, 91 * dayMs]));
        break;
    }
  }
  // What was repeated late comes now, and is followed by the looks of everybody.
  steps.wait(10_000);
  steps.sync(names);
  steps.settle(calmWithinMs);
  const plan = {
    id: `waveflow/sequential/${seed.toLowerCase().replaceAll(/[^a-z0-9]+/gu, "-")}`,
    title: `The sequential plan of seed ${seed}`,
    protocol: "waveflow/1",
    requirements: [],
    devices: names.map((name, place) => {
      return {
        name,
        user: isTwoUsers && place === 2 ? "bob" : "alice",
        mode: "hybrid",
        automatic: false,
        process: 1,
      };
    }),
    config: { pullLimitDefault: choices.pick([2, 500]), stalenessMs: choices.pick([6_000, 90 * dayMs]) },
    deviceConfig: { batchSize: choices.pick([1, 2, 100]), pageSize: choices.pick([2, 500]) },
    trouble: {},
    seed,
    processes: 1,
    steps: steps.steps,
    expect: {},
  };
  return { ...plan, needs: [...neededAbilities(plan, waveflowVocabulary).keys()] };
}

function messagesOf(step: Step): readonly { readonly device: string; readonly message: string }[] {
  if (step.kind === "sync") {
    return step.devices.flatMap((device) => ["push", "pull", "ack"].map((message) => ({ device, message })));
  }
  if (step.kind !== "device" || !["push", "pull", "ack"].includes(step.action.verb)) return [];
  return [{ device: step.device, message: step.action.verb }];
}

function finalStateOf(history: History): FinalState {
  const users: Record<string, Entities> = {};
  const devices: Record<string, FinalState["devices"][string]> = {};
  for (const event of history.events as readonly WaveflowEvent[]) {
    if (event.kind !== "found") continue;
    const { finding } = event;
    if (finding.kind === "log") users[finding.user] = visibleState(foldLog(finding.ops));
    else devices[event.actor] = { entities: finding.visible, waiting: finding.pending.length };
  }
  return { users, devices };
}
