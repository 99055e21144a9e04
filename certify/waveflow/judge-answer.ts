// One answer held against what may be answered: its status, its type, the op that it names, and its form.
import { isJsonObject } from "../../protocol/json.ts";
import { endpointOf, replyFaults } from "../../protocol/waveflow/reply-form.ts";
import type { WireAnswer, WireOutcome } from "../probes/exchange.ts";
import type { ProbeFault } from "../probes/faults.ts";
import { bodyBytes, type WireRequest } from "../probes/wire-request.ts";
import type { BadCase } from "./bad-case.ts";
import { describeOutcome } from "./caller.ts";
import type { Lawful, LawfulAnswer } from "./lawful-answers.ts";

/** A request that was made, and what came of it. */
export interface Made {
  readonly made: BadCase;
  readonly request: WireRequest;
  readonly lawful: Lawful;
  readonly outcome: WireOutcome;
}

/** Everything that is wrong with an answer; empty where it is right. */
export function judgeAnswer(exchange: Made): readonly ProbeFault[] {
  const { made, request, lawful, outcome } = exchange;
  const { answers } = lawful;
  // Half a request has no answer.
  if (answers.length === 0) return [];
  const fault = faultMaker(exchange);
  if (outcome.kind !== "answer") {
    return mayBreakOff(exchange) ? [] : [fault(outcome.kind, made.requirements)];
  }
  // How much a server lets itself be asked in a second, the page leaves open.
  if (outcome.status === 429) return [];
  const form = made.isBelowProtocol === true ? [] : judgeForm(request, outcome);
  const formFaults = form.map(({ requirements, text, kind }) => ({
    ...fault(kind, requirements),
    seen: text,
  }));
  const ofStatus = answers.filter(({ status }) => status === outcome.status);
  if (ofStatus.length === 0) return [fault(String(outcome.status), rulesOf(made, answers))];
  // Where the form is off, the type that is missing in it is no fault of its own.
  if (formFaults.length > 0 || ofStatus.some((answer) => isTold(answer, outcome))) return formFaults;
  return [fault(`${outcome.status} of another kind`, rulesOf(made, ofStatus))];
}

/** The rule that asks for the answer that is missing: that of the first reason to refuse. */
const rulesOf = ({ requirements }: BadCase, answers: readonly LawfulAnswer[]): readonly string[] => {
  const [first] = answers;
  return first?.rule === undefined ? requirements : [first.rule];
};

function faultMaker({
  made,
  request,
  lawful,
  outcome,
}: Made): (what: string, rules: readonly string[]) => ProbeFault {
  return (what, requirements) => ({
    kind: `${made.endpoint} × ${made.mutation} × ${what}`,
    requirements,
    text: `${made.endpoint} with ${made.text}`,
    expected: describeLawful(lawful.answers),
    seen: describeOutcome(outcome),
    requests: [request],
  });
}

/** `400 invalid_request, or 422 invalid_op`. */
function describeLawful(answers: readonly LawfulAnswer[]): string {
  if (answers.length > manyAnswers) return "a refusal (4xx)";
  const told = answers.map(({ status, type = "", index }) =>
    [String(status), type, index === undefined ? "" : `with index ${index}`]
      .filter((part) => part !== "")
      .join(" "),
  );
  return [...new Set(told)].join(", or ");
}

const manyAnswers = 12;

function isTold({ type, index }: LawfulAnswer, { json }: WireAnswer): boolean {
  const body = isJsonObject(json) ? json : {};
  return (type === undefined || body.type === type) && (index === undefined || body.index === index);
}

function judgeForm(
  request: WireRequest,
  answer: WireAnswer,
): readonly { readonly requirements: readonly string[]; readonly text: string; readonly kind: string }[] {
  const endpoint = endpointOf(request);
  if (endpoint === undefined) return [];
  const { status, headers, text } = answer;
  const body = "json" in answer ? { json: answer.json } : { text };
  return replyFaults({ endpoint, status, headers, body }).map((fault) => ({
    ...fault,
    // What was seen in it differs from request to request; the fault is one.
    kind: `form × ${fault.text.replaceAll(/"[^"]*"|[\d{[].*/gu, "")}`,
  }));
}

/** A connection may be ended on who sends more than is read, and the answer may be lost with it. */
function mayBreakOff({ request, lawful, outcome }: Made): boolean {
  if (outcome.kind !== "broken") return false;
  const isLong = request.body !== undefined && bodyBytes(request.body).length > 1_048_576;
  return isLong || lawful.answers.some(({ status }) => status === 431 || status === 414);
}
