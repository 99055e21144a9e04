// The faults that windows place: what may befall an exchange, a frame, or a statement of the server.
import type { NetworkAction, ServerAction } from "../../scenarios/format/types.ts";
import { waveflowVocabulary } from "../../scenarios/waveflow/vocabulary.ts";
import type { Plot } from "./plot.ts";

/** What may befall one exchange of a device. */
export function exchangeFault(plot: Plot, device: string, message: string): NetworkAction {
  const { choices } = plot;
  const of = { device, message, nth: choices.pick([1, 1, 1, 2]) };
  switch (choices.pick(["lose-reply", "lose-reply", "lose-request", "duplicate", "delay", "answer"])) {
    case "lose-reply":
      return { verb: "lose-reply", of };
    case "lose-request":
      return { verb: "lose-request", of };
    case "duplicate":
      return { verb: "duplicate", of, afterMs: choices.pick([0, 1, 20, 1_000, 20_000, 40_000]) };
    case "delay":
      return {
        verb: choices.pick(["delay-request", "delay-reply"]),
        of,
        byMs: choices.pick([20, 500, 9_000, 20_000]),
      };
    default:
      return {
        verb: "answer",
        of,
        status: choices.pick([200, 200, 204, 302, 401, 404, 429, 500, 502, 503]),
        body: choices.pick(["html", "empty", "truncated", "json"]),
        withEffect: choices.onceIn(2),
      };
  }
}

export function frameFault(plot: Plot, device: string): NetworkAction {
  const { choices } = plot;
  const nth = choices.pick([1, 1, 2, 3]);
  switch (choices.pick(["drop", "repeat", "delay", "hold", "release", "cut", "half-open", "drop"])) {
    case "drop":
      return { verb: "drop-frame", device, nth };
    case "repeat":
      return { verb: "repeat-frame", device, nth };
    case "delay":
      return { verb: "delay-frame", device, nth, byMs: choices.pick([10, 300, 3_000]) };
    case "hold":
      return { verb: "hold-frames", device };
    case "release":
      return { verb: "release-frames", device };
    case "cut":
      return { verb: "cut-socket", device };
    default:
      return { verb: "half-open", device };
  }
}

export function drawStatementFault(plot: Plot, purpose: string, device: string): ServerAction {
  const { choices } = plot;
  const statement = choices.pick(waveflowVocabulary.statements.get(purpose)!);
  const whose = purpose !== "compact" && choices.onceIn(3) ? { device } : {};
  const verb = choices.pick(["crash-during", "crash-during", "lose-answer-during", "fail-during"] as const);
  const isAt = verb !== "crash-during";
  return {
    verb,
    purpose,
    statement,
    nth: 1,
    position: isAt
      ? verb === "fail-during"
        ? "before"
        : "after"
      : choices.pick(["before", "after"] as const),
    ...whose,
    ...(verb === "fail-during" ? { sqlstate: choices.pick(["40001", "40P01", "57014", "53300"]) } : {}),
  };
}

/** Makes the transaction happen that a trap waits for. */
export function runInto(plot: Plot, purpose: string, name: string): void {
  const { steps, choices } = plot;
  switch (purpose) {
    case "push":
      return steps.device(name, choices.pick(["push", "sync"]));
    case "pull":
      return steps.device(name, "pull");
    case "ack":
      return steps.device(name, "sync");
    case "frames":
    case "contact":
      return steps.device(name, "connect");
    default:
      return undefined;
  }
}
