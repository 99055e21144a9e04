// The storm: one seed makes one plan. Five devices edit at random while a swarm of faults, another one for each seed,
// befalls network, processes, disks and database; then calm. The plan is a scenario like any other: it can be written
// down, replayed and read.
import type { Scenario, Step } from "../scenarios/format/types.ts";
import { editOf, StepList } from "./step-list.ts";
import { lotsOf, Stream } from "./stream.ts";

/** How long the trouble lasts. Units: virtual milliseconds. */
export const stormLengthMs = 20_000;
/** How long the calm may take to bring everybody together. Units: virtual milliseconds. */
const calmWithinMs = 600_000;

const deviceNames = ["laptop", "phone", "tablet", "desktop", "watch"] as const;
const entities = [
  { entityType: "song", entityId: "1" },
  { entityType: "song", entityId: "2" },
  { entityType: "song", entityId: "3" },
  { entityType: "album", entityId: "1" },
  { entityType: "playlist", entityId: "hot" },
] as const;
const fields = ["title", "rating", "tags", "note"] as const;

/** Odds of each fault in a million, where the swarm of a seed has it. */
const swarm = {
  loseRequest: [5_000, 60_000],
  loseReply: [5_000, 60_000],
  duplicateRequest: [5_000, 60_000],
  zombieRequest: [2_000, 30_000],
  delay: [10_000, 100_000],
  refuse: [2_000, 30_000],
  refuseAfterEffect: [2_000, 30_000],
  portal: [2_000, 20_000],
  truncateReply: [2_000, 20_000],
  loseFrame: [5_000, 80_000],
  repeatFrame: [5_000, 80_000],
  lateFrame: [5_000, 80_000],
  cutSocket: [1_000, 20_000],
  halfOpenSocket: [1_000, 10_000],
  crashServer: [100, 2_000],
  loseDatabaseAnswer: [100, 2_000],
  crashDevice: [500, 5_000],
  failDisk: [500, 5_000],
} as const satisfies Readonly<Record<string, readonly [number, number]>>;

/** What happens between two waits, and how often against the others. */
const happenings = lotsOf({
  edit: 60,
  burst: 5,
  remove: 6,
  compact: 5,
  offline: 4,
  online: 5,
  partition: 3,
  heal: 3,
  crashDevice: 2,
  restartDevice: 4,
  crashServer: 1,
  restartServer: 2,
  signOut: 1,
  signIn: 3,
  expireToken: 1,
  localMode: 1,
  hybridMode: 3,
  holdFrames: 1,
  releaseFrames: 2,
  cutSocket: 1,
  skew: 1,
  advance: 1,
  backup: 4,
  restore: 2,
  clone: 1,
  reinstall: 1,
});

/** The plan of a seed. */
export function stormScenario(seed: string): Scenario {
  const choices = new Stream(seed, "swarm");
  const trouble: Record<string, number> = {
    duplicateAfterMaxMs: choices.pick([0, 50, 5_000]),
    zombieAfterMaxMs: choices.pick([0, 5_000]),
    delayMaxMs: choices.pick([100, 3_000, 15_000]),
    lateFrameMaxMs: choices.pick([20, 500, 5_000]),
    latencyMinMs: 1,
    latencyMaxMs: choices.pick([5, 40, 400]),
    restartAfterMaxMs: choices.pick([50, 2_000]),
  };
  for (const [fault, [least, most]] of Object.entries(swarm)) {
    if (choices.onceIn(2)) trouble[fault] = choices.between(least, most);
  }
  const isTwoUsers = choices.onceIn(4);
  return {
    id: `waveflow/storm/${seed}`,
    title: `The storm of seed ${seed}`,
    protocol: "waveflow/1",
    requirements: [],
    needs: ["chance"],
    devices: deviceNames.map((name, index) => ({
      name,
      user: isTwoUsers && index >= 3 ? "bob" : "alice",
      mode: "hybrid",
      automatic: true,
      process: 1,
    })),
    config: {
      pullLimitDefault: choices.pick([2, 5, 20, 500]),
      pingIntervalMs: 5_000,
      ackFlushIntervalMs: choices.pick([200, 5_000]),
      stalenessMs: choices.pick([6_000, 90 * 86_400_000]),
    },
    deviceConfig: {
      drainIntervalMs: choices.pick([2_000, 5_000]),
      pageSize: choices.pick([3, 20, 500]),
      batchSize: choices.pick([1, 3, 100]),
    },
    trouble,
    seed,
    processes: choices.pick([1, 1, 2]),
    steps: stormSteps(seed),
    // The laws say what is right; a plan expects nothing of its own.
    expect: {},
  };
}

function stormSteps(seed: string): readonly Step[] {
  const times = new Stream(seed, "times");
  const plot = new Stream(seed, "plot");
  const words = new Stream(seed, "words");
  const steps = new StepList();
  // Milliseconds between two happenings: a storm comes to about 2,000 events of the kernel, the calm included.
  const lull = times.pick([250, 500, 900]);
  const backedUp = new Set<string>();
  // Who may have to be signed in, or to share again, before the calm can bring everybody together.
  const signedOut = new Set<string>();
  const unsharing = new Set<string>();
  let serial = 0;
  const edit = (name: string): void => {
    const entity = words.pick(entities);
    serial++;
    const edits = [{ field: words.pick(fields), value: `${name} ${serial}` }];
    steps.device(name, "edit", editOf(entity, edits));
  };
  const remove = (name: string): void => {
    steps.device(name, "delete", words.pick(entities));
  };
  for (let at = 0; at < stormLengthMs; ) {
    const waitMs = times.between(1, 2 * lull);
    at += waitMs;
    steps.wait(waitMs);
    const name = plot.pick(deviceNames);
    const happening = plot.weighted(happenings);
    switch (happening) {
      case "edit":
        edit(name);
        break;
      case "burst":
        for (let count = words.between(2, 8); count > 0; count--) edit(name);
        break;
      case "remove":
        remove(name);
        break;
      case "compact":
        steps.server({ verb: "compact" });
        break;
      case "offline":
      case "online":
        steps.device(name, happening);
        break;
      case "backup":
        backedUp.add(name);
        steps.device(name, "backup");
        break;
      case "partition":
        steps.network({
          verb: "partition",
          device: name,
          direction: plot.pick(["both", "to-server", "to-device"]),
          inFlight: plot.pick(["hold", "drop"]),
        });
        break;
      case "heal":
        steps.network({ verb: "heal", device: name });
        break;
      case "crashDevice":
        steps.device(name, "crash");
        break;
      case "restartDevice":
        steps.device(name, "restart");
        break;
      case "crashServer":
        steps.server({ verb: "crash", process: 1 });
        break;
      case "restartServer":
        steps.server({ verb: "restart", process: 1 });
        break;
      case "signOut":
        signedOut.add(name);
        steps.device(name, "sign-out");
        break;
      case "signIn":
        steps.device(name, "sign-in");
        break;
      case "expireToken":
        signedOut.add(name);
        steps.device(name, "token", { kind: "expired" });
        break;
      case "localMode":
        unsharing.add(name);
        steps.device(name, "mode", { mode: "local" });
        break;
      case "hybridMode":
        steps.device(name, "mode", { mode: "hybrid" });
        break;
      case "holdFrames":
        steps.network({ verb: "hold-frames", device: name });
        break;
      case "releaseFrames":
        steps.network({ verb: "release-frames", device: name });
        break;
      case "cutSocket":
        steps.network({ verb: "cut-socket", device: name });
        break;
      case "skew":
        steps.device(name, "skew", { byMs: plot.between(-3_600_000, 3_600_000) });
        break;
      case "advance":
        steps.advance(plot.pick([60_000, 7 * 86_400_000, 91 * 86_400_000]));
        break;
      case "restore":
        if (!backedUp.has(name)) break;
        signedOut.add(name);
        unsharing.add(name);
        steps.device(name, "restore");
        break;
      case "clone":
        signedOut.add(name);
        unsharing.add(name);
        steps.device(name, "clone-from", {
          device: plot.pick(deviceNames.filter((other) => other !== name)),
        });
        break;
      case "reinstall":
        steps.device(name, "reinstall");
        break;
    }
  }
  for (const name of deviceNames) {
    if (signedOut.has(name)) steps.device(name, "sign-in");
    if (unsharing.has(name)) steps.device(name, "mode", { mode: "hybrid" });
  }
  steps.settle(calmWithinMs);
  return steps.steps;
}
