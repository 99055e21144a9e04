// Windows: short passages that put a fault where it hurts. Each is a schedule in which builds have lost data, with the
// details left to chance; between two windows, and inside them, anything else may happen.
import { waveflowVocabulary } from "../../scenarios/waveflow/vocabulary.ts";
import {
  account,
  copies,
  deviceCrash,
  frames,
  fullQueue,
  queueAndMode,
  stranger,
  walk,
} from "./device-windows.ts";
import { advance } from "./happenings.ts";
import type { Plot } from "./plot.ts";
import { drawStatementFault, exchangeFault, runInto } from "./window-faults.ts";

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
  lastContact: 3,
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
  lastContact,
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

/** Long asleep, and heard of once more just before the job, by a request that changes nothing: only the time of contact
 *  speaks for the device. */
function lastContact(plot: Plot): void {
  const { choices, steps, options } = plot;
  const name = plot.anyone();
  const writer = plot.other(name);
  const entity = plot.entity();
  const field = plot.field();
  plot.edit(writer, entity, field);
  plot.everybodySyncs();
  plot.everybodySyncs();
  const contact = choices.pick(["repeated", "refused", "pull", "ack"]);
  if (contact === "repeated") {
    plot.edit(name, plot.entity());
    steps.network({ verb: "lose-reply", of: { device: name, message: "push", nth: 1 } });
    steps.device(name, "push");
  } else if (contact === "refused") plot.poison(name);
  steps.advance(options.stalenessMs + choices.pick([0, 1, 1_000]));
  switch (contact) {
    case "repeated":
    case "refused":
      steps.device(name, "push");
      break;
    case "pull":
    case "ack":
      steps.device(name, contact);
      break;
  }
  for (let count = choices.between(2, 3); count > 0; count--) plot.edit(writer, entity, field);
  plot.sync(writer);
  plot.edit(writer, entity, field);
  plot.sync(writer);
  plot.compact();
  steps.device(name, choices.pick(["pull", "sync"]));
}
