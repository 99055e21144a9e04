// The fate of one message: undisturbed, or befallen by one accident. Accidents are drawn from the weather, or pinned by
// the scenario; either way they are values, and the same value makes the same fate.
//
// Every decision is drawn whether it is needed or not, and the times of frames by their number, so that taking one
// accident away moves no other message.
import type { ExchangeFate } from "../../actors/exchange-fate.ts";
import { accidentLineEnd, drawAccident, pointOf } from "../../actors/network-accidents.ts";
import type { Accident } from "../../scenarios/format/types.ts";
import type { AccidentBook, PinnedAccidents } from "../kernel/accident-book.ts";
import type { AddressedRandom, Decisions } from "../kernel/addressed-random.ts";
import type { Weather } from "./weather.ts";

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
    this.#accidents = new Accidents(options);
    const route = routeOf(device);
    this.#requestDelay = random.decisions(route, `${message} request delay`);
    this.#replyDelay = random.decisions(route, `${message} reply delay`);
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
    this.#accidents = new Accidents(options);
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

/** The accidents of one address. One draw decides the kind, another how far it goes, so that odds of one kind do not
 *  move the fates of another message. */
class Accidents {
  readonly #kind: Decisions;
  readonly #extent: Decisions;
  readonly #book: AccidentBook;
  readonly #pinned: PinnedAccidents | undefined;
  readonly #who: string;
  readonly #what: string;
  /** The weather that was last asked about, and where its accidents end. */
  #weather: Weather | undefined;
  #lineEnd = 0;

  constructor({ random, book, device, message }: FateOptions) {
    const route = routeOf(device);
    this.#kind = random.decisions(route, `${message} fate`);
    this.#extent = random.decisions(route, `${message} extent`);
    this.#book = book;
    this.#pinned = book.pinnedAt(device, message);
    this.#who = device;
    this.#what = message;
  }

  get asked(): number {
    return this.#kind.occurrences;
  }

  next(weather: Weather): Accident | undefined {
    const kind = this.#kind.next();
    const extent = this.#extent.next();
    if (this.#pinned !== undefined)
      return this.#book.isCalm ? undefined : this.#pinned.get(this.#kind.occurrences);
    // Most draws hit nothing, and that is told without a look at each kind.
    if (weather !== this.#weather) {
      this.#weather = weather;
      this.#lineEnd = accidentLineEnd(this.#what, weather);
    }
    if (pointOf({ kind }) >= this.#lineEnd) return undefined;
    const drawn = drawAccident(this.#what, weather, { kind, extent });
    if (drawn === undefined) return undefined;
    return { who: this.#who, what: this.#what, nth: this.#kind.occurrences, ...drawn };
  }
}

const routeOf = (device: string): string => `${device}→server`;
