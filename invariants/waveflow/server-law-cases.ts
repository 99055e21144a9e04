// Each law of the server on a lawful history and on the same history with the one thing changed that it is about.
import type { HistoryBuilder } from "./history-builder.ts";
import type { LawCase } from "./law-case.ts";

const regression = (stored_max?: number) => ({
  type: "lamport_regression",
  index: 0,
  ...(stored_max && { stored_max }),
});
const resyncRequired = (compacted_up_to: number, reason?: string) => ({
  type: "resync_required",
  compacted_up_to,
  ...(reason === undefined ? {} : { reason }),
});

/** Laptop has op 1 and 2 on one register stored, and 3 on another. */
function threeOps(h: HistoryBuilder) {
  h.join("laptop").join("phone");
  const one = h.store("laptop", h.op("song/1.title", "A", 1), 1);
  const two = h.store("laptop", h.op("song/1.title", "B", 2), 2);
  const three = h.store("laptop", h.op("song/2.title", "C", 3), 3);
  return { one, two, three };
}

/** By the id of the law. */
export const serverLawCases: Readonly<Record<string, LawCase>> = {
  once: (h, isBroken) => {
    h.join("laptop");
    const op = h.op("song/1.title", "A", 1);
    h.store("laptop", op, 1);
    h.push("laptop", [op]).accept([{ id: isBroken ? 4 : 1, status: "duplicate" }], 4);
    return /has id 1\. Later the same operation has id 4/;
  },
  "one-operation-per-id": (h, isBroken) => {
    h.join("laptop");
    h.store("laptop", h.op("song/1.title", "A", 1), 1);
    h.store("laptop", h.op("song/1.title", "B", 2), isBroken ? 1 : 2);
    return /Later id 1 is op/;
  },
  order: (h, isBroken) => {
    h.join("laptop");
    h.store("laptop", h.op("song/1.title", "A", 5), 1);
    h.store("laptop", h.op("song/1.title", "B", isBroken ? 5 : 6), 2);
    return /both are of laptop/;
  },
  alone: (h, isBroken) => {
    h.join("laptop").join("stranger", { user: "u2" });
    const op = h.store("laptop", h.op("song/1.title", "A", 1), 1);
    h.pull(isBroken ? "stranger" : "laptop", 0).give([op]);
    return /pushed for user u1\. It is id 1 in the log of user u2/;
  },
  "retries-are-duplicates": (h, isBroken) => {
    h.join("laptop");
    const op = h.op("song/1.title", "A", 1);
    h.store("laptop", op, 1);
    const retry = h.push("laptop", [op]);
    if (isBroken) retry.refuse(409, regression(1));
    else retry.accept([{ id: 1, status: "duplicate" }]);
    return /told that its stamp 1 is too low, as if it were new/;
  },
  "other-content-conflicts": (h, isBroken) => {
    h.join("laptop");
    const op = h.op("song/1.title", "A", 1);
    h.store("laptop", op, 1);
    const other = { ...op, value: isBroken ? "B" : "A" };
    h.push("laptop", [other]).accept([{ id: 1, status: "duplicate" }]);
    return /stored as title of song\/1 := "A".*with title of song\/1 := "B"/;
  },
  "regression-names-a-stamp": (h, isBroken) => {
    h.join("laptop");
    h.store("laptop", h.op("song/2.title", "C", 7), 1);
    h.push("laptop", [h.op("song/1.title", "A", 1)]).refuse(409, regression(isBroken ? undefined : 7));
    return /stored_max is nothing/;
  },
  "clock-leaps-are-refused": (h, isBroken) => {
    h.join("laptop");
    h.store("laptop", h.op("song/1.title", "A", 1), 1);
    h.store("laptop", h.op("song/1.title", "B", 2 ** 32 + (isBroken ? 2 : 1)), 2);
    return /No stamp of user u1 was above 1 before/;
  },
  "refused-batches-leave-nothing": (h, isBroken) => {
    h.join("laptop");
    const [first, second] = [h.op("song/1.title", "A", 2), h.op("song/1.rating", 5, 1)];
    h.push("laptop", [first, second]).refuse(409, { ...regression(2), index: 1 });
    h.pull("laptop", 0).give(isBroken ? [h.logged(first, 1, "laptop")] : []);
    return /refused as lamport_regression\. Yet the log has it as id 1/;
  },
  "replies-follow-the-batch": (h, isBroken) => {
    h.join("laptop");
    const ops = [h.op("song/1.title", "A", 1), h.op("song/1.rating", 5, 2)];
    h.push("laptop", ops).accept(isBroken ? [2, 1] : [1, 2]);
    return /given the lower id 1/;
  },
  "content-comes-back-equal": (h, isBroken) => {
    h.join("laptop");
    const op = h.store("laptop", h.op("song/1.title", { rating: 1, stars: [1] }, 1), 1);
    h.pull("laptop", 0).give([{ ...op, value: isBroken ? { rating: 1 } : { stars: [1], rating: 1 } }]);
    return /given out as title of song\/1 := \{"rating":1\}/;
  },
  "no-server-fault": (h, isBroken) => {
    h.join("laptop").fault("reply lost", "laptop");
    h.push("laptop", [h.op("song/1.title", "A", 1)]).lose(isBroken ? 500 : 503);
    return /It answered laptop's push request with 500/;
  },
  "form-decides": (h, isBroken) => {
    h.join("laptop");
    h.byHand("laptop", "GET /sync/ops?since=x").refuse(isBroken ? 403 : 400, { type: "invalid_request" });
    return /By its form it is due 400, and it was answered 403/;
  },
  "answers-have-their-form": (h, isBroken) => {
    h.join("phone").socket("phone").take();
    h.frame("phone", isBroken ? { type: "hello" } : { type: "hello", head: 0, more: 1 });
    return /the head of a frame of type hello is off/;
  },
  "stable-prefix": (h, isBroken) => {
    h.join("laptop").join("phone").join("tablet");
    const op = h.op("song/1.title", "A", 1);
    const slow = h.push("laptop", [op]);
    const two = h.store("phone", h.op("song/2.title", "B", 1), 2);
    const one = h.logged(op, 1, "laptop");
    h.pull("tablet", 0).give(isBroken ? [two] : [one, two]);
    slow.accept([1], 2);
    h.pull("phone", 0).give([one, two]);
    return /tablet was given everything up to id 2, without id 1\. Later .* it appeared behind a reader/;
  },
  "accepted-survives": (h, isBroken) => {
    const { one, two, three } = threeOps(h);
    h.settled().log(isBroken ? [one, two] : [two, three], 3);
    return /accepted as id 3\. The log of user u1 reaches to 3 and has neither it/;
  },
  "frames-are-committed": (h, isBroken) => {
    h.join("laptop").join("phone").socket("phone").take();
    const op = h.op("song/1.title", "A", 1);
    h.push("laptop", [op]).lose();
    h.opFrame("phone", h.logged(op, 1, "laptop"), 0);
    h.pull("phone", 0).give(isBroken ? [] : [h.logged(op, 1, "laptop")], { head: 1 });
    return /A frame showed .* as id 1\. Whoever read the log after it/;
  },
  "pull-is-ascending": (h, isBroken) => {
    const { one, two, three } = threeOps(h);
    h.pull("phone", 0, { limit: 2 }).give(isBroken ? [one, two, three] : [one, two], {
      head: 3,
      more: !isBroken,
    });
    return /asked for at most 2 ops\. It was given 3/;
  },
  "pull-is-complete": (h, isBroken) => {
    const { two, three } = threeOps(h);
    h.pull("laptop", 0).give(isBroken ? [three] : [two, three]);
    return /was there as id 2, .* laptop pulled from 0 up to 3 and was not given it/;
  },
  "head-never-falls": (h, isBroken) => {
    const { two, three } = threeOps(h);
    h.pull("phone", 0).give([two, three], { head: isBroken ? 2 : 3 });
    return /had reached 3\. phone asked afterwards and was told that it is 2/;
  },
  "guard-is-exact": (h, isBroken) => {
    const { three } = threeOps(h);
    h.pull("phone", 1).refuse(410, resyncRequired(2));
    h.pull("phone", isBroken ? 1 : 2).give([three]);
    return /compacted up to 2\. phone pulled from 1 afterwards/;
  },
  "cursor-ahead-is-told": (h, isBroken) => {
    const { three } = threeOps(h);
    h.fault("restore", "server");
    if (isBroken) h.pull("phone", 3).give([], { head: 1 });
    else h.pull("phone", 3).refuse(410, resyncRequired(0, "cursor_ahead"));
    h.pull("phone", 0).give([three], { head: 3 });
    return /pulled from 3, and head is 1/;
  },
  "resync-walks-end": (h, isBroken) => {
    const { one } = threeOps(h);
    h.pull("phone", 0).give([one], { head: 3, more: true, ...(isBroken ? {} : { resync: "token" }) });
    return /has no token/;
  },
  "no-needless-resync": (h, isBroken) => {
    const { one, two, three } = threeOps(h);
    h.pull("phone", 1).refuse(410, resyncRequired(isBroken ? 2 : 1));
    h.pull("phone", 0).give(isBroken ? [one, two, three] : [two, three]);
    return /compacted up to 2, the server said\. Op 2 was given out after that/;
  },
  "ack-within-head": (h, isBroken) => {
    threeOps(h);
    const ack = h.ack("laptop", 9);
    if (isBroken) ack.take();
    else ack.refuse(422, { type: "ack_beyond_head", head: 3 });
    h.pull("laptop", 3).give([], { head: 3 });
    return /acknowledged 9, and the server took it\. Later head is only 3/;
  },
  "watermark-only-grows": (h, isBroken) => {
    threeOps(h);
    h.pull("phone", 1).refuse(410, resyncRequired(2));
    h.pull("phone", 1).refuse(410, resyncRequired(isBroken ? 1 : 2));
    return /compacted up to 2\. Somebody asked afterwards and was told 1/;
  },
  "compaction-waits": (h, isBroken) => {
    const { three } = threeOps(h);
    h.ack("phone", 2).take();
    h.pull("laptop", 1).give([three]);
    h.ack("laptop", 3).take();
    const begunAt = h.events.length * 10;
    h.compacted(isBroken ? 2 : 1, 1, begunAt);
    if (!isBroken) h.compacted(1, 0, begunAt);
    return /phone counts for compaction and has acknowledged 2 at most/;
  },
  "compaction-is-invisible": (h, isBroken) => {
    h.join("laptop");
    const field = h.store("laptop", h.op("song/1.title", "A", 1), 1);
    const gone = h.store("laptop", h.op("song/1", null, 2), 2);
    const other = h.store("laptop", h.op("song/2.title", "B", 3), 3);
    h.settled().log(isBroken ? [field, other] : [gone, other], 3);
    return /no longer the delete: what was deleted is back/;
  },
  "frames-show-gaps": (h, isBroken) => {
    const { two, three } = threeOps(h);
    h.socket("phone").take();
    h.opFrame("phone", isBroken ? three : two, 1);
    return /says 1 is the id before it\. Op 2 .* lies between them/;
  },
  "frames-rise": (h, isBroken) => {
    const { two, three } = threeOps(h);
    h.socket("phone").take();
    h.frame("phone", { type: "hello", head: 1 });
    if (isBroken) h.opFrame("phone", three, 2).opFrame("phone", two, 1);
    else h.opFrame("phone", two, 1).opFrame("phone", three, 2);
    return /Op 2, which is lower, came after it/;
  },
  "sockets-are-fed": (h, isBroken) => {
    const { two, three } = threeOps(h);
    h.socket("phone").take();
    h.frame("phone", { type: "hello", head: 1 });
    if (!isBroken) h.opFrame("phone", two, 1);
    h.opFrame("phone", three, 2);
    return /had shown everything up to 1\. The next op that came over it was 3, and op 2 /;
  },
  "outrun-sockets-are-told": (h, isBroken) => {
    threeOps(h);
    h.ack("phone", 2).take();
    h.socket("phone").take();
    h.frame("phone", { type: "hello", head: 3 });
    h.compacted(isBroken ? 2 : 3, 1, 0);
    h.frame("phone", { type: "resync_required", compacted_up_to: isBroken ? 2 : 3 });
    return /had acknowledged 2, and the server had taken it\. Its socket was told to resync/;
  },
  "compaction-stays-below": (h, isBroken) => {
    const { one, two, three } = threeOps(h);
    h.ack("laptop", isBroken ? 2 : 3).take();
    h.pull("laptop", 0).give([one, two, three]);
    h.compacted(1, 1, h.events.length * 10);
    h.pull("laptop", 1).give([two, three]);
    h.pull("laptop", 0).give([two, three]);
    return /has acknowledged 2 at most\. Op 1 .* was deleted for op 2, which is not below that/;
  },
  "compaction-advances": (h, isBroken) => {
    h.join("laptop");
    const one = h.store("laptop", h.op("song/1.title", "A", 1), 1);
    const two = h.store("laptop", h.op("song/1.title", "B", 2), 2);
    const three = h.store("laptop", h.op("song/2.title", "C", 3), 3);
    h.ack("laptop", isBroken ? 3 : 2).take();
    h.compacted(0, 0, h.events.length * 10 + 20_000);
    h.pull("laptop", 0).give([one, two, three]);
    return /had acknowledged 3 or more\. A job that ran after that deleted nothing, and op 1 /;
  },
};
