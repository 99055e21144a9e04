// HTTP by outcomes, not packets. An exchange can lose its request, or its reply after the effect; it can arrive twice,
// late, or long after its sender gave up; somebody else can answer it. Messages of different exchanges overtake each
// other freely, because each takes its own time.
//
// An exchange, step by step:
//   1. The device calls. Its fate is a scenario's rule if one matches, else drawn from the weather.
//   2. The request travels, unless lost or partitioned away, and becomes a task of the server's process.
//   3. The server's answer travels back, unless lost or partitioned away, or replaced by somebody else's.
//   4. The device resumes with the answer, or with `noAnswer` when its patience ends or the server crashed.
import { type ExchangeFate, ruledFate } from "../../actors/exchange-fate.ts";
import { impostorReply } from "../../actors/impostor.ts";
import { befallExchange } from "../../actors/network-accidents.ts";
import type { HttpRequest, HttpResponse } from "../../protocol/http.ts";
import { type FaultRules, faultsAtOnce } from "../../scenarios/format/fault-rules.ts";
import type { NetworkAction } from "../../scenarios/format/types.ts";
import type { AccidentBook } from "../kernel/accident-book.ts";
import type { AddressedRandom } from "../kernel/addressed-random.ts";
import type { SimProcess } from "../kernel/process.ts";
import { Connection, type SocketHandlers, type SocketSession } from "./connection.ts";
import { Partitions, type Direction } from "./partitions.ts";
import { ExchangeFates, FrameFates } from "./fates.ts";
import { fineWeather, type Weather } from "./weather.ts";

/** A server process as the network sees it. */
export interface Endpoint {
  readonly process: SimProcess;
  handle(request: HttpRequest): Promise<HttpResponse>;
  openSocket(
    request: HttpRequest,
    accept: () => ServerSocket,
  ): Promise<{ readonly opened: SocketSession } | { readonly refused: HttpResponse }>;
}

export interface ServerSocket {
  send(frame: unknown): void;
  pendingFrames(): number;
  ping(): void;
  close(code: number, reason: string): void;
}

/** A reply as a device reads it. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: { readonly json: unknown } | { readonly text: string };
}

/** One device's way to the server. */
export interface Caller {
  readonly device: string;
  readonly process: SimProcess;
  /** The errors of the device's port. */
  readonly noAnswer: (reason: string) => Error;
  readonly upgradeRefused: (reply: Reply) => Error;
}

export interface NetworkOptions {
  readonly random: AddressedRandom;
  readonly book: AccidentBook;
  readonly rules: FaultRules;
  /** The protocol's name of an exchange ("push"), by which rules and fates are addressed. */
  readonly messageOf: (request: { readonly method: string; readonly path: string }) => string;
  /** The endpoint that serves a device; it may be down. */
  readonly endpointOf: (device: string) => Endpoint;
  readonly onFault: (fault: {
    readonly kind: string;
    readonly device: string;
    readonly text: string;
  }) => void;
  /** How long a device waits for an answer. Units: virtual milliseconds. */
  readonly patienceMs: number;
}

interface OpenExchange {
  readonly endpoint: Endpoint;
  readonly epoch: number;
  readonly breakOff: () => void;
}

export class Network {
  weather: Weather = fineWeather;
  readonly partitions = new Partitions();
  readonly #options: NetworkOptions;
  readonly #exchangeFates = new Map<string, Map<string, ExchangeFates>>();
  readonly #frameFates = new Map<string, FrameFates>();
  readonly #open = new Set<OpenExchange>();
  readonly #connections = new Set<Connection>();

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** One exchange. Rejects with the caller's `noAnswer`. */
  exchange(caller: Caller, request: HttpRequest): Promise<Reply> {
    const message = this.#options.messageOf(request);
    const fate = this.#fateOf(caller.device, message);
    const wait = caller.process.wait<Reply>(message);
    const patience = caller.process.scheduleOwn(this.#options.patienceMs, "patience", () => {
      if (!wait.isOver) wait.failNow(caller.noAnswer(`no answer within ${this.#options.patienceMs} ms`));
    });
    const { kernel } = caller.process;
    const answer = (reply: Reply): void => {
      if (wait.isOver) return;
      kernel.cancel(patience);
      wait.answerNow(reply);
    };
    const breakOff = (afterMs: number, reason: string): void => {
      caller.process.scheduleOwn(afterMs, "connection broken", () => {
        if (wait.isOver) return;
        kernel.cancel(patience);
        wait.failNow(caller.noAnswer(reason));
      });
    };
    const { impostor } = fate;
    if (impostor !== undefined && !impostor.withEffect) {
      caller.process.scheduleOwn(fate.requestDelayMs + fate.replyDelayMs, message, () =>
        answer(impostorReply(impostor)),
      );
      return wait.promise;
    }
    const { breaksAt } = fate;
    if (breaksAt === "request") {
      breakOff(fate.requestDelayMs + fate.replyDelayMs, "connection reset");
      return wait.promise;
    }
    const send = (delayMs: number, isHeard: boolean): void =>
      this.#travel(caller.device, "to-server", delayMs, () => {
        this.#serve(caller.device, request, message, {
          onBroken: (reason) => {
            if (isHeard) breakOff(fate.replyDelayMs, reason);
          },
          onResponse: (response) => {
            if (!isHeard || fate.isReplyLost) return;
            this.#travel(caller.device, "to-device", fate.replyDelayMs, () => {
              if (breaksAt !== undefined) breakOff(0, "the answer broke off");
              else answer(impostor === undefined ? toReply(response) : impostorReply(impostor));
            });
          },
        });
      });
    if (!fate.isRequestLost) send(fate.requestDelayMs, true);
    if (fate.duplicateAfterMs !== undefined) send(fate.requestDelayMs + fate.duplicateAfterMs, false);
    return wait.promise;
  }

  /** Opens a live socket. Rejects with the caller's `noAnswer` or `upgradeRefused`. */
  openSocket(
    caller: Caller,
    request: HttpRequest,
    handlers: SocketHandlers,
  ): Promise<{ send(frame: unknown): void; close(): void }> {
    const message = "socket";
    const deviceEpoch = caller.process.epoch;
    const fate = this.#fateOf(caller.device, message);
    const wait = caller.process.wait<{ send(frame: unknown): void; close(): void }>(message);
    // Errors are made when they are thrown: most of these never are, and a stack trace is dear.
    const giveUp = (afterMs: number, error: () => Error): void => {
      caller.process.scheduleOwn(afterMs, message, () => {
        if (!wait.isOver) wait.failNow(error());
      });
    };
    giveUp(this.#options.patienceMs, () =>
      caller.noAnswer(`no socket within ${this.#options.patienceMs} ms`),
    );
    const { breaksAt } = fate;
    const failsOnTheWay =
      fate.isRequestLost || fate.isReplyLost || fate.impostor !== undefined || breaksAt !== undefined;
    if (fate.fault !== undefined && failsOnTheWay) {
      // An upgrade that fails on the way is no socket, whatever the server thinks of it.
      if (breaksAt !== undefined) {
        giveUp(fate.requestDelayMs + fate.replyDelayMs, () => caller.noAnswer("connection reset"));
      }
      if (fate.impostor !== undefined) {
        const reply = impostorReply(fate.impostor);
        giveUp(fate.requestDelayMs + fate.replyDelayMs, () => caller.upgradeRefused(reply));
      }
      return wait.promise;
    }
    const isCut =
      this.partitions.verdict(caller.device, "to-server") !== "pass" ||
      this.partitions.verdict(caller.device, "to-device") !== "pass";
    if (isCut) return wait.promise;
    const endpoint = this.#options.endpointOf(caller.device);
    const latencyMs = fate.requestDelayMs;
    caller.process.kernel.schedule(latencyMs, 0, caller.process.kernel.label(message), () => {
      if (!endpoint.process.isUp) {
        giveUp(latencyMs, () => caller.noAnswer("connection refused"));
        return;
      }
      const connection = new Connection({
        device: caller.device,
        deviceProcess: caller.process,
        deviceEpoch,
        serverProcess: endpoint.process,
        handlers,
        fates: this.#fatesOfFrames(caller.device),
        book: this.#options.book,
        weather: () => this.weather,
        rules: this.#options.rules,
        partitions: this.partitions,
        onFault: this.#options.onFault,
        onEnd: () => this.#connections.delete(connection),
      });
      this.#connections.add(connection);
      const exchange = this.#beginExchange(endpoint, () =>
        giveUp(latencyMs, () => caller.noAnswer("connection reset")),
      );
      endpoint.process.task("socket", async () => {
        const outcome = await endpoint.openSocket(request, () => connection.serverSide);
        this.#open.delete(exchange);
        if ("refused" in outcome) {
          connection.end();
          giveUp(latencyMs, () => caller.upgradeRefused(toReply(outcome.refused)));
          return;
        }
        connection.opened(outcome.opened, fate.replyDelayMs, () => {
          if (wait.isOver) connection.cut();
          else wait.answerNow(connection.deviceSide);
        });
      });
    });
    return wait.promise;
  }

  /** What a process that crashed leaves behind: broken exchanges, and sockets that the peer notices. */
  noteCrash(process: SimProcess): void {
    for (const exchange of [...this.#open]) {
      if (exchange.endpoint.process !== process || exchange.epoch === process.epoch) continue;
      this.#open.delete(exchange);
      exchange.breakOff();
    }
    for (const connection of [...this.#connections]) connection.noteCrash(process);
  }

  /** Applies a scenario's line to what is there now; rules for messages to come go to the rule book. */
  apply(action: NetworkAction): void {
    const kind = faultsAtOnce[action.verb];
    if (kind !== undefined && "device" in action) {
      this.#options.onFault({ kind, device: action.device, text: `${kind}: ${action.device}` });
    }
    switch (action.verb) {
      case "partition":
        this.partitions.cut(action);
        break;
      case "heal":
        this.partitions.heal(action.device);
        break;
      case "cut-socket":
        for (const connection of this.#connectionsOf(action.device)) connection.cut();
        break;
      case "half-open":
        for (const connection of this.#connectionsOf(action.device)) connection.halfOpen();
        break;
      case "release-frames":
        this.#options.rules.add(action);
        for (const connection of this.#connectionsOf(action.device)) connection.releaseFrames();
        break;
      default:
        this.#options.rules.add(action);
    }
  }

  /** Ends all faults: the calm after the trouble. Half-open sockets are noticed at last. */
  calm(): void {
    this.weather = {
      ...fineWeather,
      latencyMinMs: this.weather.latencyMinMs,
      latencyMaxMs: this.weather.latencyMaxMs,
    };
    this.#options.rules.clear();
    this.partitions.healAll();
    for (const connection of [...this.#connections]) connection.calm();
  }

  #connectionsOf(device: string): readonly Connection[] {
    return [...this.#connections].filter((connection) => connection.device === device);
  }

  #fatesOfFrames(device: string): FrameFates {
    let fates = this.#frameFates.get(device);
    if (fates === undefined) {
      const { random, book } = this.#options;
      this.#frameFates.set(device, (fates = new FrameFates({ random, book, device, message: "frame" })));
    }
    return fates;
  }

  #fatesOf(device: string, message: string): ExchangeFates {
    let byMessage = this.#exchangeFates.get(device);
    if (byMessage === undefined) this.#exchangeFates.set(device, (byMessage = new Map()));
    let fates = byMessage.get(message);
    if (fates === undefined) {
      const { random, book } = this.#options;
      byMessage.set(message, (fates = new ExchangeFates({ random, book, device, message })));
    }
    return fates;
  }

  /** What a scenario's line says goes before what chance says. */
  #fateOf(device: string, message: string): ExchangeFate {
    const { book, rules, onFault } = this.#options;
    const fates = this.#fatesOf(device, message);
    const plain = fates.nextPlain(this.weather);
    const accident = fates.nextAccident(this.weather);
    const rule = rules.forExchange(device, message);
    let fate = plain;
    if (rule !== undefined) fate = ruledFate(plain, rule);
    else if (accident !== undefined) {
      fate = befallExchange(plain, accident);
      book.strike(accident);
    }
    if (fate.fault !== undefined) {
      onFault({ kind: fate.fault, device, text: `${fate.fault}: ${device}'s ${message}` });
    }
    return fate;
  }

  #beginExchange(endpoint: Endpoint, breakOff: () => void): OpenExchange {
    const exchange: OpenExchange = { endpoint, epoch: endpoint.process.epoch, breakOff };
    this.#open.add(exchange);
    return exchange;
  }

  #serve(
    device: string,
    request: HttpRequest,
    message: string,
    on: {
      readonly onBroken: (reason: string) => void;
      readonly onResponse: (response: HttpResponse) => void;
    },
  ): void {
    const endpoint = this.#options.endpointOf(device);
    if (!endpoint.process.isUp) {
      on.onBroken("connection refused");
      return;
    }
    const exchange = this.#beginExchange(endpoint, () => on.onBroken("connection reset"));
    endpoint.process.task(message, async () => {
      const response = await endpoint.handle(request);
      this.#open.delete(exchange);
      on.onResponse(response);
    });
  }

  /** Carries a message for a while, past the partitions at both ends of the way. */
  #travel(device: string, direction: Direction, delayMs: number, deliver: () => void): void {
    const { kernel } = this.#options.endpointOf(device).process;
    const arrive = (): void => {
      switch (this.partitions.verdict(device, direction)) {
        case "pass":
          deliver();
          break;
        case "hold":
          this.partitions.hold(device, () => kernel.schedule(0, 0, kernel.label("burst"), arrive));
          break;
        case "drop":
          break;
      }
    };
    if (this.partitions.verdict(device, direction) === "drop") return;
    kernel.schedule(delayMs, 0, kernel.label(direction), arrive);
  }
}

const toReply = (response: HttpResponse): Reply => ({
  status: response.status,
  headers: response.headers,
  body: response.body === undefined ? { text: "" } : { json: response.body },
});
