// All that may befall a message by chance: odds and ranges, and the fate of one message drawn from its address.
// Units last in each name; odds are whole numbers in a million, so that no float decides anything.
import type { ImpostorAnswer } from "../../actors/impostor.ts";
import type { AddressedRandom, Decisions } from "../kernel/addressed-random.ts";

/** Chances in a million. */
export type PerMillion = number;

/** The fault swarm of a run. All zero is fine weather: messages take their time and arrive. */
export interface Weather {
  readonly latencyMinMs: number;
  readonly latencyMaxMs: number;
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

/** Nothing goes wrong, and messages take 5 to 40 ms. */
export const fineWeather: Weather = {
  latencyMinMs: 5,
  latencyMaxMs: 40,
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

/** What becomes of one exchange. */
export interface ExchangeFate {
  readonly requestDelayMs: number;
  readonly replyDelayMs: number;
  readonly isRequestLost: boolean;
  readonly isReplyLost: boolean;
  readonly duplicateAfterMs: number | undefined;
  /** Somebody else's answer, instead of the server's or in place of its reply. */
  readonly impostor: Impostor | undefined;
  /** The fault's kind, for the history; `undefined` for an undisturbed exchange. */
  readonly fault: string | undefined;
}

export interface Impostor extends ImpostorAnswer {
  readonly withEffect: boolean;
}

/** What becomes of one frame: how often it arrives, how late, and whether the socket survives it. */
export interface FrameFate {
  readonly copies: 0 | 1 | 2;
  readonly extraDelayMs: number;
  readonly ending: "none" | "cut" | "half-open";
  readonly fault: string | undefined;
}

/** Draws fates for one sender and one kind of message. One draw decides the kind of fault, others the times, each at
 *  an address of its own, so that odds of one kind do not move the fates of another message. */
export class FateSource {
  readonly #kind: Decisions;
  readonly #requestDelay: Decisions;
  readonly #replyDelay: Decisions;
  readonly #extent: Decisions;

  constructor(random: AddressedRandom, route: string, message: string) {
    this.#kind = random.decisions(route, `${message} fate`);
    this.#requestDelay = random.decisions(route, `${message} request delay`);
    this.#replyDelay = random.decisions(route, `${message} reply delay`);
    this.#extent = random.decisions(route, `${message} extent`);
  }

  nextExchange(weather: Weather): ExchangeFate {
    const plain: ExchangeFate = {
      requestDelayMs: this.#requestDelay.nextBetween(weather.latencyMinMs, weather.latencyMaxMs),
      replyDelayMs: this.#replyDelay.nextBetween(weather.latencyMinMs, weather.latencyMaxMs),
      isRequestLost: false,
      isReplyLost: false,
      duplicateAfterMs: undefined,
      impostor: undefined,
      fault: undefined,
    };
    return pick({
      faults: exchangeFaults,
      plain,
      weather,
      draw: this.#kind.next(),
      extent: this.#extent.next(),
    });
  }

  nextFrame(weather: Weather): FrameFate {
    const draw = this.#kind.next();
    return pick({ faults: frameFaults, plain: plainFrame, weather, draw, extent: this.#extent.next() });
  }

  /** How long a frame is under way. */
  nextLatencyMs(weather: Weather): number {
    return this.#requestDelay.nextBetween(weather.latencyMinMs, weather.latencyMaxMs);
  }
}

/** One kind of fault: its odds' name, and the fate it makes of an undisturbed one. */
interface Fault<Fate> {
  readonly odds: keyof Weather;
  readonly befall: (plain: Fate, extent: number, weather: Weather) => Fate;
}

const gatewayStatus = (extent: number): number => (extent % 2 === 0 ? 502 : 503);

const exchangeFaults: readonly Fault<ExchangeFate>[] = [
  { odds: "loseRequest", befall: (plain) => ({ ...plain, isRequestLost: true, fault: "request lost" }) },
  { odds: "loseReply", befall: (plain) => ({ ...plain, isReplyLost: true, fault: "reply lost" }) },
  {
    odds: "duplicateRequest",
    befall: (plain, extent, weather) => ({
      ...plain,
      duplicateAfterMs: extent % (weather.duplicateAfterMaxMs + 1),
      fault: "request repeated",
    }),
  },
  {
    odds: "zombieRequest",
    befall: (plain, extent, weather) => ({
      ...plain,
      requestDelayMs: plain.requestDelayMs + 10_000 + (extent % (weather.zombieAfterMaxMs + 1)),
      fault: "request late",
    }),
  },
  {
    odds: "delay",
    befall: (plain, extent, weather) => ({
      ...plain,
      requestDelayMs: plain.requestDelayMs + (extent % (weather.delayMaxMs + 1)),
      fault: "request slow",
    }),
  },
  {
    odds: "refuse",
    befall: (plain, extent) => ({
      ...plain,
      impostor: { status: gatewayStatus(extent), body: "empty", withEffect: false },
      fault: "gateway error",
    }),
  },
  {
    odds: "refuseAfterEffect",
    befall: (plain, extent) => ({
      ...plain,
      impostor: { status: gatewayStatus(extent), body: "empty", withEffect: true },
      fault: "gateway error after the effect",
    }),
  },
  {
    odds: "portal",
    befall: (plain) => ({
      ...plain,
      impostor: { status: 200, body: "html", withEffect: false },
      fault: "captive portal",
    }),
  },
  {
    odds: "truncateReply",
    befall: (plain) => ({
      ...plain,
      impostor: { status: 200, body: "truncated", withEffect: true },
      fault: "reply truncated",
    }),
  },
];

const plainFrame: FrameFate = { copies: 1, extraDelayMs: 0, ending: "none", fault: undefined };

const frameFaults: readonly Fault<FrameFate>[] = [
  { odds: "loseFrame", befall: (plain) => ({ ...plain, copies: 0, fault: "frame lost" }) },
  { odds: "repeatFrame", befall: (plain) => ({ ...plain, copies: 2, fault: "frame repeated" }) },
  {
    odds: "lateFrame",
    befall: (plain, extent, weather) => ({
      ...plain,
      extraDelayMs: extent % (weather.lateFrameMaxMs + 1),
      fault: "frame late",
    }),
  },
  { odds: "cutSocket", befall: (plain) => ({ ...plain, copies: 0, ending: "cut", fault: "socket cut" }) },
  {
    odds: "halfOpenSocket",
    befall: (plain) => ({ ...plain, copies: 0, ending: "half-open", fault: "socket half-open" }),
  },
];

/** The kinds lie end to end on a line of a million; the draw is a point on it, and mostly hits none. */
function pick<Fate>(chance: {
  readonly faults: readonly Fault<Fate>[];
  readonly plain: Fate;
  readonly weather: Weather;
  readonly draw: number;
  readonly extent: number;
}): Fate {
  let rest = chance.draw % 1_000_000;
  for (const { odds, befall } of chance.faults) {
    const width = chance.weather[odds];
    if (rest < width) return befall(chance.plain, chance.extent, chance.weather);
    rest -= width;
  }
  return chance.plain;
}
