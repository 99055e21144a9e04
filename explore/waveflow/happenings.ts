// What happens between two windows: one thing at a time, drawn by weights that differ from plan to plan. A kind that a
// plan's swarm leaves out does not happen in it at all.
import type { Lots } from "../stream.ts";
import type { Plot } from "./plot.ts";

/** Each happening with the weight that it has against the others. */
export const happeningWeights = {
  edit: 60,
  burst: 6,
  remove: 8,
  push: 16,
  pull: 10,
  ack: 6,
  sync: 16,
  everybodySyncs: 4,
  resync: 2,
  connect: 6,
  disconnect: 3,
  together: 8,
  compact: 10,
  offline: 4,
  online: 6,
  partition: 3,
  heal: 4,
  crashDevice: 2,
  crashAtCommit: 4,
  restartDevice: 4,
  crashServer: 2,
  stopServer: 1,
  restartServer: 4,
  signOut: 1,
  signIn: 3,
  badToken: 1,
  mode: 3,
  hybrid: 3,
  holdFrames: 2,
  releaseFrames: 3,
  cutSocket: 2,
  halfOpen: 1,
  skew: 1,
  serverSkew: 1,
  advance: 3,
  backup: 3,
  restore: 2,
  clone: 1,
  reinstall: 1,
  switchAccount: 1,
  leave: 1,
} as const;

export type Happening = keyof typeof happeningWeights;

/** Lets one of them happen. */
export function happen(plot: Plot, lots: Lots<Happening>): void {
  const { choices, steps } = plot;
  const happening = choices.weighted(lots);
  const name = plot.anyone();
  switch (happening) {
    case "edit":
      return plot.edit(name);
    case "burst":
      return plot.edits(name, choices.between(2, 9));
    case "remove":
      return plot.remove(name);
    case "push":
    case "pull":
    case "ack":
    case "resync":
    case "connect":
    case "disconnect":
      return steps.device(name, happening);
    case "sync":
      return plot.sync(name);
    case "everybodySyncs":
      return plot.everybodySyncs();
    case "together":
      return together(plot);
    case "compact":
      return plot.compact();
    case "partition":
      return steps.network({
        verb: "partition",
        device: name,
        direction: choices.pick(["both", "to-server", "to-device"]),
        inFlight: choices.pick(["hold", "drop"]),
      });
    case "heal":
      return steps.network({ verb: "heal", device: name });
    case "holdFrames":
      return steps.network({ verb: "hold-frames", device: name });
    case "releaseFrames":
      return steps.network({ verb: "release-frames", device: name });
    case "cutSocket":
      return steps.network({ verb: "cut-socket", device: name });
    case "halfOpen":
      return steps.network({ verb: "half-open", device: name });
    case "advance":
      return advance(plot);
    case "crashServer":
    case "stopServer":
    case "restartServer":
    case "serverSkew":
      return happenToServer(plot, happening);
    default:
      return happenToDevice(plot, happening, name);
  }
}

type OfServer = "crashServer" | "stopServer" | "restartServer" | "serverSkew";

function happenToServer(plot: Plot, happening: OfServer): void {
  const { choices, steps, options } = plot;
  const where = options.processes > 1 ? { process: choices.between(1, options.processes) } : {};
  switch (happening) {
    case "crashServer":
      return steps.server({ verb: "crash", ...where });
    case "stopServer":
      return plot.mayHang(() => steps.server({ verb: "stop", ...where }));
    case "restartServer":
      return steps.server({ verb: "restart", ...where });
    case "serverSkew":
      return steps.server({ verb: "skew", byMs: choices.pick([0, -1_000, 60_000, -60_000]) });
  }
}

type OfDevice =
  | "offline"
  | "online"
  | "crashDevice"
  | "crashAtCommit"
  | "restartDevice"
  | "signOut"
  | "signIn"
  | "badToken"
  | "mode"
  | "hybrid"
  | "skew"
  | "backup"
  | "restore"
  | "clone"
  | "reinstall"
  | "switchAccount"
  | "leave";

function happenToDevice(plot: Plot, happening: OfDevice, name: string): void {
  const { choices, steps } = plot;
  switch (happening) {
    case "offline":
    case "online":
    case "reinstall":
      return steps.device(name, happening);
    case "crashDevice":
      return steps.device(name, "crash");
    case "crashAtCommit":
      return crashAtCommit(plot, name);
    case "restartDevice":
      return steps.device(name, "restart");
    case "signOut":
      plot.astray.add(name);
      return steps.device(name, "sign-out");
    case "signIn":
      return steps.device(name, "sign-in");
    case "badToken":
      plot.astray.add(name);
      return steps.device(name, "token", { kind: choices.pick(["expired", "wrong-signature", "malformed"]) });
    case "mode":
      plot.astray.add(name);
      return steps.device(name, "mode", { mode: choices.pick(["local", "server", "server", "turbo"]) });
    case "hybrid":
      return steps.device(name, "mode", { mode: "hybrid" });
    case "skew":
      return steps.device(name, "skew", { byMs: choices.between(-3_600_000, 3_600_000) });
    case "backup":
      return plot.backup(name);
    case "restore":
      plot.astray.add(name);
      return plot.restore(name);
    case "clone":
      if (plot.other(name) === name) return;
      plot.astray.add(name);
      return steps.device(name, "clone-from", { device: plot.other(name) });
    case "switchAccount":
      return steps.device(name, "switch-account", { user: choices.pick(plot.options.users) });
    case "leave":
      // With the token deleted it is what a lost telephone is: it never comes, and nobody may wait for it.
      if (plot.gone.size + 1 >= plot.options.devices.length) return;
      plot.gone.add(name);
      return steps.device(name, "sign-out");
  }
}

/** A crash at a durable step to come, with a step beside it that comes there. */
export function crashAtCommit(plot: Plot, name: string): void {
  const { choices, steps } = plot;
  steps.device(name, "crash", {
    position: choices.pick(["before", "after"]),
    commit: choices.pick([1, 1, 1, 2, 2, 3]),
  });
  const verb = choices.pick(["edit", "push", "pull", "sync", "resync", "sync"]);
  if (verb === "edit") plot.edits(name, choices.between(1, 3));
  else steps.device(name, verb);
  if (choices.onceIn(3)) return;
  steps.device(name, "restart");
}

/** Several devices at once, sometimes with a compaction between them. */
function together(plot: Plot): void {
  const { choices, steps, options } = plot;
  plot.mayHang(() => {
    steps.together(() => {
      for (const name of options.devices) {
        if (choices.onceIn(3)) continue;
        if (choices.onceIn(3)) plot.edit(name);
        else steps.device(name, choices.pick(["push", "push", "pull", "sync", "sync", "resync"]));
      }
      if (choices.onceIn(3)) steps.server({ verb: "compact" }, { w: "body.compacted_up_to" });
    });
  });
}

/** Time on all clocks: mostly a little, or around what makes a device stale. */
export function advance(plot: Plot): void {
  const { choices, options, steps } = plot;
  const { stalenessMs } = options;
  steps.advance(
    choices.pick([
      1_000,
      60_000,
      Math.ceil(stalenessMs / 2),
      Math.max(1, stalenessMs - choices.between(0, 120)),
      Math.max(1, stalenessMs - 1),
      stalenessMs,
      stalenessMs + 1,
      2 * stalenessMs,
    ]),
  );
}
