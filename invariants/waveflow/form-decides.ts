// What is wrong by its form is refused with the refusal that its form demands, and what is not is not.
import { jsonDepth, whyTextUnstorable, whyUnstorable } from "../../protocol/json.ts";
import { pushRequestSchema } from "../../protocol/waveflow/messages.ts";
import { limits, type PushOp } from "../../protocol/waveflow/types.ts";
import { numberIn } from "./body.ts";
import type { HandForm } from "./by-hand.ts";
import { readByHand } from "./by-hand.ts";
import { Tally } from "../tally.ts";
import type { Law } from "../verdict.ts";
import type { EventIndex } from "../history.ts";
import type { WaveflowCall, WaveflowEvent } from "./events.ts";
import { type Call, type PushCall, readHistory } from "./reading.ts";
import { nameOp } from "./words.ts";

/** Exchanges by hand are judged by all that the page says of their form; pushes also by the content of their ops.
 *  Leaves out: 5xx, which have a law of their own; whether a device's own token was still good.
 *  Source: WF-AUTH-1, WF-AUTH-3, WF-PUSH-12, WF-PUSH-13, WF-ACK-3; waveflow.md sections 3 to 6. */
export const formDecides: Law<WaveflowEvent> = {
  id: "form-decides",
  requirements: ["WF-AUTH-1", "WF-AUTH-3", "WF-PUSH-12", "WF-PUSH-13", "WF-PULL-1", "WF-ACK-3"],
  promise:
    "A request that is wrong by its form gets the refusal that its form demands, and no other gets one.",
  judge(history) {
    const { calls, pushes } = readHistory(history);
    const tally = new Tally();
    for (const event of history.events) {
      if (event.kind !== "invoked" || event.request.kind !== "raw") continue;
      const call = calls[event.call];
      if (call !== undefined && isAnswered(call)) judgeForm(call, readByHand(event.request), history, tally);
    }
    for (const call of pushes) if (isAnswered(call)) judgePush(call, tally);
    return tally.verdict("no push was answered, and nobody spoke by hand");
  },
};

const isAnswered = ({ outcome }: { readonly outcome: Call["outcome"] }): boolean =>
  outcome === "accepted" || outcome === "refused";

function judgeForm(
  call: Call,
  form: HandForm,
  history: { readonly events: readonly WaveflowEvent[] },
  tally: Tally,
): void {
  const { actor, askedAt, answeredAt, type, body } = call;
  const status = call.outcome === "accepted" ? 200 : call.status;
  const mayBeStranger = !form.isTokenSure && status === 401;
  const { demands, means } = form;
  const say = (what: string, rule: string): void =>
    tally.contradict([askedAt, answeredAt], () => `${nameRequest(history.events, askedAt, actor)}. ${what}`, [
      rule,
    ]);
  tally.look();
  if (status === 401) judgeChallenge(history.events[answeredAt]!, say);
  if (demands !== undefined && !mayBeStranger) {
    if (demands.orElse?.includes(status) === true) return;
    if (status !== demands.status)
      say(`By its form it is due ${demands.status}, and it was answered ${status}.`, demands.rule);
    else if (demands.type !== undefined && type !== demands.type)
      say(`It was refused as ${type || "nothing"}, where ${demands.type} is due.`, demands.rule);
    else if (demands.index !== undefined && numberIn(body, "index") !== demands.index)
      say(`The fault lies in op ${demands.index} alone. The answer does not say so.`, demands.rule);
  } else if (means !== undefined && !mayBeStranger && formStatuses.has(status)) {
    say(
      `There is nothing wrong with its form, and it was refused with ${status}.`,
      status === 401 ? "WF-AUTH-1" : status === 403 ? "WF-AUTH-3" : ruleOfForm(means),
    );
  }
}

/** The rule that says which form a request must have. */
function ruleOfForm({ kind }: WaveflowCall): string {
  return kind === "pull" ? "WF-PULL-1" : kind === "ack" ? "WF-ACK-3" : "WF-PUSH-12";
}

/** What is said about a request's form and about nothing else. */
const formStatuses: ReadonlySet<number> = new Set([400, 401, 403, 404, 405, 413, 426]);

function judgeChallenge(answer: WaveflowEvent, say: (what: string, rule: string) => void): void {
  if (answer.kind !== "refused" || answer.headers === undefined) return;
  const challenge = Object.entries(answer.headers).find(
    ([name]) => name.toLowerCase() === "www-authenticate",
  );
  if (/^Bearer\b/iu.test(challenge?.[1] ?? "")) return;
  say("It was answered 401 without the challenge WWW-Authenticate: Bearer.", "WF-AUTH-1");
}

function nameRequest(events: readonly WaveflowEvent[], at: EventIndex, actor: string): string {
  const event = events[at]!;
  if (event.kind !== "invoked" || event.request.kind !== "raw") return `${actor} asked by hand`;
  const { method, path, sent } = event.request;
  const token = sent?.token === undefined ? "" : ` with a token that is ${sent.token.kind}`;
  return `${actor} asked by hand: ${method} ${path}${token}`;
}

/** A push that is refused for what an op says has an op that says it.  Source: WF-PUSH-12, WF-PUSH-13. */
function judgePush(call: PushCall, tally: Tally): void {
  const { request, status, type, actor, askedAt, answeredAt } = call;
  tally.look();
  if (call.outcome === "accepted") return judgeTaken(call, tally);
  if (request.isByHand === true) {
    // Its form is judged as that of an exchange by hand.
  } else if ((status === 400 || status === 413) && isLawful(request.ops)) {
    tally.contradict(
      [askedAt, answeredAt],
      () =>
        `${actor} pushed ${request.ops.length} ops, and there is nothing wrong with their form. The push was refused with ${status}.`,
      ["WF-PUSH-12"],
    );
  }
  if (type !== "invalid_op") return;
  const op = request.ops[numberIn(call.body, "index") ?? -1];
  if (op === undefined || whyUnfit(op) !== undefined || !isWithinLeap(op, call)) return;
  tally.contradict(
    [askedAt, answeredAt],
    () =>
      `${actor} pushed ${nameOp(op)} with stamp ${op.lamport_ts}. It was refused as invalid, although it can be kept and its stamp is no leap.`,
    [op.lamport_ts > limits.lamportLeapMax ? "WF-PUSH-13" : "WF-PUSH-12"],
  );
}

function judgeTaken(call: PushCall, tally: Tally): void {
  const tooDeep = call.request.ops.find((op) => levelsOf(op) > limits.valueLevelsMax);
  if (tooDeep === undefined) return;
  tally.contradict(
    [call.askedAt, call.answeredAt],
    () =>
      `${call.actor} pushed ${nameOp(tooDeep)}, a value of more than ${limits.valueLevelsMax} levels. It was taken.`,
    ["WF-PUSH-12"],
  );
}

/** Surely so: a text of so few characters cannot have too many bytes. */
const isLawful = (ops: readonly PushOp[]): boolean =>
  ops.length <= limits.opsPerPushMax &&
  3 * JSON.stringify({ ops }).length <= limits.bytesPerPushMax &&
  pushRequestSchema.safeParse({ ops }).success;

const levelsOf = ({ value }: PushOp): number => jsonDepth(value, limits.valueLevelsMax + 1);

/** Why a store may be unable to keep it. */
export const whyUnfit = (op: PushOp): string | undefined =>
  levelsOf(op) > limits.valueLevelsMax
    ? "too deep"
    : (whyTextUnstorable(op.entity_type) ??
      whyTextUnstorable(op.entity_id) ??
      whyTextUnstorable(op.field ?? "") ??
      whyUnstorable(op.value));

/** Above the highest stamp of which the user had been told before, by no more than a leap may be. */
function isWithinLeap(op: PushOp, call: PushCall): boolean {
  if (op.lamport_ts <= limits.lamportLeapMax) return true;
  let highest = 0;
  for (const { stored } of call.user.operations.values()) {
    const known = call.era < 0 ? undefined : stored[call.era];
    if (known === undefined || Math.min(known.acceptedAt, known.readAt) > call.askedAt) continue;
    highest = Math.max(highest, known.lamport);
  }
  return op.lamport_ts <= highest + limits.lamportLeapMax;
}
