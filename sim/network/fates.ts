// The fate of one message: undisturbed, or befallen by one accident. Accidents are drawn from the weather, or pinned by
// the scenario; either way they are values, and the same value makes the same fate.
//
// Every decision is drawn whether it is needed or not, and the times of frames by their number, so that taking one
// accident away moves no other message.
import type { ExchangeFate } from "../../actors/exchange-fate.ts";
import type { Accident, AccidentKind } from "../../scenarios/format/types.ts";
import type { AccidentBook, PinnedAccidents } from "../kernel/accident-book.ts";
import type { AddressedRandom, Decisions } from "../kernel/addressed-random.ts";
import type { Weather } from "./weather.ts";

/** What becomes of one frame: how often it arrives, how late, and whether the socket survives it. */
export interface FrameFate {
  readonly copies: 0 | 1 | 2;
  readonly extraDelayMs: number;
  readonly ending: "none" | "cut" | "half-open";
  readonly fault: string | undefined;
}

export interface FateOptions {
  readonly random: AddressedRandom;
  readonly book: AccidentBook;
  readonly device: string;
  readonly message: string;
}

/** Fates of one device's messages of one kind. */
export class ExchangeFates {
  readonly #accidents: Accidents;
  readonly #requestDelay: Decisions;
  readonly #replyDelay: Decisions;

  constructor(options: FateOptions) {
    const { random, device, message } = options;
    const faults = message === "socket" ? socketFaults : exchangeFaults;
    this.#accidents = new Accidents(options, faults);
    this.#requestDelay = random.decisions(routeOf(device), `${message} request delay`);
    this.#replyDelay = random.decisions(routeOf(device), `${message} reply delay`);
  }

  /** How the next exchange goes if nothing befalls it. */
  nextPlain(weather: Weather): ExchangeFate {
    return {
      requestDelayMs: this.#requestDelay.nextBetween(weather.latencyMinMs, weather.latencyMaxMs),
      replyDelayMs: this.#replyDelay.nextBetween(weather.latencyMinMs, weather.latencyMaxMs),
      isRequestLost: false,
      isReplyLost: false,
      duplicateAfterMs: undefined,
      impostor: undefined,
      fault: undefined,
    };
  }

  /** What befalls the next exchange. */
  nextAccident(weather: Weather): Accident | undefined {
    return this.#accidents.next(weather);
  }
}

/** Fates of the frames of one device's live sockets. */
export class FrameFates {
  readonly #accidents: Accidents;
  readonly #toDevice: Decisions;
  readonly #toServer: Decisions;
  readonly #ping: Decisions;

  constructor(options: FateOptions) {
    const route = routeOf(options.device);
    this.#accidents = new Accidents(options, frameFaults);
    this.#toDevice = options.random.decisions(route, "frame to device");
    this.#toServer = options.random.decisions(route, "frame to server");
    this.#ping = options.random.decisions(route, "ping");
  }

  /** What befalls the next frame to the device. */
  nextAccident(weather: Weather): Accident | undefined {
    return this.#accidents.next(weather);
  }

  /** How long a copy of the last frame that was asked about is under way. */
  latencyMs(weather: Weather, copy: number): number {
    const number = 2 * this.#accidents.asked + copy;
    return this.#toDevice.between(number, weather.latencyMinMs, weather.latencyMaxMs);
  }

  nextLatencyToServerMs(weather: Weather): number {
    return this.#toServer.nextBetween(weather.latencyMinMs, weather.latencyMaxMs);
  }

  /** There and back. */
  nextPingMs(weather: Weather): number {
    return 2 * this.#ping.nextBetween(weather.latencyMinMs, weather.latencyMaxMs);
  }
}

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
  readonly kind: AccidentKind & keyof Weather;
  /** Its name in histories. */
  readonly told: string;
  readonly extent?: (draw: number, weather: Weather) => Extent;
  readonly befall: (plain: Fate, extent: Extent) => Fate;
}

/** The accidents of one address. One draw decides the kind, another how far it goes, so that odds of one kind do not
 *  move the fates of another message. */
class Accidents {
  readonly #faults: readonly Pick<Fault<never>, "kind" | "extent">[];
  readonly #kind: Decisions;
  readonly #extent: Decisions;
  readonly #book: AccidentBook;
  readonly #pinned: PinnedAccidents | undefined;
  readonly #who: string;
  readonly #what: string;

  constructor(
    { random, book, device, message }: FateOptions,
    faults: readonly Pick<Fault<never>, "kind" | "extent">[],
  ) {
    this.#faults = faults;
    this.#kind = random.decisions(routeOf(device), `${message} fate`);
    this.#extent = random.decisions(routeOf(device), `${message} extent`);
    this.#book = book;
    this.#pinned = book.pinnedAt(device, message);
    this.#who = device;
    this.#what = message;
  }

  get asked(): number {
    return this.#kind.occurrences;
  }

  /** The kinds lie end to end on a line of a million; the draw is a point on it, and mostly hits none. */
  next(weather: Weather): Accident | undefined {
    const draw = this.#kind.next();
    const extentDraw = this.#extent.next();
    if (this.#pinned !== undefined)
      return this.#book.isCalm ? undefined : this.#pinned.get(this.#kind.occurrences);
    let rest = draw % 1_000_000;
    for (const { kind, extent } of this.#faults) {
      const width = weather[kind];
      if (rest < width) {
        const address = { who: this.#who, what: this.#what, nth: this.#kind.occurrences };
        return { ...address, kind, ...extent?.(extentDraw, weather) };
      }
      rest -= width;
    }
    return undefined;
  }
}

function faultOf<Fate>(faults: readonly Fault<Fate>[], { kind, what }: Accident): Fault<Fate> {
  const fault = faults.find((one) => one.kind === kind);
  if (fault === undefined) throw new RangeError(`no "${kind}" befalls a ${what}`);
  return fault;
}

const routeOf = (device: string): string => `${device}→server`;

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
