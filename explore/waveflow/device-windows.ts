// Windows that are about one device: what it hears, reads, keeps and believes.
import { crashAtCommit } from "./happenings.ts";
import type { Plot } from "./plot.ts";
import { exchangeFault, frameFault } from "./window-faults.ts";

/** Somebody listens while others push, and some of what it should hear is lost, late, twice or held. */
export function frames(plot: Plot): void {
  const { choices, steps } = plot;
  const listener = plot.anyone();
  const writer = plot.other(listener);
  if (choices.onceIn(2)) plot.write(writer);
  if (choices.onceIn(2)) plot.sync(writer);
  if (choices.onceIn(3)) steps.network(exchangeFault(plot, listener, choices.pick(["pull", "socket"])));
  if (choices.onceIn(4)) {
    plot.write(writer);
    steps.together(() => {
      steps.device(listener, "connect");
      steps.device(writer, "push");
    });
  } else steps.device(listener, "connect");
  for (let count = choices.between(1, 3); count > 0; count--) {
    if (!choices.onceIn(4)) steps.network(frameFault(plot, listener));
    plot.write(writer);
    if (choices.onceIn(3)) plot.edits(writer, choices.between(2, 4));
    steps.device(writer, "push");
    if (choices.onceIn(3)) steps.wait(choices.pick([10, 500, 5_000]));
    if (choices.onceIn(3)) steps.device(listener, "ack", choices.onceIn(2) ? { via: "socket" } : {});
    if (choices.onceIn(3)) plot.compact();
  }
  if (choices.onceIn(2)) steps.network({ verb: "release-frames", device: listener });
  if (choices.onceIn(2)) plot.write(listener);
  steps.device(listener, choices.pick(["ack", "sync", "disconnect", "connect", "pull"]));
}

/** A full read in small pages while the log changes under it, or the device dies. */
export function walk(plot: Plot): void {
  const { choices, steps } = plot;
  const reader = plot.anyone();
  const writer = plot.other(reader);
  for (let count = choices.between(1, 3); count > 0; count--) plot.edits(writer, choices.between(1, 4));
  plot.sync(writer);
  if (choices.onceIn(3)) plot.write(reader);
  if (choices.onceIn(2)) plot.everybodySyncs();
  if (choices.onceIn(2)) plot.compact();
  if (choices.onceIn(3)) steps.device(reader, "reinstall");
  if (choices.onceIn(3)) steps.network(exchangeFault(plot, reader, "pull"));
  if (choices.onceIn(4)) crashAtCommit(plot, reader);
  plot.write(writer);
  plot.write(writer);
  plot.mayHang(() => {
    steps.together(() => {
      steps.device(reader, choices.pick(["resync", "resync", "pull"]));
      steps.device(writer, choices.pick(["push", "sync"]));
      if (choices.onceIn(2)) plot.write(reader);
      if (choices.onceIn(3)) steps.server({ verb: "compact" }, { w: "body.compacted_up_to" });
    });
  });
  plot.sync(reader);
}

/** A disk that is copied, put back or emptied, with rows that were not pushed on it. */
export function copies(plot: Plot): void {
  const { choices, steps } = plot;
  const name = plot.anyone();
  const other = plot.other(name);
  plot.write(name);
  if (choices.onceIn(2)) plot.sync(name);
  plot.backup(name);
  if (choices.onceIn(2)) plot.edits(name, choices.between(1, 3));
  if (choices.onceIn(2)) steps.device(name, "push");
  plot.astray.add(name);
  plot.astray.add(other);
  switch (choices.pick(["restore", "restore", "clone", "reinstall"])) {
    case "restore":
      plot.restore(name);
      break;
    case "clone":
      if (other !== name) steps.device(other, "clone-from", { device: name });
      break;
    case "reinstall":
      steps.device(name, "reinstall");
      break;
  }
  plot.write(name);
  plot.write(other);
  if (choices.onceIn(2)) steps.together(() => [name, other].forEach((one) => steps.device(one, "push")));
  plot.sync(name, other);
}

/** The mode changes while rows drain; edits are made in every mode. */
export function queueAndMode(plot: Plot): void {
  const { choices, steps } = plot;
  const name = plot.anyone();
  plot.astray.add(name);
  plot.edits(name, choices.between(2, 6));
  const mode = choices.pick(["local", "server", "local", "server", "turbo"]);
  if (choices.onceIn(3)) steps.network(exchangeFault(plot, name, "push"));
  if (choices.onceIn(2)) {
    steps.together(() => {
      steps.device(name, "push");
      steps.device(name, "mode", { mode });
    });
  } else steps.device(name, "mode", { mode });
  const entity = plot.entity();
  if (choices.onceIn(3)) steps.device(name, choices.pick(["offline", "restart"]));
  plot.write(name, entity);
  if (choices.onceIn(2)) plot.write(plot.other(name), entity);
  if (choices.onceIn(2)) steps.device(name, "read", { ...entity });
  if (choices.onceIn(2)) plot.sync(plot.other(name));
  steps.device(name, "online");
  if (choices.onceIn(2)) plot.write(name, entity);
  steps.device(name, "mode", { mode: choices.pick(["hybrid", "hybrid", "hybrid", "server", "local"]) });
  plot.write(name, entity);
  plot.sync(name);
}

/** Another account on the same device, with rows of the first one in the queue. */
export function account(plot: Plot): void {
  const { choices, steps, options } = plot;
  const name = plot.anyone();
  plot.edits(name, choices.between(1, 4));
  if (choices.onceIn(2)) steps.network(exchangeFault(plot, name, "push"));
  const user = choices.pick(options.users);
  if (choices.onceIn(2)) {
    steps.together(() => {
      steps.device(name, "push");
      steps.device(name, "switch-account", { user });
    });
  } else steps.device(name, "switch-account", { user });
  plot.write(name);
  plot.sync(name);
  if (choices.onceIn(2)) steps.device(name, "switch-account", { user: choices.pick(options.users) });
  if (choices.onceIn(2)) plot.sync(name);
}

/** Somebody else answers a device, in ways that look like the server or like nothing. */
export function stranger(plot: Plot): void {
  const { choices, steps } = plot;
  const name = plot.anyone();
  plot.edits(name, choices.between(1, 3));
  for (let count = choices.between(1, 2); count > 0; count--) {
    const message = choices.pick(["push", "push", "pull", "ack", "socket", "any"]);
    steps.network({
      verb: "answer",
      of: { device: name, message, nth: choices.pick([1, 1, 2]) },
      status: choices.pick([200, 200, 200, 201, 401, 429, 500, 503]),
      body: choices.pick(["html", "empty", "json", "truncated"]),
      withEffect: choices.onceIn(3),
    });
  }
  plot.sync(name);
  plot.write(name);
  plot.sync(name);
}

/** A device dies between two durable steps, more than once. */
export function deviceCrash(plot: Plot): void {
  const { choices, steps } = plot;
  const name = plot.anyone();
  const other = plot.other(name);
  plot.write(other);
  plot.sync(other);
  plot.write(name);
  for (let count = choices.between(1, 2); count > 0; count--) {
    crashAtCommit(plot, name);
    if (choices.onceIn(2)) plot.write(name);
  }
  steps.device(name, "restart");
  if (choices.onceIn(2)) plot.write(name);
  plot.sync(name);
}

/** Many rows at once, edited further while they drain. */
export function fullQueue(plot: Plot): void {
  const { choices, steps } = plot;
  const name = plot.anyone();
  steps.device(name, "offline");
  for (let count = choices.between(2, 5); count > 0; count--) plot.edits(name, choices.between(1, 12));
  if (choices.onceIn(2)) plot.write(plot.other(name));
  if (choices.onceIn(2)) plot.sync(plot.other(name));
  steps.device(name, "online");
  if (choices.onceIn(2)) steps.network(exchangeFault(plot, name, "push"));
  steps.together(() => {
    steps.device(name, choices.pick(["push", "sync"]));
    if (choices.onceIn(2)) plot.edit(name);
    if (choices.onceIn(3)) steps.device(name, choices.pick(["push", "pull", "sync"]));
  });
  plot.sync(name);
}
