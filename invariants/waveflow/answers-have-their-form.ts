// Whatever a server says has the form that the page gives it.
import { endpointOf, frameFaults, replyFaults } from "../../protocol/waveflow/reply-form.ts";
import type { EventIndex, FormFault } from "../history.ts";
import { Tally } from "../tally.ts";
import type { Law } from "../verdict.ts";
import type { WaveflowEvent, WaveflowHistory } from "./events.ts";
import { readHistory } from "./reading.ts";

/** Status, members, types and the two headers that the page names, of every answer and every frame; not whether what
 *  they say is true. More members, another order and other words are fine.
 *  Leaves out: 5xx, answers of somebody else, and frames of a device whose frames the world has replaced.
 *  Source: waveflow.md sections 2 to 8. */
export const answersHaveTheirForm: Law<WaveflowEvent> = {
  id: "answers-have-their-form",
  requirements: [
    ...[
      "WF-AUTH-1",
      "WF-AUTH-3",
      "WF-PUSH-1",
      "WF-PUSH-2",
      "WF-PUSH-4",
      "WF-PUSH-5",
      "WF-PUSH-12",
      "WF-PULL-1",
    ],
    ...["WF-PULL-3", "WF-PULL-5", "WF-PULL-6", "WF-ACK-1", "WF-ACK-3", "WF-WS-1", "WF-WS-2", "WF-WS-3"],
  ],
  promise:
    "Every answer and every frame of the server has the members, types and headers that the protocol gives it.",
  judge(history) {
    const { events } = history;
    const tally = new Tally();
    const reading: Reading = { tally, byHand: new Map(), replaced: new Set() };
    for (let at = 0; at < events.length; at++) {
      const event = events[at]!;
      const askedAt = readForm(event, at, reading);
      for (const { text, requirements } of askedAt.faults) {
        tally.contradict(
          [askedAt.from, at],
          () => `${event.actor} was answered: ${text}.`,
          () => (isConflictOfCopy(event, history) ? ["WF-PUSH-2"] : requirements),
        );
      }
    }
    return tally.verdict("the server said nothing");
  },
};

/** A push is in conflict with what is no conflict of the page, and an op of it had been pushed before: it is a retry, of
 *  which the server makes an error.  Source: WF-PUSH-2. */
function isConflictOfCopy(event: WaveflowEvent, history: WaveflowHistory): boolean {
  if (event.kind !== "refused" || event.status !== 409) return false;
  if (event.type === "operation_conflict" || event.type === "lamport_regression") return false;
  const { operations = [] } = readHistory(history).calls[event.call] ?? {};
  return operations.some(({ placements }) => placements.some(({ call }) => call.number !== event.call));
}

/** An exchange by hand that has no answer yet. */
interface ByHand {
  readonly at: EventIndex;
  readonly method: string;
  readonly path: string;
}

interface Reading {
  readonly tally: Tally;
  readonly byHand: Map<number, ByHand>;
  /** Devices for whom the world has made frames up. */
  readonly replaced: Set<string>;
}

interface Found {
  readonly from: EventIndex;
  readonly faults: readonly FormFault[];
}

function readForm(event: WaveflowEvent, at: EventIndex, { tally, byHand, replaced }: Reading): Found {
  switch (event.kind) {
    case "fault":
      if (/frame/u.test(event.fault) && /replac/u.test(event.fault)) replaced.add(event.target);
      break;
    case "invoked":
      if (event.request.kind === "raw") byHand.set(event.call, { at, ...event.request });
      break;
    case "accepted":
    case "refused":
    case "unknown": {
      const asked = byHand.get(event.call);
      tally.look();
      return asked === undefined
        ? { from: at, faults: event.formFaults ?? [] }
        : { from: asked.at, faults: faultsByHand(event, asked) };
    }
    case "frame":
      if (replaced.has(event.actor) || isClosed(event.frame)) break;
      tally.look();
      return { from: at, faults: frameFaults(event.frame) };
    default:
  }
  return nothing;
}

const nothing: Found = { from: 0, faults: [] };

/** The end of a socket, which is no frame. */
const isClosed = (frame: unknown): boolean =>
  typeof frame === "object" && frame !== null && "type" in frame && frame.type === "closed";

function faultsByHand(
  event: Extract<WaveflowEvent, { kind: "accepted" | "refused" | "unknown" }>,
  asked: ByHand,
): readonly FormFault[] {
  const endpoint = endpointOf(asked);
  if (endpoint === undefined) return [];
  if (event.kind === "refused") {
    const { status, headers, body } = event;
    return replyFaults({ endpoint, status, headers, body: { json: body } });
  }
  if (event.kind === "unknown" || event.reply.kind !== "raw") return [];
  const { status, body } = event.reply;
  return replyFaults({ endpoint, status, body: { json: body } });
}
