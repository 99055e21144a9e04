// Windows: short passages that put a fault where it hurts. Each is a schedule in which builds have lost data, with the
// details left to chance; between two windows, and inside them, anything else may happen.
import { waveflowVocabulary } from "../../scenarios/waveflow/vocabulary.ts";
import type { NetworkAction, ServerAction } from "../../scenarios/format/types.ts";
import { advance, crashAtCommit } from "./happenings.ts";
import type { Plot } from "./plot.ts";

/** Each window with its weight. A plan uses a few of them. */
export const windowWeights = {
  lostAnswer: 6,
  overwritten: 5,
  statementFault: 6,
  heldStatement: 6,
  staleDevice: 5,
  deleteAndCreate: 4,
  frames: 6,
  walk: 5,
  copies: 3,
  queueAndMode: 4,
  account: 2,
  acknowledgements: 4,
  concurrentEdits: 4,
  stranger: 3,
  deviceCrash: 4,
  silence: 2,
  fullQueue: 3,
} as const;

export type WindowName = keyof typeof windowWeights;

export function openWindow(plot: Plot, name: WindowName): void {
  windows[name](plot);
}

const windows: Readonly<Record<WindowName, (plot: Plot) => void>> = {
  lostAnswer,
  overwritten,
  statementFault,
  heldStatement,
  staleDevice,
  deleteAndCreate,
  frames,
  walk,
  copies,
  queueAndMode,
  account,
  acknowledgements,
  concurrentEdits,
  stranger,
  deviceCrash,
  silence,
  fullQueue,
};

/** A push whose answer does not arrive, or arrives twice; somebody else writes over it; the log forgets; it is tried
 *  again. */
function lostAnswer(plot: Plot): void {
  const { choices, steps } = plot;
  const name = plot.anyone();
  const other = plot.other(name);
  const entity = plot.entity();
  const field = plot.field();
  if (choices.onceIn(2)) plot.everybodySyncs();
  plot.write(name, entity, field);
  if (choices.onceIn(3)) plot.edits(name, choices.between(1, 3));
  steps.network(exchangeFault(plot, name, "push"));
  steps.device(name, choices.pick(["push", "sync"]));
  plot.sync(other);
  plot.write(other, entity, field);
  plot.sync(other);
  if (choices.onceIn(2)) {
    if (choices.onceIn(2)) plot.everybodySyncs();
    plot.compact();
  }
  if (choices.onceIn(3)) steps.wait(choices.pick([1_000, 15_000, 45_000]));
  plot.sync(name);
}

/** What may befall one exchange of a device. */
export function exchangeFault(plot: Plot, device: string, message: string): NetworkAction {
  const { choices } = plot;
  const of = { device, message, nth: choices.pick([1, 1, 1, 2]) };
  switch (choices.pick(["lose-reply", "lose-reply", "lose-request", "duplicate", "delay", "answer"])) {
    case "lose-reply":
      return { verb: "lose-reply", of };
    case "lose-request":
      return { verb: "lose-request", of };
    case "duplicate":
      return { verb: "duplicate", of, afterMs: choices.pick([0, 1, 20, 1_000, 20_000, 40_000]) };
    case "delay":
      return {
        verb: choices.pick(["delay-request", "delay-reply"]),
        of,
        byMs: choices.pick([20, 500, 9_000, 20_000]),
      };
    default:
      return {
        verb: "answer",
        of,
        status: choices.pick([200, 200, 204, 302, 401, 404, 429, 500, 502, 503]),
        body: choices.pick(["html", "empty", "truncated", "json"]),
        withEffect: choices.onceIn(2),
      };
  }
}

/** One field written again and again, heard of by some, then forgotten by the log; then somebody who has not heard. */
function overwritten(plot: Plot): void {
  const { choices, steps, options } = plot;
  const writer = plot.anyone();
  const entity = plot.entity();
  const sleeper = choices.pick(options.devices);
  if (choices.onceIn(2)) plot.everybodySyncs();
  if (choices.onceIn(2)) steps.device(sleeper, "offline");
  for (let count = choices.between(2, 4); count > 0; count--) {
    plot.write(choices.onceIn(3) ? plot.other(writer) : writer, entity);
    if (choices.onceIn(2)) plot.sync(writer);
  }
  for (const name of options.devices) if (!choices.onceIn(3)) plot.sync(name);
  if (choices.onceIn(3)) plot.write(sleeper, entity);
  plot.compact();
  if (choices.onceIn(2)) steps.device(sleeper, "online");
  steps.device(sleeper, choices.pick(["pull", "sync", "connect", "push"]));
}

const faultyPurposes = ["push", "push", "push", "compact", "compact", "pull", "ack", "frames", "contact"];

/** The server dies, loses an answer or is refused at one statement; then what runs into it, and what comes after. */
function statementFault(plot: Plot): void {
  const { choices, steps } = plot;
  const name = plot.anyone();
  const purpose = choices.pick(faultyPurposes);
  if (choices.onceIn(2)) plot.write(plot.other(name));
  if (choices.onceIn(2)) plot.everybodySyncs();
  plot.write(name);
  if (choices.onceIn(3)) plot.write(name);
  if (purpose === "compact") plot.everybodySyncs();
  plot.mayHang(() => steps.server(drawStatementFault(plot, purpose, name)));
  runInto(plot, purpose, name);
  if (choices.onceIn(2)) steps.server({ verb: "restart" });
  if (choices.onceIn(3)) plot.compact();
  plot.sync(plot.other(name));
  if (choices.onceIn(2)) plot.sync(name);
}

function drawStatementFault(plot: Plot, purpose: string, device: string): ServerAction {
  const { choices } = plot;
  const statement = choices.pick(waveflowVocabulary.statements.get(purpose)!);
  const whose = purpose !== "compact" && choices.onceIn(3) ? { device } : {};
  const verb = choices.pick(["crash-during", "crash-during", "lose-answer-during", "fail-during"] as const);
  const isAt = verb !== "crash-during";
  return {
    verb,
    purpose,
    statement,
    nth: 1,
    position: isAt
      ? verb === "fail-during"
        ? "before"
        : "after"
      : choices.pick(["before", "after"] as const),
    ...whose,
    ...(verb === "fail-during" ? { sqlstate: choices.pick(["40001", "40P01", "57014", "53300"]) } : {}),
  };
}

/** Makes the transaction happen that a trap waits for. */
function runInto(plot: Plot, purpose: string, name: string): void {
  const { steps, choices } = plot;
  switch (purpose) {
    case "push":
      return steps.device(name, choices.pick(["push", "sync"]));
    case "pull":
      return steps.device(name, "pull");
    case "ack":
      return steps.device(name, "sync");
    case "frames":
    case "contact":
      return steps.device(name, "connect");
    default:
      return undefined;
  }
}

/** A transaction stops in the middle while others go on. */
function heldStatement(plot: Plot): void {
  const { choices, steps } = plot;
  const name = plot.anyone();
  const purpose = choices.pick(["push", "push", "push", "compact", "pull", "ack", "frames"]);
  if (choices.onceIn(2)) plot.everybodySyncs();
  plot.write(name);
  if (choices.onceIn(2)) plot.edit(name);
  if (purpose === "compact") plot.everybodySyncs();
  plot.hold(purpose, {
    position: choices.pick(["before", "after"]),
    statement: choices.pick(waveflowVocabulary.statements.get(purpose)!),
    ...(purpose !== "compact" && choices.onceIn(2) ? { device: name } : {}),
  });
  if (purpose !== "compact") steps.start(() => runInto(plot, purpose, name));
  for (let count = choices.between(1, 4); count > 0; count--) {
    const other = plot.other(name);
    steps.start(() => {
      switch (choices.pick(["write", "push", "pull", "sync", "compact", "connect", "ack"])) {
        case "write":
          return plot.write(other);
        case "push":
          return steps.device(other, "push");
        case "pull":
          return steps.device(other, "pull");
        case "sync":
          return plot.sync(other);
        case "connect":
          return steps.device(other, "connect");
        case "ack":
          return steps.device(other, "ack");
        case "compact":
          return steps.server({ verb: "compact" }, { w: "body.compacted_up_to" });
      }
    });
    steps.wait(choices.pick([1, 10, 60, 1_000]));
  }
  plot.release(purpose);
  steps.wait(choices.pick([10, 100, 1_000]));
  if (choices.onceIn(2)) plot.sync(plot.other(name));
  if (choices.onceIn(2)) plot.sync(name);
}

/** Asleep for about as long as the server waits for anybody; then what it knows is compared with what is left. */
function staleDevice(plot: Plot): void {
  const { choices, steps } = plot;
  const sleeper = plot.anyone();
  const writer = plot.other(sleeper);
  const entity = plot.entity();
  const field = plot.field();
  plot.write(writer, entity, field);
  plot.everybodySyncs();
  if (choices.onceIn(2)) steps.device(sleeper, "offline");
  if (choices.onceIn(2)) plot.write(sleeper, choices.onceIn(2) ? entity : plot.entity());
  if (choices.onceIn(3)) plot.write(writer, entity, field);
  if (choices.onceIn(3)) plot.sync(writer);
  advance(plot);
  // A contact that acknowledges nothing new is a contact all the same.
  if (choices.onceIn(3)) {
    steps.device(sleeper, "online");
    steps.device(sleeper, choices.pick(["pull", "push", "ack", "connect"]));
    if (choices.onceIn(2)) steps.device(sleeper, "offline");
    if (choices.onceIn(2)) advance(plot);
  }
  plot.write(writer, entity, field);
  plot.write(writer, entity, field);
  plot.sync(writer);
  plot.compact();
  if (choices.onceIn(2)) {
    plot.write(writer, entity, field);
    plot.sync(writer);
  }
  steps.device(sleeper, "online");
  steps.device(sleeper, choices.pick(["pull", "sync", "connect", "push"]));
}

/** An entity is deleted, written and brought back from several sides, with and without knowing of each other. */
function deleteAndCreate(plot: Plot): void {
  const { choices, steps } = plot;
  const entity = plot.entity();
  const one = plot.anyone();
  const other = plot.other(one);
  plot.edit(one, entity);
  plot.edit(one, entity);
  if (choices.onceIn(2)) plot.sync(one, other);
  for (let count = choices.between(1, 3); count > 0; count--) {
    const name = choices.onceIn(2) ? one : other;
    if (choices.onceIn(2)) plot.remove(name, entity);
    else plot.edit(name, entity);
    if (choices.onceIn(2)) steps.device(name, "push");
  }
  plot.remove(one, entity);
  if (choices.onceIn(2)) plot.edit(one, entity);
  if (choices.onceIn(2)) plot.edit(other, entity);
  if (choices.onceIn(2)) plot.sync(other, one);
  else steps.together(() => [one, other].forEach((name) => steps.device(name, "sync")));
  if (choices.onceIn(2)) plot.everybodySyncs();
  plot.compact();
  if (choices.onceIn(2)) steps.device(choices.onceIn(2) ? one : other, "reinstall");
  if (choices.onceIn(2)) plot.everybodySyncs();
}

/** Somebody listens while others push, and some of what it should hear is lost, late, twice or held. */
function frames(plot: Plot): void {
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

function frameFault(plot: Plot, device: string): NetworkAction {
  const { choices } = plot;
  const nth = choices.pick([1, 1, 2, 3]);
  switch (choices.pick(["drop", "repeat", "delay", "hold", "release", "cut", "half-open", "drop"])) {
    case "drop":
      return { verb: "drop-frame", device, nth };
    case "repeat":
      return { verb: "repeat-frame", device, nth };
    case "delay":
      return { verb: "delay-frame", device, nth, byMs: choices.pick([10, 300, 3_000]) };
    case "hold":
      return { verb: "hold-frames", device };
    case "release":
      return { verb: "release-frames", device };
    case "cut":
      return { verb: "cut-socket", device };
    default:
      return { verb: "half-open", device };
  }
}

/** A full read in small pages while the log changes under it, or the device dies. */
function walk(plot: Plot): void {
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
function copies(plot: Plot): void {
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
function queueAndMode(plot: Plot): void {
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
function account(plot: Plot): void {
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

/** Acknowledgements that are old, early, repeated, in memory only, or lost with it. */
function acknowledgements(plot: Plot): void {
  const { choices, steps } = plot;
  const name = plot.anyone();
  const writer = plot.other(name);
  plot.edits(writer, choices.between(1, 3));
  steps.device(writer, "push");
  if (choices.onceIn(2)) steps.device(name, "pull");
  if (choices.onceIn(3)) steps.network(exchangeFault(plot, name, "ack"));
  for (let count = choices.between(1, 3); count > 0; count--) {
    const id = choices.pick([undefined, undefined, 0, 1]);
    steps.device(name, "ack", id === undefined ? {} : { id });
    if (choices.onceIn(2)) plot.write(writer);
    if (choices.onceIn(2)) steps.device(choices.onceIn(2) ? name : writer, "sync");
  }
  if (choices.onceIn(3)) steps.wait(choices.pick([100, 6_000]));
  switch (choices.pick(["crash", "stop", "compact", "compact"])) {
    case "crash":
      steps.server({ verb: "restart" });
      break;
    case "stop":
      plot.mayHang(() => steps.server({ verb: "stop" }));
      steps.server({ verb: "restart" });
      break;
    default:
      break;
  }
  plot.compact();
  steps.device(name, choices.pick(["pull", "sync"]));
}

/** The same field from several devices that do not know of each other. */
function concurrentEdits(plot: Plot): void {
  const { choices, steps, options } = plot;
  const entity = plot.entity();
  const field = plot.field();
  for (const name of options.devices) plot.write(name, entity, field);
  if (choices.onceIn(2)) {
    steps.together(() =>
      options.devices.forEach((name) => steps.device(name, choices.pick(["push", "sync"]))),
    );
  }
  for (const name of options.devices) if (choices.onceIn(2)) steps.device(name, "pull");
  if (choices.onceIn(3)) for (const name of options.devices) plot.write(name, entity, field);
  if (choices.onceIn(2)) plot.everybodySyncs();
}

/** Somebody else answers a device, in ways that look like the server or like nothing. */
function stranger(plot: Plot): void {
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
function deviceCrash(plot: Plot): void {
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

/** Nothing new for long, while somebody is connected all the time. */
function silence(plot: Plot): void {
  const { choices, steps, options } = plot;
  const name = plot.anyone();
  plot.write(plot.other(name));
  plot.everybodySyncs();
  steps.device(name, "connect");
  for (let count = choices.between(1, 3); count > 0; count--) {
    steps.advance(Math.ceil(options.stalenessMs / 2) + choices.between(0, 100));
    steps.wait(choices.pick([1_000, 31_000]));
    if (choices.onceIn(3)) steps.device(name, choices.pick(["pull", "ack", "push"]));
  }
  plot.write(plot.other(name));
  plot.write(plot.other(name));
  plot.sync(plot.other(name));
  plot.compact();
  steps.device(name, choices.pick(["pull", "sync", "ack"]));
}

/** Many rows at once, edited further while they drain. */
function fullQueue(plot: Plot): void {
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
