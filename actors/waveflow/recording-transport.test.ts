// What is kept apart on the way between a device and its server: a fault of the server's form, and a fault of ours.
import { expect, test } from "vitest";
import type { FormFault } from "../../invariants/history.ts";
import type { IncomingReply, OutgoingRequest, Transport } from "../../reference-client/waveflow/ports.ts";
import type { RecordedEvent } from "../actor.ts";
import { impostorReply } from "../impostor.ts";
import { recordingTransport } from "./recording-transport.ts";
import { StepTally } from "./step-tally.ts";

const headers = { "X-Device-Id": "00000000-0000-4000-8000-000000000001" };
const pull: OutgoingRequest = { method: "GET", server: "http://server", path: "/sync/ops?since=0", headers };
const page = { ops: [], head: 0, has_more: false };

/** Everything that is recorded of one exchange with a server that says this. */
async function recorded(
  reply: IncomingReply,
  request: OutgoingRequest,
  { isOurs, isByHand = false }: { readonly isOurs?: boolean; readonly isByHand?: boolean } = {},
): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  const transport: Transport = {
    exchange: () => Promise.resolve(reply),
    openSocket: () => Promise.reject(new Error("no socket here")),
  };
  const recording = recordingTransport(transport, {
    actor: "phone",
    recorder: { record: (event) => events.push(event) },
    user: () => "alice",
    nextCall: () => 1,
    tally: new StepTally(),
    ...(isOurs === undefined ? {} : { isOurs }),
  });
  await (isByHand ? recording.exchangeByHand(request) : recording.exchange(request));
  return events;
}

const faultsIn = (events: readonly RecordedEvent[]): readonly string[] =>
  events
    .flatMap((event) => ("formFaults" in event ? (event.formFaults as readonly FormFault[]) : []))
    .map(({ text }) => text);

test("what is wrong with the form of an answer is written down with it", async () => {
  const answer = { status: 200, headers: { "cache-control": "no-store" }, body: { json: page } };
  expect(faultsIn(await recorded(answer, pull))).toEqual([]);
  const cached = { ...answer, headers: { "cache-control": "max-age=5" } };
  expect(faultsIn(await recorded(cached, pull))).toEqual([
    'the 200 to a pull has Cache-Control "max-age=5"; expected no-store',
  ]);
  const unreadable = { ...answer, body: { text: "<h1>" } };
  const events = await recorded(unreadable, pull);
  expect(events.at(-1)?.kind).toBe("unknown");
  expect(faultsIn(events)).toMatchObject([
    expect.stringContaining("the body of the answer to a pull is off"),
  ]);
});

test("what somebody else says in the server's stead is not held against the server", async () => {
  expect(faultsIn(await recorded(impostorReply({ status: 200, body: "html" }), pull))).toEqual([]);
});

test("a malformed request of our own is a bug of Seatrial; of a strange device, or by hand, it is not", async () => {
  const answer = { status: 400, headers: {}, body: { json: { type: "invalid_request" } } };
  const bad: OutgoingRequest = { ...pull, method: "POST", path: "/sync/ops", body: { ops: [] } };
  await expect(recorded(answer, bad, { isOurs: true })).rejects.toThrow(
    /^Seatrial sent a malformed push: ops/u,
  );
  await expect(recorded(answer, bad, { isOurs: true, isByHand: true })).resolves.toHaveLength(2);
  await expect(recorded(answer, bad)).resolves.toHaveLength(2);
});
