// The wire between clients and a server under test, and what a scenario does to it. It stands between any client and any
// server that speak HTTP and WebSocket: a reference device, a stranger's program in another process, curl. The rules are
// those of the simulated network (sim/network/network.ts), and a fault means the same as there.
//
// A device is told apart by the address it was given, a message by what the protocol calls it. What no fault strikes
// passes as it came: header lines in their order and case, bodies as bytes and as they come, pings, pongs, closes.
// Leaves out: HTTP/2, `https:` on either side, and informational replies other than 100.
import { type ExchangeFate, ruledFate } from "../../../actors/exchange-fate.ts";
import { befallExchange, befallFrame, type FrameFate } from "../../../actors/network-accidents.ts";
import { faultsAtOnce, FaultRules } from "../../../scenarios/format/fault-rules.ts";
import type { Accident, NetworkAction } from "../../../scenarios/format/types.ts";
import { Life } from "../life.ts";
import { DeviceLine } from "./device-line.ts";
import { undisturbed } from "./exchange.ts";
import type { AccidentSource } from "./seeded-accidents.ts";
import { Sockets } from "./sockets.ts";
import type { Tunnel } from "./tunnel.ts";
import { Ways } from "./ways.ts";
import type { WireTap } from "./wire-tap.ts";

export interface FaultProxyOptions {
  /** The protocol's name of an exchange ("push"), by which rules are addressed. `path` with its query. */
  readonly messageOf: (request: { readonly method: string; readonly path: string }) => string;
  /** Where the server of a device listens at this moment, as an `http:` URL; `undefined` when nobody does. A path in it
   *  goes before the paths of requests. */
  readonly targetOf: (device: string) => string | undefined;
  /** What chance does until the calm, where no rule strikes. Default: nothing. */
  readonly accidents?: AccidentSource;
  readonly onFault: (fault: {
    readonly kind: string;
    readonly device: string;
    readonly text: string;
  }) => void;
  /** Looks on. Default: nobody. */
  readonly tap?: WireTap;
}

/** An address of the proxy. */
export interface Line {
  /** Stands for the server's address: what a client of this device is to be told. */
  readonly url: string;
  /** Breaks every connection of the client, as the end of its process would. What it had sent still arrives. */
  close(): Promise<void>;
}

/** What is open, for whoever looks for leaks. */
export interface ProxyCounts {
  readonly lines: number;
  /** Connections of clients, and those to servers. */
  readonly clients: number;
  readonly servers: number;
  /** Exchanges whose client still waits. */
  readonly exchanges: number;
  readonly liveSockets: number;
  /** Messages that wait for a partition to heal. */
  readonly held: number;
}

export class FaultProxy {
  readonly rules = new FaultRules();
  readonly #options: FaultProxyOptions;
  readonly #run = new Life();
  readonly #ways = new Ways({ rules: this.rules, run: this.#run });
  readonly #lines = new Set<DeviceLine>();
  readonly #servers = new Sockets();
  /** Messages so far, by device and kind. */
  readonly #counts = new Map<string, number>();
  #isCalm = false;
  #closing: Promise<void> | undefined;

  constructor(options: FaultProxyOptions) {
    this.#options = options;
  }

  /** Another address for a device. One is enough for a client in a process of its own; a client whose end is only played
   *  takes a new one for each of its lives.
   *  Errors: the operating system's when there is no free port; RangeError for a server that is not at an `http:` URL. */
  async openLine(device: string): Promise<Line> {
    const target = this.#options.targetOf(device);
    if (target !== undefined && URL.parse(target)?.protocol !== "http:") {
      throw new RangeError(
        `expected the server of ${device} at an address that begins with http:, saw ${target}`,
      );
    }
    const line = await DeviceLine.open({
      device,
      rules: this.rules,
      ways: this.#ways,
      run: this.#run,
      servers: this.#servers,
      target: () => this.#targetOf(device),
      fateOf: (request) => this.#fateOf(device, this.#options.messageOf(request)),
      accidentToFrame: () => this.#accidentToFrame(device),
      tap: this.#options.tap,
      onFault: (kind) => this.#options.onFault({ kind, device, text: `${kind} on the way to ${device}` }),
    });
    this.#lines.add(line);
    const close = async (): Promise<void> => {
      await line.close();
      this.#lines.delete(line);
    };
    if (this.#run.isOver) await close();
    return { url: line.url, close };
  }

  /** Applies a scenario's line to what is there now; rules for messages to come go to the rule book. */
  apply(action: NetworkAction): void {
    this.rules.add(action);
    const kind = faultsAtOnce[action.verb];
    if (kind !== undefined && "device" in action) {
      this.#options.onFault({ kind, device: action.device, text: `${kind}: ${action.device}` });
    }
    switch (action.verb) {
      case "partition":
        this.#ways.notePartition(action.device);
        break;
      case "heal":
        this.#ways.release(action.device);
        break;
      case "cut-socket":
        for (const tunnel of this.#tunnelsOf(action.device)) tunnel.cut();
        break;
      case "half-open":
        for (const tunnel of this.#tunnelsOf(action.device)) tunnel.halfOpen();
        break;
      case "release-frames":
        for (const tunnel of this.#tunnelsOf(action.device)) tunnel.releaseFrames();
        break;
      default:
    }
  }

  /** Ends all faults. */
  calm(): void {
    this.#isCalm = true;
    this.rules.clear();
    this.#ways.releaseAll();
    for (const line of this.#lines) for (const tunnel of line.tunnels) tunnel.calm();
  }

  get counts(): ProxyCounts {
    const lines = [...this.#lines];
    const sum = (numberOf: (line: DeviceLine) => number): number =>
      lines.reduce((total, line) => total + numberOf(line), 0);
    return {
      lines: lines.length,
      clients: sum(({ counts }) => counts.clients),
      servers: this.#servers.size,
      exchanges: sum(({ counts }) => counts.exchanges),
      liveSockets: sum(({ tunnels }) => tunnels.length),
      held: this.#ways.heldCount,
    };
  }

  /** Nothing that is under way arrives any more, and no socket is left. May be called twice. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#run.end();
    this.#ways.forget();
    await Promise.all([...this.#lines].map((line) => line.close()));
    this.#lines.clear();
    await this.#servers.destroyAll();
  }

  #targetOf(device: string): URL | undefined {
    const target = this.#options.targetOf(device);
    return target === undefined ? undefined : (URL.parse(target) ?? undefined);
  }

  /** What a scenario's line says goes before what chance says. */
  #fateOf(device: string, message: string): ExchangeFate | undefined {
    const accident = this.#accidentTo(device, message);
    const rule = this.rules.forExchange(device, message);
    let fate: ExchangeFate | undefined;
    if (rule !== undefined) fate = ruledFate(undisturbed, rule);
    else if (accident !== undefined) fate = befallExchange(undisturbed, accident);
    if (fate?.fault !== undefined) {
      this.#options.onFault({ kind: fate.fault, device, text: `${fate.fault}: ${device}'s ${message}` });
    }
    return fate;
  }

  #accidentToFrame(device: string): FrameFate | undefined {
    const accident = this.#accidentTo(device, "frame");
    return accident === undefined ? undefined : befallFrame(accident);
  }

  /** Counts the message, in the calm too. */
  #accidentTo(who: string, what: string): Accident | undefined {
    const { accidents } = this.#options;
    if (accidents === undefined) return undefined;
    const address = `${who} ${what}`;
    const nth = (this.#counts.get(address) ?? 0) + 1;
    this.#counts.set(address, nth);
    return this.#isCalm ? undefined : accidents({ who, what, nth });
  }

  #tunnelsOf(device: string): readonly Tunnel[] {
    return [...this.#lines].filter((line) => line.device === device).flatMap(({ tunnels }) => tunnels);
  }
}
