// The network of a live run, seen from its devices: real messages to a real server, and the faults that a scenario asks
// for in between, with the meanings of the simulated network (sim/network/network.ts). It stands on the devices' side
// of the wire, so "the reply is lost" means that the server has answered and the device does not hear it.
import { type ExchangeFate, ruledFate } from "../../actors/exchange-fate.ts";
import { impostorReply } from "../../actors/impostor.ts";
import { faultsAtOnce, FaultRules } from "../../scenarios/format/fault-rules.ts";
import type { NetworkAction } from "../../scenarios/format/types.ts";
import { Connection } from "./connection.ts";
import { Life } from "./life.ts";
import type {
  Carrier,
  DeviceSocket,
  Outgoing,
  OutgoingUpgrade,
  Reply,
  SocketHandlers,
  WireErrors,
} from "./wire.ts";

export interface NetworkOptions {
  readonly carrier: Carrier;
  readonly errors: WireErrors;
  /** The protocol's name of an exchange ("push"), by which rules are addressed. */
  readonly messageOf: (request: { readonly method: string; readonly path: string }) => string;
  /** Where the server that a device means really listens; `undefined` when nobody does. */
  readonly resolve: (device: string, server: string) => string | undefined;
  readonly onFault: (fault: {
    readonly kind: string;
    readonly device: string;
    readonly text: string;
  }) => void;
  /** How long a device waits for an answer. */
  readonly patienceMs: number;
}

/** One device in one of its lives. */
export interface Caller {
  readonly device: string;
  readonly life: Life;
}

const undisturbed: ExchangeFate = {
  requestDelayMs: 0,
  replyDelayMs: 0,
  isRequestLost: false,
  isReplyLost: false,
  duplicateAfterMs: undefined,
  impostor: undefined,
  fault: undefined,
};

type Direction = "to-server" | "to-device";

export class Network {
  readonly rules = new FaultRules();
  readonly #options: NetworkOptions;
  /** Messages under way outlive their senders, but not the run. */
  readonly #run = new Life();
  readonly #connections = new Set<Connection>();
  readonly #held = new Map<string, (() => void)[]>();
  readonly #waiting = new Map<symbol, { readonly text: string; readonly since: number }>();

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** A device's way to the server. */
  carrierOf(caller: Caller): Carrier {
    return {
      exchange: (request) => this.#exchange(caller, request),
      openSocket: (request, handlers) => this.#openSocket(caller, request, handlers),
    };
  }

  /** Applies a scenario's line to what is there now; rules for messages to come go to the rule book. */
  apply(action: NetworkAction): void {
    this.rules.add(action);
    const kind = faultsAtOnce[action.verb];
    if (kind !== undefined && "device" in action) {
      this.#options.onFault({ kind, device: action.device, text: `${kind}: ${action.device}` });
    }
    switch (action.verb) {
      case "heal":
        this.#release(action.device);
        break;
      case "cut-socket":
        for (const connection of this.#connectionsOf(action.device)) connection.cut();
        break;
      case "half-open":
        for (const connection of this.#connectionsOf(action.device)) connection.halfOpen();
        break;
      case "release-frames":
        for (const connection of this.#connectionsOf(action.device)) connection.releaseFrames();
        break;
      default:
    }
  }

  /** Ends all faults. */
  calm(): void {
    this.rules.clear();
    for (const device of [...this.#held.keys()]) this.#release(device);
    for (const connection of [...this.#connections]) connection.calm();
  }

  /** The run is over: nothing that is under way arrives any more. */
  close(): void {
    this.#run.end();
    for (const connection of [...this.#connections]) connection.cut();
  }

  /** Who waits for an answer, and for how long; for a run that does not end. */
  waiting(): readonly string[] {
    const now = performance.now();
    return [...this.#waiting.values()].map(
      ({ text, since }) => `${text} (${Math.round(now - since)} ms without an answer)`,
    );
  }

  #exchange(caller: Caller, request: Outgoing): Promise<Reply> {
    const message = this.#options.messageOf(request);
    const fate = this.#fateOf(caller.device, message);
    return this.#await(caller, message, (answer, fail) => {
      const { impostor } = fate;
      if (impostor !== undefined && !impostor.withEffect) {
        this.#run.after(fate.requestDelayMs + fate.replyDelayMs, () => answer(impostorReply(impostor)));
        return;
      }
      const send = (delayMs: number, isHeard: boolean): void =>
        this.#travel(caller.device, "to-server", delayMs, () => {
          void this.#carry(caller.device, request).then(
            (reply) => {
              if (!isHeard || fate.isReplyLost) return;
              this.#travel(caller.device, "to-device", fate.replyDelayMs, () =>
                answer(impostor === undefined ? reply : impostorReply(impostor)),
              );
            },
            (error: unknown) => {
              if (isHeard) fail(error as Error);
            },
          );
        });
      if (!fate.isRequestLost) send(fate.requestDelayMs, true);
      if (fate.duplicateAfterMs !== undefined) send(fate.requestDelayMs + fate.duplicateAfterMs, false);
    });
  }

  async #openSocket(
    caller: Caller,
    request: OutgoingUpgrade,
    handlers: SocketHandlers,
  ): Promise<DeviceSocket> {
    const { device, life } = caller;
    const fate = this.#fateOf(device, "socket");
    const connection = new Connection({
      device,
      life,
      handlers,
      rules: this.rules,
      holdUntilHeal: (deliver) => this.#hold(device, deliver),
      onFault: (kind) => this.#options.onFault({ kind, device, text: `${kind} on the way to ${device}` }),
      onEnd: () => this.#connections.delete(connection),
    });
    return this.#await<DeviceSocket>(caller, "socket", (answer, fail) => {
      // An upgrade that fails on the way is no socket, whatever the server thinks of it.
      if (fate.isRequestLost || fate.isReplyLost || this.rules.partitionOf(device) !== undefined) return;
      const { impostor } = fate;
      const delayMs = fate.requestDelayMs + fate.replyDelayMs;
      this.#run.after(delayMs, () => {
        if (impostor !== undefined) {
          fail(this.#options.errors.upgradeRefused(impostorReply(impostor)));
          return;
        }
        const server = this.#options.resolve(device, request.server);
        if (server === undefined) {
          fail(this.#options.errors.noAnswer("connection refused"));
          return;
        }
        this.#connections.add(connection);
        this.#options.carrier.openSocket({ ...request, server }, connection.handlers).then(
          (socket) => {
            connection.opened(socket);
            answer(connection.deviceSide);
          },
          (error: unknown) => {
            this.#connections.delete(connection);
            fail(error as Error);
          },
        );
      });
    }).catch((error: unknown) => {
      // The device has given up; a socket that opens after all is nobody's.
      connection.deviceSide.close();
      throw error;
    });
  }

  /** A wait of one device: ends with an answer, an error, its patience, or never when its life ends before. */
  #await<T>(
    { device, life }: Caller,
    message: string,
    begin: (answer: (value: T) => void, fail: (error: Error) => void) => void,
  ): Promise<T> {
    const { patienceMs, errors } = this.#options;
    const key = Symbol(message);
    this.#waiting.set(key, { text: `${device}'s ${message}`, since: performance.now() });
    return new Promise<T>((resolve, reject) => {
      const over = (): void => {
        this.#waiting.delete(key);
        patience.cancel();
        ended.cancel();
      };
      const patience = this.#run.after(patienceMs, () => {
        over();
        reject(errors.noAnswer(`no answer within ${patienceMs} ms`));
      });
      const ended = life.onEnd(over);
      const ifWaiting =
        <V>(settle: (value: V) => void) =>
        (value: V): void => {
          if (!this.#waiting.has(key)) return;
          over();
          settle(value);
        };
      begin(ifWaiting(resolve), ifWaiting(reject));
    });
  }

  #carry(device: string, request: Outgoing): Promise<Reply> {
    const server = this.#options.resolve(device, request.server);
    if (server === undefined) return Promise.reject(this.#options.errors.noAnswer("connection refused"));
    return this.#options.carrier.exchange({ ...request, server });
  }

  #fateOf(device: string, message: string): ExchangeFate {
    const rule = this.rules.forExchange(device, message);
    const fate = rule === undefined ? undisturbed : ruledFate(undisturbed, rule);
    if (fate.fault !== undefined) {
      this.#options.onFault({ kind: fate.fault, device, text: `${fate.fault}: ${device}'s ${message}` });
    }
    return fate;
  }

  /** Carries a message for a while, past the partitions at both ends of the way. */
  #travel(device: string, direction: Direction, delayMs: number, deliver: () => void): void {
    const arrive = (): void => {
      switch (this.#verdict(device, direction)) {
        case "pass":
          deliver();
          break;
        case "hold":
          this.#hold(device, arrive);
          break;
        case "drop":
      }
    };
    if (this.#verdict(device, direction) === "drop") return;
    if (delayMs === 0) arrive();
    else this.#run.after(delayMs, arrive);
  }

  #verdict(device: string, direction: Direction): "pass" | "hold" | "drop" {
    const partition = this.rules.partitionOf(device);
    if (partition === undefined) return "pass";
    return partition.direction === "both" || partition.direction === direction ? partition.inFlight : "pass";
  }

  #hold(device: string, deliver: () => void): void {
    const held = this.#held.get(device);
    if (held === undefined) this.#held.set(device, [deliver]);
    else held.push(deliver);
  }

  /** What a partition held comes in a burst, in the order in which it was held. */
  #release(device: string): void {
    const held = this.#held.get(device) ?? [];
    this.#held.delete(device);
    for (const deliver of held) deliver();
  }

  #connectionsOf(device: string): readonly Connection[] {
    return [...this.#connections].filter((connection) => connection.device === device);
  }
}
