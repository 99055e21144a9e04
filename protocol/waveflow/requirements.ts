// Every rule of the profile `waveflow/1`, by its id. The page of the profile is the authority; a summary here is enough
// to read a report without it. Kinds and sections are the page's; `subject` says which build a broken rule is held
// against.
import type { Requirement, RequirementKind, RequirementSubject } from "../requirement.ts";

interface Rule {
  readonly kind: RequirementKind;
  readonly subject: RequirementSubject;
  readonly summary: string;
}

/** The rules of one section of the page, in the page's order: the number in the id is the place in the list. */
interface Chapter {
  readonly prefix: string;
  readonly section: string;
  readonly rules: readonly Rule[];
}

const rule = (kind: RequirementKind, subject: RequirementSubject, summary: string): Rule => ({
  kind,
  subject,
  summary,
});

const identity: Chapter = {
  prefix: "WF-AUTH",
  section: "3. Identity",
  rules: [
    rule(
      "S",
      "server",
      "A request without a valid, unexpired bearer token is answered 401 with a Bearer challenge.",
    ),
    rule(
      "P",
      "server",
      "The token's subject alone decides whose data a request touches; no user meets another's.",
    ),
    rule(
      "P",
      "server",
      "A request names its device in X-Device-Id; a contradicting claim is 403, an unusable id 400.",
    ),
  ],
};

const push: Chapter = {
  prefix: "WF-PUSH",
  section: "4. Push",
  rules: [
    rule(
      "S",
      "server",
      "The ops of a push are judged in array order: receipt first, then stamp, then the id.",
    ),
    rule(
      "S",
      "server",
      "An operation_id that was accepted before is answered with its stored id and stamp and has no second effect.",
    ),
    rule(
      "P",
      "server",
      "An accepted operation_id is remembered for ever, also when its op was compacted away.",
    ),
    rule(
      "P",
      "server",
      "An accepted operation_id that comes back with other content is a conflict and stores nothing.",
    ),
    rule(
      "S",
      "server",
      "A new op whose stamp does not exceed the device's highest accepted one is refused with that highest stamp.",
    ),
    rule(
      "P",
      "server",
      "A device's highest accepted stamp survives compaction and cannot be passed by two pushes side by side.",
    ),
    rule("P", "server", "A push is stored whole or not at all."),
    rule("S", "server", "Ids are given in array order, inside the transaction that stores the op."),
    rule(
      "P",
      "server",
      "Once a reader was given an id, no op with a lower id becomes visible that was not visible before.",
    ),
    rule(
      "S",
      "server",
      "A 200 is sent after the commit and survives a crash; a lost commit answer is a 5xx.",
    ),
    rule(
      "S",
      "server",
      "Stored ops go to the sockets of the user's other devices after the commit, in id order, and once.",
    ),
    rule(
      "P",
      "server",
      "Bad input is a 4xx without effect, never a 5xx, and what is accepted comes back equal as JSON.",
    ),
    rule(
      "P",
      "server",
      "A stamp more than 2^32 above the user's highest accepted one is refused, so nobody exhausts the clock.",
    ),
  ],
};

const pull: Chapter = {
  prefix: "WF-PULL",
  section: "5. Pull",
  rules: [
    rule("S", "server", "A pull gives the ops above `since`, ascending, the caller's own among them."),
    rule("S", "server", "A pull moves no cursor on the server."),
    rule(
      "S",
      "server",
      "A pull from above 0 and below the watermark is a 410; from the watermark or from 0 it passes.",
    ),
    rule(
      "P",
      "server",
      "Guard, ops and head of a reply are of one snapshot, and an unreadable watermark is a 5xx.",
    ),
    rule(
      "P",
      "server",
      "A full read ends: its pages carry a token that passes the guard until a compaction deletes something.",
    ),
    rule("P", "server", "On the last page `head` is at or above the watermark and every op given."),
    rule(
      "P",
      "server",
      "A pull from above head is told 410 with reason cursor_ahead, because the server has lost history.",
    ),
    rule("A", "server", "A device that was never below the highest deleted id is not sent to resync."),
  ],
};

const ack: Chapter = {
  prefix: "WF-ACK",
  section: "6. ACK",
  rules: [
    rule("S", "server", "Only an ACK, by request or by socket frame, writes a device's cursor."),
    rule("S", "server", "A device's acknowledged id only grows."),
    rule("P", "server", "An ACK above head is refused with the head; one that is no id is a 400."),
    rule(
      "P",
      "server",
      "Every authenticated request and every answered ping counts as contact of the device.",
    ),
    rule(
      "S",
      "server",
      "ACKs may wait in memory, but a device's first is written at once and waiting ones count for compaction.",
    ),
    rule("S", "server", "ACKs lost in a crash can only make compaction more careful."),
  ],
};

const compaction: Chapter = {
  prefix: "WF-COMP",
  section: "7. Compaction",
  rules: [
    rule(
      "S",
      "server",
      "Compaction goes no further than the lowest id acknowledged by a device that is not stale.",
    ),
    rule(
      "S",
      "server",
      "Below that id only the newest op of a register stays, and a delete takes the fields under it.",
    ),
    rule("S", "server", "Deleted ops and the raised watermark are committed together or not at all."),
    rule("P", "server", "The watermark rises only by a deletion, never falls and never passes head."),
    rule("P", "server", "Whoever applies what can still be received arrives at the state of the whole log."),
    rule("P", "server", "Receipts and device rows are never compacted."),
    rule("P", "server", "Compaction excludes the user's pushes and other compactors while it runs."),
    rule(
      "P",
      "server",
      "A device that never acknowledged, or is in a resync, gets through, if need be from 0.",
    ),
  ],
};

const socket: Chapter = {
  prefix: "WF-WS",
  section: "8. Socket",
  rules: [
    rule("S", "server", "Frames carry committed ops only, in id order per user."),
    rule(
      "P",
      "system",
      "A lost, late or repeated frame loses no op: prev_id shows the gap and a pull fills it.",
    ),
    rule("S", "server", "A socket whose device falls below the watermark is told to resync and closed."),
    rule("P", "server", "A push at one server process reaches the sockets at all others."),
  ],
};

const state: Chapter = {
  prefix: "WF-STATE",
  section: "9. State of an entity",
  rules: [
    rule("S", "system", "Of the ops on one register the one with the highest id wins, whatever its stamp."),
    rule("P", "system", "A delete ends every field below its id; what is written later starts afresh."),
  ],
};

const device: Chapter = {
  prefix: "WF-DEV",
  section: "10. The device",
  rules: [
    rule(
      "S",
      "device",
      "The Lamport clock is durable, rises with every edit and received op, and never falls.",
    ),
    rule("P", "device", "An edit is one durable step: clock, queue row and what the user sees."),
    rule("S", "device", "The queue keeps its rows in order through restarts and never reuses a row."),
    rule("P", "device", "A row leaves the queue only when the server named it or the op was seen."),
    rule(
      "S",
      "device",
      "The queue drains in one pass at a time, backs off from failures, and sets aside what is refused for good.",
    ),
    rule(
      "S",
      "device",
      "After a stamp regression all pending rows get new rising stamps and keep their ids.",
    ),
    rule("P", "device", "The user sees the server's state with the pending edits on top."),
    rule("P", "device", "Own ops that come back are applied like any other and are known by operation_id."),
    rule(
      "S",
      "device",
      "Ops and cursor become durable together, in id order, before the ACK; a push moves no cursor.",
    ),
    rule("P", "device", "A live device subscribes, catches up to the hello's head, and pulls at every gap."),
    rule(
      "S",
      "device",
      "A resync replaces the state in one durable step and leaves queue, clock and device id alone.",
    ),
    rule("P", "device", "An op that cannot be applied is set aside and counted and blocks nothing."),
    rule(
      "S",
      "device",
      "The modes local, hybrid and server decide what leaves the device, also at their changes.",
    ),
    rule(
      "P",
      "device",
      "Queue, cursor and clock belong to one account at one server and never serve another.",
    ),
    rule("S", "device", "Binding takes an http(s) URL and a token; sign-out keeps URL, queue and cursor."),
  ],
};

/** Every rule of the profile, in the page's order.  Source: waveflow.md sections 3 to 10. */
export const waveflowRequirements: readonly Requirement[] = [
  identity,
  push,
  pull,
  ack,
  compaction,
  socket,
  state,
  device,
].flatMap(({ prefix, section, rules }) =>
  rules.map((each, index) => ({ id: `${prefix}-${index + 1}`, section, ...each })),
);
