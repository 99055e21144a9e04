// What the law says of the end of a socket, beside its case among all laws.
import { expect, test } from "vitest";
import { HistoryBuilder } from "./history-builder.ts";
import { outrunSocketsAreTold } from "./outrun-sockets-are-told.ts";

function closedSocket(frames: readonly object[]) {
  const h = new HistoryBuilder();
  h.join("laptop");
  h.join("phone");
  h.store("laptop", h.op("song/1.title", "A", 1), 1);
  h.socket("phone").take();
  for (const frame of [{ type: "hello", head: 1 }, ...frames]) h.frame("phone", frame as never);
  return outrunSocketsAreTold.judge(h.history());
}

const told = { type: "resync_required", compacted_up_to: 1 };

test("a socket that is closed with 4410 and without a word breaks WF-WS-3", () => {
  const verdict = closedSocket([{ type: "closed", code: 4410 }]);
  expect(verdict).toMatchObject({ outcome: "violated", witness: { requirements: ["WF-WS-3"] } });
});

test("4410 behind resync_required is how it has to end", () => {
  expect(closedSocket([told, { type: "closed", code: 4410 }]).outcome).toBe("holds");
});

test("what else a socket is closed with is no affair of compaction", () => {
  expect(closedSocket([{ type: "closed", code: 1001 }]).outcome).toBe("inconclusive");
});
