// An exchange by hand, in the history: what went out beside the token and device id of whoever is spoken for, and what
// came back, so that judges can read it as they read what devices say.
import type { RawRequest } from "../scenarios/format/types.ts";
import type { StepOutcome } from "../scenarios/format/world.ts";
import type { Recorder } from "./actor.ts";

export interface ByHand {
  readonly actor: string;
  readonly call: number;
  readonly user: string;
  readonly deviceId: string;
  readonly sent: RawRequest;
}

/** Records the exchange around `exchange`, and answers what it came to. */
export async function recordByHand(
  recorder: Recorder,
  asked: ByHand,
  exchange: () => Promise<StepOutcome>,
): Promise<StepOutcome> {
  const { actor, call, user, deviceId, sent } = asked;
  const { method, path, headers, token, body: sentBody } = sent;
  recorder.record({
    kind: "invoked",
    actor,
    call,
    request: {
      kind: "raw",
      user,
      device: deviceId,
      method,
      path,
      sent: {
        headers,
        ...(token === undefined ? {} : { token }),
        ...(sentBody === undefined ? {} : { body: sentBody }),
      },
    },
  });
  const outcome = await exchange();
  const { status, type = "", body, headers: answered } = outcome;
  if (status === undefined) recorder.record({ kind: "unknown", actor, call, reason: "no answer came" });
  else if (status >= 500) {
    recorder.record({ kind: "unknown", actor, call, reason: `the server answered ${status}`, status });
  } else if (status >= 400) {
    const refused = { kind: "refused", actor, call, status, type, body } as const;
    recorder.record(answered === undefined ? refused : { ...refused, headers: answered });
  } else recorder.record({ kind: "accepted", actor, call, reply: { kind: "raw", status, body } });
  return outcome;
}
