// What chance does to messages: each kind of accident with its odds, how far it goes, and the fate that it makes of an
// undisturbed message. Both worlds draw from here, each with draws of its own, so that an accident means the same in
// both and can be carried from one to the other.
import type { Accident, AccidentKind } from "../scenarios/format/types.ts";
import type { ExchangeFate } from "./exchange-fate.ts";

/** Chances in a million. */
export type PerMillion = number;

/** Odds are whole numbers in a million, so that no float decides anything. Units last in each name. */
export interface NetworkOdds {
  readonly loseRequest: PerMillion;
  readonly loseReply: PerMillion;
  /** The request arrives a second time, at once or much later; nobody hears the second answer. */
  readonly duplicateRequest: PerMillion;
  readonly duplicateAfterMaxMs: number;
  /** The request arrives long after its sender has given up. */
  readonly zombieRequest: PerMillion;
  readonly zombieAfterMaxMs: number;
  readonly delay: PerMillion;
  readonly delayMaxMs: number;
  /** 502 or 503 instead of the request's effect. */
  readonly refuse: PerMillion;
  /** 502 or 503 after the request had its effect. */
  readonly refuseAfterEffect: PerMillion;
  /** 200 with HTML from somebody else. */
  readonly portal: PerMillion;
  /** The reply breaks off. */
  readonly truncateReply: PerMillion;
  readonly loseFrame: PerMillion;
  readonly repeatFrame: PerMillion;
  readonly lateFrame: PerMillion;
  readonly lateFrameMaxMs: number;
  readonly cutSocket: PerMillion;
  readonly halfOpenSocket: PerMillion;
}

/** Nothing goes wrong. */
export const noNetworkOdds: NetworkOdds = {
  loseRequest: 0,
  loseReply: 0,
  duplicateRequest: 0,
  duplicateAfterMaxMs: 0,
  zombieRequest: 0,
  zombieAfterMaxMs: 0,
  delay: 0,
  delayMaxMs: 0,
  refuse: 0,
  refuseAfterEffect: 0,
  portal: 0,
  truncateReply: 0,
  loseFrame: 0,
  repeatFrame: 0,
  lateFrame: 0,
  lateFrameMaxMs: 0,
  cutSocket: 0,
  halfOpenSocket: 0,
};

/** What becomes of one frame: how often it arrives, how late, and whether the socket survives it. */
export interface FrameFate {
  readonly copies: 0 | 1 | 2;
  readonly extraDelayMs: number;
  readonly ending: "none" | "cut" | "half-open";
  readonly fault: string | undefined;
}

/** Two numbers for one message: one decides the kind, the other how far it goes, so that odds of one kind do not move
 *  the fates of another message. Both from 0, below 2^32. */
export interface AccidentDraws {
  readonly kind: number;
  readonly extent: number;
}

/** What befalls a message: `what` is `frame`, or the protocol's name of the exchange. The kinds lie end to end on a line
 *  of a million; the draw is a point on it, and mostly hits none. */
export function drawAccident(
  what: string,
  odds: NetworkOdds,
  draws: AccidentDraws,
): Pick<Accident, "kind" | "extentMs" | "status"> | undefined {
  let rest = pointOf(draws);
  for (const { kind, extent } of faultsOf(what)) {
    const width = odds[kind];
    if (rest < width) return { kind, ...extent?.(draws.extent, odds) };
    rest -= width;
  }
  return undefined;
}

/** The point on the line that the draws mean. */
export const pointOf = ({ kind }: Pick<AccidentDraws, "kind">): number => kind % 1_000_000;

/** Where the kinds end on the line from which `drawAccident` draws: a point at or behind it hits none. */
export const accidentLineEnd = (what: string, odds: NetworkOdds): number =>
  faultsOf(what).reduce((end, { kind }) => end + odds[kind], 0);

/** The exchange that an accident makes of an undisturbed one. */
export function befallExchange(plain: ExchangeFate, accident: Accident): ExchangeFate {
  const { befall, told } = faultOf(exchangeFaults, accident);
  return { ...befall(plain, accident), fault: told };
}

export function befallFrame(accident: Accident): FrameFate {
  const { befall, told } = faultOf(frameFaults, accident);
  return { ...befall(plainFrame, accident), fault: told };
}

export const plainFrame: FrameFate = { copies: 1, extraDelayMs: 0, ending: "none", fault: undefined };

type Extent = Pick<Accident, "extentMs" | "status">;

/** One kind of fault, named like its odds: how far it goes, and the fate it makes of an undisturbed one. */
interface Fault<Fate> {
  readonly kind: AccidentKind & keyof NetworkOdds;
  /** Its name in histories. */
  readonly told: string;
  readonly extent?: (draw: number, odds: NetworkOdds) => Extent;
  readonly befall: (plain: Fate, extent: Extent) => Fate;
}

function faultsOf(what: string): readonly Pick<Fault<never>, "kind" | "extent">[] {
  if (what === "frame") return frameFaults;
  return what === "socket" ? socketFaults : exchangeFaults;
}

function faultOf<Fate>(faults: readonly Fault<Fate>[], { kind, what }: Accident): Fault<Fate> {
  const fault = faults.find((one) => one.kind === kind);
  if (fault === undefined) throw new RangeError(`no "${kind}" befalls a ${what}`);
  return fault;
}

const gateway = (draw: number): Extent => ({ status: draw % 2 === 0 ? 502 : 503 });
const defaultStatus = 503;

const late = (plain: ExchangeFate, { extentMs = 0 }: Extent): ExchangeFate => ({
  ...plain,
  requestDelayMs: plain.requestDelayMs + extentMs,
});

/** A request that comes after its sender gave up is at least this late. Units: virtual milliseconds. */
const zombieAfterMinMs = 10_000;

const exchangeFaults: readonly Fault<ExchangeFate>[] = [
  { kind: "loseRequest", told: "request lost", befall: (plain) => ({ ...plain, isRequestLost: true }) },
  { kind: "loseReply", told: "reply lost", befall: (plain) => ({ ...plain, isReplyLost: true }) },
  {
    kind: "duplicateRequest",
    told: "request repeated",
    extent: (draw, { duplicateAfterMaxMs }) => ({ extentMs: draw % (duplicateAfterMaxMs + 1) }),
    befall: (plain, { extentMs = 0 }) => ({ ...plain, duplicateAfterMs: extentMs }),
  },
  {
    kind: "zombieRequest",
    told: "request late",
    extent: (draw, { zombieAfterMaxMs }) => ({
      extentMs: zombieAfterMinMs + (draw % (zombieAfterMaxMs + 1)),
    }),
    befall: late,
  },
  {
    kind: "delay",
    told: "request slow",
    extent: (draw, { delayMaxMs }) => ({ extentMs: draw % (delayMaxMs + 1) }),
    befall: late,
  },
  {
    kind: "refuse",
    told: "gateway error",
    extent: gateway,
    befall: (plain, { status = defaultStatus }) => ({
      ...plain,
      impostor: { status, body: "empty", withEffect: false },
    }),
  },
  {
    kind: "refuseAfterEffect",
    told: "gateway error after the effect",
    extent: gateway,
    befall: (plain, { status = defaultStatus }) => ({
      ...plain,
      impostor: { status, body: "empty", withEffect: true },
    }),
  },
  {
    kind: "portal",
    told: "captive portal",
    befall: (plain) => ({ ...plain, impostor: { status: 200, body: "html", withEffect: false } }),
  },
  {
    kind: "truncateReply",
    told: "reply truncated",
    befall: (plain) => ({ ...plain, impostor: { status: 200, body: "truncated", withEffect: true } }),
  },
];

/** An upgrade that arrives twice opens no second socket, so it would be a fault in name only. */
const socketFaults = exchangeFaults.filter(({ kind }) => kind !== "duplicateRequest");

const frameFaults: readonly Fault<FrameFate>[] = [
  { kind: "loseFrame", told: "frame lost", befall: (plain) => ({ ...plain, copies: 0 }) },
  { kind: "repeatFrame", told: "frame repeated", befall: (plain) => ({ ...plain, copies: 2 }) },
  {
    kind: "lateFrame",
    told: "frame late",
    extent: (draw, { lateFrameMaxMs }) => ({ extentMs: draw % (lateFrameMaxMs + 1) }),
    befall: (plain, { extentMs = 0 }) => ({ ...plain, extraDelayMs: extentMs }),
  },
  { kind: "cutSocket", told: "socket cut", befall: (plain) => ({ ...plain, copies: 0, ending: "cut" }) },
  {
    kind: "halfOpenSocket",
    told: "socket half-open",
    befall: (plain) => ({ ...plain, copies: 0, ending: "half-open" }),
  },
];
