// How a law is broken, with everything taken out that another plan would name otherwise: devices, users, numbers, ids,
// values, and how many of a kind there are. Shrinking keeps it, so that a search for the smallest plan does not slip from
// one defect to another; a search groups its findings by it.
import type { History, HistoryEvent } from "../../invariants/history.ts";
import type { Judgement } from "../../invariants/verdict.ts";

/** Law, kind of the event that completes the contradiction, and the words of the explanation that are nobody's name.
 *  By which of several ways the other fact came to light (a pull, a frame, the log at the end) makes no difference.
 *  Empty for a judgement that is no violation. */
export function signatureOf(judgement: Judgement, history: History): string {
  const { law, verdict } = judgement;
  if (verdict.outcome !== "violated") return "";
  const events = verdict.witness.events.map((index) => history.events[index]!);
  const last = events.at(-1);
  const clauses = clausesOf(verdict.witness.explanation, namesIn(history, events));
  return [law, last === undefined ? "" : kindOf(last), clauses.join(clauseMark)].join(partMark);
}

/** Whether what the second tells is what the first tells, or a part of it: where a law names five who wait, one of them
 *  is enough. */
export function isSameWay(first: string, second: string): boolean {
  if (first === second) return true;
  const [law, kind, clauses = ""] = first.split(partMark);
  const [otherLaw, otherKind, otherClauses = ""] = second.split(partMark);
  if (law !== otherLaw || kind !== otherKind || otherClauses === "") return false;
  const known = new Set(clauses.split(clauseMark));
  return otherClauses.split(clauseMark).every((clause) => known.has(clause));
}

const partMark = " ¦ ";
const clauseMark = "; ";

/** `accepted push`, `noted applied pull`, `found log`. */
function kindOf(event: HistoryEvent): string {
  switch (event.kind) {
    case "invoked":
      return `invoked ${tagsOf(event.request)}`;
    case "accepted":
      return `accepted ${tagsOf(event.reply)}`;
    case "refused":
      return `refused ${event.status} ${event.type}`;
    case "frame":
      return `frame ${tagsOf(event.frame)}`;
    case "noted":
      return `noted ${tagsOf(event.note)}`;
    case "found":
      return `found ${tagsOf(event.finding)}`;
    case "fault":
      return `fault ${event.fault}`;
    default:
      return event.kind;
  }
}

/** The members by which protocols tell their own kinds apart. */
const tags = ["kind", "type", "via", "why"] as const;

function tagsOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value;
  const members = value as Readonly<Record<string, unknown>>;
  return tags
    .map((tag) => members[tag])
    .filter((tag) => typeof tag === "string")
    .join(" ");
}

/** Leaves and members that are looked at for names. A log can be a thousand ops long. */
const namesMax = 400;

/** Devices, users, and whatever text stands in the witness itself. */
function namesIn(history: History, witness: readonly HistoryEvent[]): ReadonlySet<string> {
  const names = new Set<string>(["server", "world"]);
  for (const event of history.events) {
    if (event.kind !== "joined") continue;
    names.add(event.actor);
    names.add(event.user);
  }
  let looked = 0;
  const look = (value: unknown): void => {
    if (looked++ > namesMax) return;
    if (typeof value === "string") names.add(value);
    if (typeof value !== "object" || value === null) return;
    for (const inner of Object.values(value)) look(inner);
  };
  for (const event of witness) {
    if (event.kind === "invoked") look(event.request);
    else if (event.kind === "accepted") look(event.reply);
    else if (event.kind === "noted") look(event.note);
  }
  return names;
}

/** The explanation's clauses as bare words, each once, in a fixed order: who is named first is an accident. */
function clausesOf(explanation: string, names: ReadonlySet<string>): readonly string[] {
  const phrases = [...names].filter((name) => name.includes(" "));
  const withoutPhrases = phrases.reduce((text, phrase) => text.replaceAll(phrase, "_"), explanation);
  const withoutValues = withoutPhrases
    .replaceAll(/"(?:[^"\\]|\\.)*(?:"|…)/gu, "_")
    .replaceAll(/\{[^}]*(?:\}|…)|\[[^\]]*(?:\]|…)|\([^()]*\)/gu, "_")
    .replaceAll(/\S+\/\S+/gu, "_")
    .replaceAll(/[\w-]+ of (?=_)/gu, "_ ")
    .replaceAll(/\band \d+ more\b/gu, "")
    .replaceAll(/\bnothing\b/gu, "_");
  const clauses = withoutValues
    .split(/[.,;](?:\s|$)/u)
    .map((clause) =>
      clause
        .split(/[\s():=]+/u)
        .map((word) => word.replaceAll(/['’]s$/gu, ""))
        .filter((word) => /^[a-z][a-z-]*$/iu.test(word) && !names.has(word) && !isHexadecimal.test(word))
        .join(" ")
        .toLowerCase(),
    )
    .filter((clause) => clause !== "");
  return [...new Set(clauses)].sort();
}

const isHexadecimal = /^[0-9a-f]{8}$/u;
