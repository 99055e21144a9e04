// Ordeals of the server: a passage in which it is put to the test at one of the rules of its memory, where it takes
// several devices and some time to see whether it keeps it: who counts for compaction, what was acknowledged, what an
// opening socket is shown, what outlives an op.
//
// A stream of its own draws them, so that a plan with an ordeal is otherwise nearly the plan without it.
import { Stream } from "../stream.ts";
import type { Plot } from "./plot.ts";

/** Device ids and operation ids that nobody else has. */
const stranger = "abcdef00-0000-4000-8000-00000000000c";

const ordeals = [
  presence,
  presence,
  unheard,
  oldAck,
  failedFlush,
  opening,
  opening,
  forgotten,
  forgotten,
  silentSocket,
  tooFar,
  brokenWalk,
  brokenWalk,
  brokenJob,
  neighbour,
] as const;

/** Puts the server to one of its tests. */
export function serverOrdeal(plot: Plot): void {
  const draw = new Stream(plot.options.seed, "server ordeal");
  draw.pick(ordeals)(plot, draw);
}

/** Two writes of one register and something behind them, by one device, known to all who are asked. */
function writeTwice(plot: Plot, name: string, knownTo: readonly string[]): void {
  const entity = plot.entity();
  const field = plot.field();
  plot.edit(name, entity, field);
  plot.edit(name, entity, field);
  plot.edit(name, entity, field);
  plot.edit(name);
  for (const each of new Set([name, ...knownTo])) plot.sync(each);
}

/** What is left of the log, as somebody sees it who begins at 0. */
function look(plot: Plot, as: string): void {
  plot.mayHang(() =>
    plot.steps.request({ as, method: "GET", path: "/sync/ops?since=0&limit=1000", headers: {} }),
  );
}

/** Nobody has acknowledged anything yet, and the job runs. */
function unheard(plot: Plot, draw: Stream): void {
  const { steps, options } = plot;
  const name = draw.pick(options.devices);
  const entity = plot.entity();
  const field = plot.field();
  for (let count = 3; count > 0; count--) plot.edit(name, entity, field);
  steps.device(name, "push");
  steps.device(name, "pull");
  plot.compact();
  look(plot, name);
}

/** A device acknowledges and then only reads, about as often as it has to in order to count; the others go on, and the
 *  job runs. */
function presence(plot: Plot, draw: Stream): void {
  const { steps, options } = plot;
  const { stalenessMs } = options;
  const reader = draw.pick(options.devices);
  const others = options.devices.filter((name) => name !== reader);
  if (others.length === 0) return;
  const writer = draw.pick(others);
  plot.edit(writer);
  plot.everybodySyncs();
  writeTwice(plot, writer, others);
  for (let count = draw.between(1, 3); count > 0; count--) {
    steps.device(reader, "pull");
    const restMs = stalenessMs - draw.pick([100, 400, 900, Math.ceil(stalenessMs / 3)]);
    if (stalenessMs > 60_000) steps.advance(restMs);
    else steps.wait(restMs - draw.pick([0, 100, 400]));
    if (stalenessMs > 60_000 && draw.onceIn(2)) steps.device(reader, "pull");
  }
  if (draw.onceIn(3)) {
    steps.server({ verb: "crash" });
    steps.server({ verb: "restart" });
  }
  for (const name of others) if (draw.onceIn(2)) plot.sync(name);
  plot.compact();
  look(plot, reader);
  if (draw.onceIn(2)) plot.sync(reader);
}

/** An ACK of long ago arrives again. */
function oldAck(plot: Plot, draw: Stream): void {
  const { steps, options } = plot;
  const name = draw.pick(options.devices);
  plot.edit(name);
  plot.everybodySyncs();
  writeTwice(plot, name, options.devices);
  steps.device(draw.pick(options.devices), "ack", { id: draw.pick([0, 1, 1, 2]) });
  if (draw.onceIn(2)) steps.wait(12_000);
  for (const each of options.devices) if (draw.onceIn(2)) steps.device(each, "pull");
  plot.compact();
  look(plot, name);
}

/** The write of acknowledgements fails; they are all the server has of a device, which has nothing new to say. */
function failedFlush(plot: Plot, draw: Stream): void {
  const { steps, options } = plot;
  const name = draw.pick(options.devices);
  plot.edit(name);
  plot.everybodySyncs();
  const write = { purpose: "ack", statement: "raiseCursor", nth: 1 } as const;
  const isRefused = draw.onceIn(2);
  plot.mayHang(() =>
    steps.server(
      isRefused
        ? { verb: "fail-during", position: "before", sqlstate: "53300", ...write }
        : { verb: "lose-answer-during", position: "after", ...write },
    ),
  );
  writeTwice(plot, name, options.devices);
  steps.wait(draw.pick([6_000, 12_000]));
  for (const each of options.devices) steps.device(each, "pull");
  plot.compact();
  look(plot, name);
  if (draw.onceIn(2)) plot.sync(draw.pick(options.devices));
}

/** Somebody pushes while another's socket is being opened, and once more when it is open. */
function opening(plot: Plot, draw: Stream): void {
  const { steps, options } = plot;
  const watcher = draw.pick(options.devices);
  const others = options.devices.filter((name) => name !== watcher);
  if (others.length === 0) return;
  const writer = draw.pick(others);
  if (draw.onceIn(2)) plot.everybodySyncs();
  plot.edit(writer);
  plot.hold("frames", {
    position: draw.pick(["before", "after", "after"]),
    statement: draw.pick(["highestId", "highestId", "commit", "readWatermark"]),
    device: watcher,
  });
  steps.start(() => steps.device(watcher, "connect"));
  steps.wait(100);
  steps.start(() => steps.device(writer, "push"));
  steps.wait(500);
  plot.release("frames");
  steps.wait(draw.pick([200, 1_000]));
  plot.edit(writer);
  steps.start(() => steps.device(writer, "push"));
  steps.wait(draw.pick([1_000, 11_000]));
}

/** A stranger's op has the highest stamp of its device; it is overwritten and forgotten by the log; then the stranger
 *  comes again, with the same op or with a lower stamp. */
function forgotten(plot: Plot, draw: Stream): void {
  const { steps, options } = plot;
  const name = draw.pick(options.devices);
  const entity = plot.entity();
  const field = plot.field();
  const serial = draw.between(0, 0xffff_ffff).toString(16).padStart(8, "0");
  const op = {
    entity_type: entity.entityType,
    entity_id: entity.entityId,
    op: "upsert",
    field,
    value: "of a stranger",
  };
  const push = (place: number, lamport: number): void =>
    plot.mayHang(() =>
      steps.request({
        as: name,
        method: "POST",
        path: "/sync/ops",
        headers: { "x-device-id": stranger },
        body: {
          json: {
            ops: [
              { ...op, operation_id: `${serial}-0000-4000-8000-00000000000${place}`, lamport_ts: lamport },
            ],
          },
        },
      }),
    );
  push(1, 50);
  plot.edit(name, entity, field);
  plot.edit(name, entity, field);
  plot.edit(name);
  plot.everybodySyncs();
  plot.compact();
  if (draw.onceIn(2)) {
    const statement = { purpose: "pull", position: "before", statement: "readWatermark", nth: 1 } as const;
    plot.mayHang(() => steps.server({ verb: "fail-during", sqlstate: "53300", ...statement }));
  }
  const path = `/sync/ops?since=${draw.pick([1, 1, 2])}${draw.pick(["", "&resync=rubbish"])}`;
  plot.mayHang(() => steps.request({ as: name, method: "GET", path, headers: {} }));
  switch (draw.pick(["again", "lower", "equal"])) {
    case "again":
      return push(1, draw.pick([50, 51]));
    case "equal":
      return push(2, 50);
    default:
      return push(2, 20);
  }
}

/** A device's socket is open and still, for longer than the server waits for anybody; compaction passes it. */
function silentSocket(plot: Plot, draw: Stream): void {
  const { steps, options } = plot;
  const { stalenessMs } = options;
  const watcher = draw.pick(options.devices);
  const others = options.devices.filter((name) => name !== watcher);
  if (others.length === 0 || stalenessMs > 60_000) return;
  plot.edit(draw.pick(others));
  plot.everybodySyncs();
  steps.device(watcher, "connect");
  if (draw.onceIn(2)) steps.network({ verb: "hold-frames", device: watcher });
  writeTwice(plot, draw.pick(others), others);
  steps.wait(stalenessMs + 1_000);
  writeTwice(plot, draw.pick(others), others);
  plot.compact();
  steps.wait(draw.pick([1_000, 11_000]));
}

/** A device's first word is an ACK of what does not exist. Then it comes like everybody, and the log goes on. */
function tooFar(plot: Plot, draw: Stream): void {
  const { steps, options } = plot;
  const name = draw.pick(options.devices);
  const others = options.devices.filter((other) => other !== name);
  if (others.length === 0) return;
  const writer = draw.pick(others);
  plot.edit(writer);
  for (const other of others) plot.sync(other);
  steps.device(name, "reinstall");
  steps.device(name, "ack", { id: draw.pick([1_000, 99_999_999]) });
  plot.sync(name);
  writeTwice(plot, writer, others);
  steps.device(name, "pull");
  writeTwice(plot, writer, others);
  plot.compact();
  if (draw.onceIn(2)) plot.sync(name);
}

/** Somebody walks by hand, page by page, while the log is compacted between two pages: of something new, or of the
 *  entity that was written first, which leaves the watermark where it is. */
function brokenWalk(plot: Plot, draw: Stream): void {
  const { steps, options } = plot;
  const name = draw.pick(options.devices);
  const first = plot.entity();
  const old = `old ${draw.between(0, 999)}`;
  const token = plot.newName("walk");
  const ask = (path: string, remember?: Readonly<Record<string, string>>): void =>
    plot.mayHang(() => steps.request({ as: name, method: "GET", path, headers: {} }, remember));
  plot.edit(name, first, old);
  writeTwice(plot, name, options.devices);
  plot.everybodySyncs();
  plot.compact();
  ask("/sync/ops?since=0&limit=1", { [token]: "body.resync", [`${token}at`]: "body.ops.0.id" });
  const path = `/sync/ops?since={${token}at}&limit=1&resync={${token}}`;
  if (draw.onceIn(2)) ask(path);
  plot.edit(name, draw.onceIn(2) ? first : plot.entity(), old);
  plot.edit(name);
  plot.everybodySyncs();
  if (!draw.onceIn(4)) plot.compact();
  ask(path);
}

/** The job dies around the place at which it says how far it went; somebody who was
 *  there before asks for what came after. */
function brokenJob(plot: Plot, draw: Stream): void {
  const { steps, options } = plot;
  const name = draw.pick(options.devices);
  plot.edit(name);
  writeTwice(plot, name, options.devices);
  plot.everybodySyncs();
  const where = { purpose: "compact", nth: 1 } as const;
  const [position, statement] = draw.pick([
    ["before", "raiseWatermark"],
    ["after", "commit"],
    ["after", "collapse"],
  ] as const);
  plot.mayHang(() => steps.server({ verb: "crash-during", ...where, position, statement }));
  steps.server({ verb: "restart" });
  for (const since of [1, 2, 3]) {
    const path = `/sync/ops?since=${since}`;
    plot.mayHang(() => steps.request({ as: name, method: "GET", path, headers: {} }));
  }
  if (draw.onceIn(2)) plot.compact();
}

/** A push stops with its numbers taken, another user's goes through, and somebody of the first user reads. */
function neighbour(plot: Plot, draw: Stream): void {
  const { steps, options } = plot;
  const name = draw.pick(options.devices);
  const others = options.devices.filter((other) => other !== name);
  if (others.length === 0) return;
  plot.edit(name);
  plot.hold("push", { position: "after", statement: draw.pick(["takeIds", "insertOps"]), device: name });
  steps.start(() => steps.device(name, "push"));
  steps.wait(200);
  const op = { entity_type: "song", entity_id: "1", op: "upsert", field: "title", value: "of a neighbour" };
  const id = `${draw.between(0, 0xffff_ffff).toString(16).padStart(8, "0")}-0000-4000-8000-0000000000ff`;
  steps.start(() =>
    steps.request({
      as: name,
      method: "POST",
      path: "/sync/ops",
      headers: { "x-device-id": stranger },
      token: { kind: "custom", claims: { sub: "neighbour" } },
      body: { json: { ops: [{ ...op, operation_id: id, lamport_ts: 1 }] } },
    }),
  );
  steps.wait(200);
  steps.start(() => steps.device(draw.pick(others), "pull"));
  steps.wait(300);
  plot.release("push");
  steps.wait(200);
}
