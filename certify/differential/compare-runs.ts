// Two runs of one scenario on two servers, held against each other exchange by exchange. What they differ in fails
// nobody: where the rules are silent, each is right. It is worth knowing all the same, because somebody's client may lean
// on one of the two ways.
import type { History } from "../../invariants/history.ts";
import type { WireBody, WireExchange, WireFrame, WireHeaders, WireRecord } from "../../live/wire-record.ts";
import type { DifferenceKind, WireWords } from "../script/wire-words.ts";
import { Pairing, valueDifferences } from "./sameness.ts";

export interface Difference extends DifferenceKind {
  /** The step that was under way, as its file has it. */
  readonly step: string;
  /** Its line; 0 for the end. */
  readonly line: number;
  readonly who: string;
  /** The rule that speaks about it; absent where the rules are silent. */
  readonly ruledBy?: string;
}

export interface ComparedRun {
  readonly wire: WireRecord;
  readonly history: History;
}

export interface CompareOptions {
  readonly words: WireWords;
  /** Devices with timers of their own: when they ask is nobody's choice. */
  readonly automatic?: ReadonlySet<string>;
}

/** Where the second run went another way than the first, in the order of the scenario. */
export function compareRuns(
  here: ComparedRun,
  there: ComparedRun,
  { words, automatic = new Set() }: CompareOptions,
): readonly Difference[] {
  const pairing = new Pairing();
  const stagesThere = new Map(stagesOf(there.wire, automatic).map((stage) => [stage.key, stage]));
  const differences = stagesOf(here.wire, automatic).flatMap((stage) => {
    const other = stagesThere.get(stage.key);
    return other === undefined ? [] : stageDifferences(stage, other, { words, pairing });
  });
  const all = [
    ...differences,
    ...frameDifferences(here.wire, there.wire, { words, pairing, automatic }),
    ...stateDifferences(here.history, there.history, words),
  ];
  return withoutWake(all).map((difference) => {
    const ruledBy = words.ruleOf(difference);
    return ruledBy === undefined ? difference : { ...difference, ruledBy };
  });
}

/** Once the two have parted, everything else follows from that. */
function withoutWake(differences: readonly Difference[]): readonly Difference[] {
  const parting = differences.findIndex(({ about }) => about === "asked" || about === "status");
  return parting < 0 ? differences : differences.slice(0, parting + 1);
}

/** What one device asked while one step was the last to have begun. */
interface Stage {
  readonly key: string;
  readonly step: string;
  readonly line: number;
  readonly who: string;
  readonly exchanges: readonly WireExchange[];
}

interface Context {
  readonly words: WireWords;
  readonly pairing: Pairing;
}

function stagesOf({ entries }: WireRecord, automatic: ReadonlySet<string>): readonly Stage[] {
  const stages = new Map<string, Stage & { readonly exchanges: WireExchange[] }>();
  const begun = new Map<number, number>();
  let step = { text: "before the first step", line: 0, nth: 0 };
  for (const entry of entries) {
    if (entry.kind === "step") {
      const { line, text } = entry.source;
      const nth = (begun.get(line) ?? 0) + 1;
      begun.set(line, nth);
      step = { text, line, nth };
    }
    if (entry.kind !== "exchange" || entry.by === "reader" || automatic.has(entry.who)) continue;
    // What the network lost or repeated is its doing, and the same on both sides.
    if (entry.lost?.part === "request") continue;
    const key = `${step.line} ${step.nth} ${entry.who} ${entry.by}`;
    const stage = stages.get(key) ?? { key, step: step.text, line: step.line, who: entry.who, exchanges: [] };
    stages.set(key, stage);
    if (!isRepetition(entry, stage.exchanges.at(-1))) stage.exchanges.push(entry);
  }
  return [...stages.values()];
}

/** Until everybody is at rest the same is asked again and again; how often is a matter of time. */
const isRepetition = (one: WireExchange, last: WireExchange | undefined): boolean =>
  last !== undefined &&
  one.path === last.path &&
  one.body.text === last.body.text &&
  one.answer?.status === last.answer?.status &&
  one.answer?.body.text === last.answer?.body.text;

function stageDifferences(here: Stage, there: Stage, context: Context): readonly Difference[] {
  const { step, line, who } = here;
  const differences: Difference[] = [];
  const length = Math.max(here.exchanges.length, there.exchanges.length);
  for (let index = 0; index < length; index++) {
    const one = here.exchanges[index];
    const other = there.exchanges[index];
    const asked = whatIsAsked(one);
    const askedThere = whatIsAsked(other);
    const message = one?.message ?? other!.message;
    if (asked !== askedThere) {
      differences.push({
        message,
        about: "asked",
        member: "",
        here: asked,
        there: askedThere,
        step,
        line,
        who,
      });
      // From here on they talk about different things.
      break;
    }
    for (const kind of answerDifferences(one!, other!, context))
      differences.push({ ...kind, message, step, line, who });
  }
  return differences;
}

const whatIsAsked = (exchange: WireExchange | undefined): string =>
  exchange === undefined ? "nothing more" : `${exchange.method} ${exchange.path.split("?", 1)[0]!}`;

function answerDifferences(
  { answer: here }: WireExchange,
  { answer: there }: WireExchange,
  context: Context,
): readonly Omit<DifferenceKind, "message">[] {
  const status = (answer: WireExchange["answer"]): string => String(answer?.status ?? "no answer");
  if (here === undefined || there === undefined || here.status !== there.status) {
    if (status(here) === status(there)) return [];
    return [{ about: "status", member: "", here: status(here), there: status(there) }];
  }
  return [
    ...headerDifferences(here.headers, there.headers),
    ...bodyDifferences(here.body, there.body, context),
  ];
}

/** The others are a server's own affair. */
const comparedHeaders = ["content-type", "cache-control", "www-authenticate", "retry-after"] as const;

function headerDifferences(
  here: WireHeaders,
  there: WireHeaders,
): readonly Omit<DifferenceKind, "message">[] {
  return comparedHeaders.flatMap((member) => {
    const one = headerValue(here, member);
    const other = headerValue(there, member);
    return one === other ? [] : [{ about: "header" as const, member, here: one, there: other }];
  });
}

const headerValue = (headers: WireHeaders, wanted: string): string =>
  headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? "absent";

function bodyDifferences(
  here: WireBody,
  there: WireBody,
  { words, pairing }: Context,
): readonly Omit<DifferenceKind, "message">[] {
  const one = parsed(here);
  const other = parsed(there);
  if (one === notJson || other === notJson) {
    if (one === other) return [];
    const kind = (value: unknown): string => (value === notJson ? "no JSON" : "JSON");
    return [{ about: "body", member: "", here: kind(one), there: kind(other) }];
  }
  return valueDifferences(one, other, { words, pairing });
}

const notJson = Symbol("no JSON");

function parsed({ bytes, text }: WireBody): unknown {
  if (bytes === 0) return undefined;
  try {
    return JSON.parse(text ?? "") as unknown;
  } catch {
    return notJson;
  }
}

/** When a frame comes is a matter of time, so they are counted along the whole run. */
function frameDifferences(
  here: WireRecord,
  there: WireRecord,
  { automatic, ...context }: Context & { readonly automatic: ReadonlySet<string> },
): readonly Difference[] {
  const mine = framesByDevice(here, automatic);
  const theirs = framesByDevice(there, automatic);
  return [...new Set([...mine.keys(), ...theirs.keys()])].flatMap((who) => {
    const one = mine.get(who) ?? [];
    const other = theirs.get(who) ?? [];
    const at = { message: "frame", step: "over the live socket", line: 0, who };
    const common = one.slice(0, Math.min(one.length, other.length));
    const found = common.flatMap((frame, index) => oneFrame(frame, other[index]!, context));
    const count = (frames: readonly WireFrame[]): string => `${frames.length} of them`;
    const counted =
      one.length === other.length
        ? []
        : [{ about: "count" as const, member: "", here: count(one), there: count(other) }];
    return [...found, ...counted].map((kind) => ({ ...kind, ...at }));
  });
}

function framesByDevice(
  { entries }: WireRecord,
  automatic: ReadonlySet<string>,
): ReadonlyMap<string, readonly WireFrame[]> {
  const frames = entries.filter(
    (entry) => entry.kind === "frame" && entry.direction === "to-device" && !automatic.has(entry.who),
  ) as readonly WireFrame[];
  return Map.groupBy(frames, ({ who }) => who);
}

function oneFrame(
  here: WireFrame,
  there: WireFrame,
  context: Context,
): readonly Omit<DifferenceKind, "message">[] {
  const closed = (frame: WireFrame): string =>
    frame.isClose === true ? `closed with ${frame.closeCode ?? "no code"}` : "a frame";
  if (here.isClose === true || there.isClose === true)
    return closed(here) === closed(there)
      ? []
      : [{ about: "body", member: "", here: closed(here), there: closed(there) }];
  const body = ({ text = "" }: WireFrame): WireBody => ({ bytes: text.length, text });
  return bodyDifferences(body(here), body(there), context);
}

/** What each device shows its user when the run is over. */
function stateDifferences(here: History, there: History, words: WireWords): readonly Difference[] {
  const mine = statesOf(here, words);
  const theirs = statesOf(there, words);
  return [...mine].flatMap(([who, state]) => {
    const other = theirs.get(who);
    if (other === undefined || other === state) return [];
    const about = { message: "state", about: "state", member: "", here: "one", there: "another" } as const;
    return [{ ...about, step: "at the end", line: 0, who }];
  });
}

function statesOf({ events }: History, words: WireWords): ReadonlyMap<string, string> {
  const states = new Map<string, string>();
  for (const event of events) {
    if (event.kind !== "found") continue;
    const visible = words.visibleOf(event.finding);
    if (visible !== undefined) states.set(event.actor, JSON.stringify(sorted(visible)));
  }
  return states;
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).map(([name, inner]) => [name, sorted(inner)] as const);
  return Object.fromEntries(entries.toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
