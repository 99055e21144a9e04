// WaveFlow's messages as a script and a comparison of two servers see them.
import type { WaveflowFinding } from "../../invariants/waveflow/events.ts";
import type { DifferenceKind, WireWords } from "../script/wire-words.ts";

export const waveflowWireWords: WireWords = {
  protocol: "waveflow/1",
  numbers: new Set(["id", "head", "compacted_up_to", "prev_id"]),
  echoes: new Set(["since", "last_seen_id", "ack"]),
  texts: new Set(["resync"]),
  times: new Set(["wall_clock", "now"]),
  deviceHeader: "x-device-id",
  prose: new Set(["message", "reason", "errors", "error", "detail", "title", "description"]),
  visibleOf: (finding) => {
    const { kind, visible } = finding as WaveflowFinding & { readonly visible?: unknown };
    return kind === "device" ? visible : undefined;
  },
  ruleOf,
};

/** Where the page says what an answer is. What it leaves to the server (paging, other members, wording, which
 *  superfluous row compaction keeps) has no rule. */
function ruleOf({ message, about, member, here, there }: DifferenceKind): string | undefined {
  switch (about) {
    case "status":
      return statusRules[`${message} ${[here, there].find((status) => status !== "200") ?? ""}`];
    case "header":
      return member === "www-authenticate" ? "WF-AUTH-1" : undefined;
    case "body":
    case "count":
      return memberRules[`${message} ${member}`];
    case "state":
      return "WF-STATE-1";
    case "asked":
      return undefined;
  }
}

const statusRules: Readonly<Record<string, string>> = {
  "push 400": "WF-PUSH-12",
  "push 401": "WF-AUTH-1",
  "push 403": "WF-AUTH-3",
  "push 409": "WF-PUSH-5",
  "push 413": "WF-PUSH-12",
  "push 422": "WF-PUSH-12",
  "pull 400": "WF-PUSH-12",
  "pull 401": "WF-AUTH-1",
  "pull 403": "WF-AUTH-3",
  "pull 410": "WF-PULL-3",
  "ack 204": "WF-ACK-1",
  "ack 400": "WF-ACK-3",
  "ack 401": "WF-AUTH-1",
  "ack 422": "WF-ACK-3",
};

const memberRules: Readonly<Record<string, string>> = {
  "push results.*.status": "WF-PUSH-2",
  "push results.*.id": "WF-PUSH-8",
  "push results.*.operation_id": "WF-PUSH-2",
  "push results.*.lamport_ts": "WF-PUSH-2",
  "push results": "WF-PUSH-2",
  "push type": "WF-PUSH-12",
  "push stored_max": "WF-PUSH-5",
  "push index": "WF-PUSH-5",
  "pull ops.*.id": "WF-PULL-1",
  "pull type": "WF-PULL-3",
  "pull head": "WF-PULL-6",
  "ack type": "WF-ACK-3",
  "ack head": "WF-ACK-3",
};
