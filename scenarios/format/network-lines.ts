// `network:` lines: what happens to messages, frames and connections between a device and the server.
import { msToDuration } from "./duration.ts";
import type { LineReader } from "./line-reader.ts";
import type { MessageAddress, NetworkAction } from "./types.ts";
import type { Vocabulary } from "./vocabulary.ts";

const verbs = [
  "lose",
  "reset",
  "truncate",
  "duplicate",
  "delay",
  "answer",
  "partition",
  "heal",
  "drop",
  "repeat",
  "replace",
  "hold",
  "release",
  "cut",
  "half-open",
] as const;

/** Reads the words behind `network:`.  Errors: LineProblem. */
export function readNetworkLine(line: LineReader, vocabulary: Vocabulary): NetworkAction {
  const verb = line.choice(verbs, "what happens to the network");
  const action = readAction(line, verb, ["any", ...vocabulary.messages]);
  line.end(`"${networkLine(action)}"`);
  return action;
}

/** The line of an action: the way back from `readNetworkLine`. */
export function networkLine(action: NetworkAction): string {
  switch (action.verb) {
    case "lose-request":
      return `lose request of ${addressText(action.of)}`;
    case "lose-reply":
      return `lose reply to ${addressText(action.of)}`;
    case "reset-request":
      return `reset request of ${addressText(action.of)}`;
    case "reset-reply":
      return `reset reply to ${addressText(action.of)}`;
    case "truncate-reply":
      return `truncate reply to ${addressText(action.of)}`;
    case "duplicate":
      return `duplicate ${addressText(action.of)}${action.afterMs === 0 ? "" : ` after ${msToDuration(action.afterMs)}`}`;
    case "delay-request":
      return `delay request of ${addressText(action.of)} by ${msToDuration(action.byMs)}`;
    case "delay-reply":
      return `delay reply to ${addressText(action.of)} by ${msToDuration(action.byMs)}`;
    case "answer":
      return answerLine(action);
    case "partition":
      return `partition ${action.device}${directionText[action.direction]}${action.inFlight === "hold" ? " holding" : ""}`;
    case "heal":
      return `heal ${action.device}`;
    case "drop-frame":
      return `drop frame ${action.nth} to ${action.device}`;
    case "repeat-frame":
      return `repeat frame ${action.nth} to ${action.device}`;
    case "delay-frame":
      return `delay frame ${action.nth} to ${action.device} by ${msToDuration(action.byMs)}`;
    case "replace-frame":
      return `replace frame ${action.nth} to ${action.device} with ${JSON.stringify(action.frame)}`;
    case "hold-frames":
      return `hold frames to ${action.device}`;
    case "release-frames":
      return `release frames to ${action.device}`;
    case "cut-socket":
      return `cut socket of ${action.device}`;
    case "half-open":
      return `half-open ${action.device}`;
  }
}

function readAction(
  line: LineReader,
  verb: (typeof verbs)[number],
  messages: readonly string[],
): NetworkAction {
  switch (verb) {
    case "lose":
    case "reset":
      return { verb: `${verb}-${readHalf(line)}`, of: readAddress(line, messages) };
    case "truncate":
      line.keyword("reply");
      line.keyword("to");
      return { verb: "truncate-reply", of: readAddress(line, messages) };
    case "duplicate": {
      const of = readAddress(line, messages);
      return { verb, of, afterMs: line.accept("after") ? line.length("how long") : 0 };
    }
    case "delay":
      return line.peek() === "frame" ? readFrame(line, verb) : readDelayed(line, messages);
    case "answer":
      return readAnswer(line, messages);
    case "partition":
      return readPartition(line);
    case "heal":
    case "half-open":
      return { verb, device: line.device() };
    case "drop":
    case "repeat":
    case "replace":
      return readFrame(line, verb);
    case "hold":
    case "release":
      line.keyword("frames");
      line.keyword("to");
      return { verb: `${verb}-frames`, device: line.device() };
    case "cut":
      line.keyword("socket");
      line.keyword("of");
      return { verb: "cut-socket", device: line.device() };
  }
}

/** `request of` or `reply to`. */
function readHalf(line: LineReader): "request" | "reply" {
  const half = line.choice(["request", "reply"], "the half of the exchange");
  line.keyword(half === "request" ? "of" : "to");
  return half;
}

function readAddress(line: LineReader, messages: readonly string[]): MessageAddress {
  const device = line.device();
  const { word: message, nth } = line.numbered(messages, "a message");
  return { device, message, nth };
}

function readDelayed(line: LineReader, messages: readonly string[]): NetworkAction {
  const half = readHalf(line);
  const of = readAddress(line, messages);
  line.keyword("by");
  return { verb: half === "request" ? "delay-request" : "delay-reply", of, byMs: line.length("how long") };
}

function readAnswer(line: LineReader, messages: readonly string[]): NetworkAction {
  const of = readAddress(line, messages);
  line.keyword("with");
  const status = line.status();
  const says = (): boolean => !line.isDone && line.peek() !== "after" && line.peek() !== "retry-after";
  const body = says() ? line.choice(["html", "empty", "json", "truncated"], "a body") : "empty";
  const hasJson = body === "json" && says();
  const json = hasJson ? { json: line.value("a JSON body") } : {};
  const retryAfter = line.accept("retry-after") ? { retryAfterMs: line.length("how long") } : {};
  const withEffect = !line.isDone;
  if (withEffect) {
    line.keyword("after");
    line.keyword("effect");
  }
  return { verb: "answer", of, status, body, ...json, ...retryAfter, withEffect };
}

function answerLine(action: Extract<NetworkAction, { readonly verb: "answer" }>): string {
  const body = action.body === "empty" ? "" : ` ${action.body}`;
  const json = action.json === undefined ? "" : ` ${JSON.stringify(action.json)}`;
  const { retryAfterMs } = action;
  const retry = retryAfterMs === undefined ? "" : ` retry-after ${msToDuration(retryAfterMs)}`;
  const effect = action.withEffect ? " after effect" : "";
  return `answer ${addressText(action.of)} with ${action.status}${body}${json}${retry}${effect}`;
}

function readPartition(line: LineReader): NetworkAction {
  const device = line.device();
  const direction = line.accept("to")
    ? (`to-${line.choice(["server", "device"], "the direction")}` as const)
    : "both";
  if (line.isDone) return { verb: "partition", device, direction, inFlight: "drop" };
  line.keyword("holding");
  return { verb: "partition", device, direction, inFlight: "hold" };
}

function readFrame(line: LineReader, verb: "drop" | "repeat" | "delay" | "replace"): NetworkAction {
  line.keyword("frame");
  const nth = line.peek() === "to" ? 1 : line.count("the number of the frame");
  line.keyword("to");
  const device = line.device();
  if (verb === "replace") {
    line.keyword("with");
    return { verb: "replace-frame", device, nth, frame: line.value("a frame as JSON") };
  }
  if (verb !== "delay") return { verb: `${verb}-frame`, device, nth };
  line.keyword("by");
  return { verb: "delay-frame", device, nth, byMs: line.length("how long") };
}

const addressText = ({ device, message, nth }: MessageAddress): string =>
  `${device} ${message}${nth === 1 ? "" : `#${nth}`}`;

const directionText = { both: "", "to-server": " to server", "to-device": " to device" } as const;
