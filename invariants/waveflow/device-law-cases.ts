// Each law of the device and of both together, on a lawful history and on the same one with the one thing changed.
import type { HistoryBuilder } from "./history-builder.ts";
import type { LawCase } from "./law-case.ts";

/** Laptop has op 1 and 2 on different registers stored, and phone has read them. */
function readByPhone(h: HistoryBuilder) {
  h.join("laptop").join("phone");
  const one = h.store("laptop", h.op("song/1.title", "A", 1), 1);
  const two = h.store("laptop", h.op("song/2.title", "B", 2), 2);
  h.pull("phone", 0).give([one, two]);
  return { one, two };
}

const both = { "song/1": { title: "A" }, "song/2": { title: "B" } };

/** By the id of the law. */
export const deviceLawCases: Readonly<Record<string, LawCase>> = {
  "nothing-lost": (h, isBroken) => {
    h.join("laptop");
    const op = h.op("song/1.title", "A", 1);
    h.edit("laptop", op);
    h.push("laptop", [op]).lose();
    h.look("laptop", { pending: isBroken ? [] : [op] });
    return /neither in its queue nor in its dead letters/;
  },
  "nothing-skipped": (h, isBroken) => {
    const { one, two } = readByPhone(h);
    h.applied("phone", isBroken ? [two] : [one, two], 2);
    return /moved its cursor from 0 to 2 without applying op 1/;
  },
  "same-everywhere": (h, isBroken) => {
    const { one, two } = readByPhone(h);
    h.applied("phone", [one, two], 2).settled().log([one, two]);
    h.look("phone", { cursor: 2, confirmed: isBroken ? { "song/1": { title: "A" } } : both });
    return /makes title of song\/2 "B"\. phone, which has everything up to 2, shows nothing/;
  },
  "it-ends": (h, isBroken) => {
    const { one, two } = readByPhone(h);
    h.applied("phone", [one, two], 2).settled(isBroken ? ["phone: 1 edit is not pushed"] : []);
    h.log([one, two]).look("phone", { cursor: 2, confirmed: both });
    return /did not come to an end: phone: 1 edit is not pushed/;
  },
  "drop-needs-proof": (h, isBroken) => {
    h.join("laptop");
    const op = h.op("song/1.title", "A", 1);
    h.edit("laptop", op);
    const push = h.push("laptop", [op]);
    if (isBroken) push.lose();
    else push.accept([1]);
    h.dropped("laptop", op);
    return /out of its queue\. No reply, page or frame that reached it had named/;
  },
  "cursor-comes-from-reading": (h, isBroken) => {
    h.join("laptop").join("phone");
    const one = h.store("phone", h.op("song/1.title", "A", 1), 1);
    h.pull("laptop", 0).give([one]);
    h.store("laptop", h.op("song/2.title", "B", 1), 2);
    h.applied("laptop", [one], isBroken ? 2 : 1);
    return /moved its cursor to 2\. The highest id or head that a pull or frame had brought to it is 1/;
  },
  "ack-behind-cursor": (h, isBroken) => {
    const { one, two } = readByPhone(h);
    if (!isBroken) h.applied("phone", [one, two], 2);
    h.ack("phone", 2).take();
    return /durably applied everything up to 0\. It acknowledged 2/;
  },
  "lamport-grows": (h, isBroken) => {
    h.join("laptop").join("phone");
    const one = h.store("phone", h.op("song/1.title", "A", 9), 1);
    h.pull("laptop", 0).give([one]);
    h.applied("laptop", [one], 1).edit("laptop", h.op("song/1.title", "B", isBroken ? 2 : 10));
    return /had stamped or received 9\. It gave .* the stamp 2/;
  },
  "restamp-keeps-the-queue": (h, isBroken) => {
    h.join("laptop");
    const ops = [h.op("song/1.title", "A", 1), h.op("song/1.title", "B", 2)];
    for (const op of ops) h.edit("laptop", op);
    h.push("laptop", ops).refuse(409, { type: "lamport_regression", index: 0, stored_max: 7 });
    const anew = ops.map((op, index) => ({ ...op, lamport_ts: 8 + index }));
    h.note("laptop", { kind: "restamped", ops: isBroken ? anew.slice(0, 1) : anew });
    return /The restamp left it out/;
  },
  "queue-keeps-order": (h, isBroken) => {
    h.join("laptop");
    const ops = [h.op("song/1.title", "A", 1), h.op("song/1.title", "B", 2)];
    for (const op of ops) h.edit("laptop", op);
    h.look("laptop", { pending: isBroken ? ops.toReversed() : ops });
    return /In its queue it stands behind it/;
  },
  "one-edit-one-operation": (h, isBroken) => {
    h.join("laptop");
    const op = h.op("song/1.title", "A", 1);
    h.edit("laptop", op);
    h.push("laptop", [op]).lose();
    h.push("laptop", [isBroken ? { ...op, operation_id: h.uuid() } : op]).lose();
    return /does not know what became of it\. It pushed the same edit again/;
  },
  "one-drain-at-a-time": (h, isBroken) => {
    h.join("laptop");
    const op = h.op("song/1.title", "A", 1);
    const first = h.push("laptop", [op]);
    if (!isBroken) first.lose();
    h.push("laptop", [op]).accept([1]);
    return /had no answer yet\. It pushed it again/;
  },
  "refused-rows-are-shown": (h, isBroken) => {
    h.join("laptop");
    const op = h.op("song/1.title", "A", 1);
    h.edit("laptop", op);
    const push = h.push("laptop", [op]);
    if (isBroken) push.refuse(401, { type: "unauthorized" });
    else push.refuse(422, { type: "invalid_op", index: 0 });
    h.note("laptop", { kind: "dead-lettered", operationId: op.operation_id, reason: "refused" });
    h.look("laptop", { deadLetters: [op.operation_id] });
    return /No answer to a push of it had refused it for good/;
  },
  "rows-leave-once": (h, isBroken) => {
    h.join("laptop");
    const op = h.op("song/1.title", "A", 1);
    h.edit("laptop", op).push("laptop", [op]).accept([1]);
    h.dropped("laptop", op).look("laptop", { cursor: 0, pending: isBroken ? [op] : [] });
    return /out of its queue\. It waits in it again/;
  },
  "refused-token-waits": (h, isBroken) => {
    h.join("laptop");
    h.pull("laptop", 0).refuse(401, { type: "unauthorized" });
    if (!isBroken) h.note("laptop", { kind: "token" });
    h.pull("laptop", 0).give([]);
    return /was answered 401\. With the same token it sent a pull request/;
  },
  "modes-decide-what-leaves": (h, isBroken) => {
    h.join("laptop").note("laptop", { kind: "mode", mode: "hybrid" });
    h.note("laptop", { kind: "mode-asked", mode: "local" }).note("laptop", { kind: "mode", mode: "local" });
    if (isBroken) h.pull("laptop", 0).give([]);
    return /works in mode local\. It sent a pull request/;
  },
  "accounts-keep-their-edits": (h, isBroken) => {
    h.join("laptop");
    const device = h.device("laptop");
    const op = h.op("song/1.title", "A", 1);
    h.edit("laptop", op).join("laptop", { user: "u2", device });
    h.push("laptop", [isBroken ? op : h.op("song/1.title", "B", 1)]).lose();
    return /laptop made .* as user u1\. laptop pushed it as user u2/;
  },
  "confirmed-is-the-fold": (h, isBroken) => {
    const { one, two } = readByPhone(h);
    h.applied("phone", [one, two], 2);
    h.look("phone", { cursor: 2, confirmed: isBroken ? { ...both, "song/9": { title: "ghost" } } : both });
    return /makes title of song\/9 nothing\. phone holds "ghost"/;
  },
  "edits-stay-visible": (h, isBroken) => {
    h.join("laptop");
    const op = h.op("song/1.title", "mine", 1);
    h.edit("laptop", op);
    h.look("laptop", {
      pending: [op],
      confirmed: { "song/1": { title: "theirs" } },
      visible: { "song/1": { title: isBroken ? "theirs" : "mine" } },
    });
    return /has title of song\/1 := "mine" in its queue\. Its user sees "theirs" there/;
  },
  "own-writes-are-read": (h, isBroken) => {
    h.join("laptop");
    const op = h.op("song/1.title", "A", 1);
    h.edit("laptop", op);
    h.push("laptop", [op]).accept([3]);
    h.dropped("laptop", op);
    h.look("laptop", { confirmed: {}, visible: isBroken ? {} : { "song/1": { title: "A" } } });
    return /laptop has read up to 0 only, and its user sees nothing there/;
  },
  "nothing-goes-backwards": (h, isBroken) => {
    const { one, two } = readByPhone(h);
    const three = h.store("laptop", h.op("song/1.title", "C", 3), 3);
    h.applied("phone", [one, two, three], 3);
    h.look("phone", { cursor: 3, confirmed: { ...both, "song/1": { title: "C" } } });
    const later = isBroken ? both : { ...both, "song/1": { title: "C" } };
    h.look("phone", { cursor: 3, confirmed: later });
    return /showed title of song\/1 as "C", which is op 3\. Later it shows "A" there/;
  },
  "converging-is-bounded": (h, isBroken) => {
    h.join("laptop");
    const op = h.op("song/1.title", "A", 1);
    h.edit("laptop", op);
    h.record({ kind: "calm", actor: "world" });
    for (let times = isBroken ? 9 : 8; times > 0; times--) h.push("laptop", [op]).accept([{ id: 3 }]);
    h.record({ kind: "settled", actor: "world", quiet: true, waiting: [] });
    return /laptop pushed op 00000002 9 times until it came to rest/;
  },
};
