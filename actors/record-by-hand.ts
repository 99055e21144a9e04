// An exchange by hand, in the history. Judges cannot read what it says, but they can tell that somebody spoke.
import type { StepOutcome } from "../scenarios/format/world.ts";
import type { Recorder } from "./actor.ts";

export interface ByHand {
  readonly actor: string;
  readonly call: number;
  readonly user: string;
  readonly deviceId: string;
  readonly method: string;
  readonly path: string;
}

/** Records the exchange around `exchange`, and answers what it came to. */
export async function recordByHand(
  recorder: Recorder,
  asked: ByHand,
  exchange: () => Promise<StepOutcome>,
): Promise<StepOutcome> {
  const { actor, call, user, deviceId, method, path } = asked;
  recorder.record({
    kind: "invoked",
    actor,
    call,
    request: { kind: "raw", user, device: deviceId, method, path },
  });
  const outcome = await exchange();
  const { status, type = "", body } = outcome;
  if (status === undefined) recorder.record({ kind: "unknown", actor, call, reason: "no answer came" });
  else if (status >= 500) {
    recorder.record({ kind: "unknown", actor, call, reason: `the server answered ${status}`, status });
  } else if (status >= 400) recorder.record({ kind: "refused", actor, call, status, type, body });
  else recorder.record({ kind: "accepted", actor, call, reply: { kind: "raw", status } });
  return outcome;
}
