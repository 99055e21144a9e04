// The network of a live run, seen from the devices that run in this process. They talk to the fault proxy over real
// connections, each in each of its lives over an address of its own, so that the end of a life looks to everybody else
// like the end of a process.
import type { NetworkAction } from "../../scenarios/format/types.ts";
import { FaultProxy, type FaultProxyOptions } from "./http-proxy/fault-proxy.ts";
import type { Life } from "./life.ts";
import type { Carrier, DeviceSocket, OutgoingUpgrade, SocketHandlers, WireErrors } from "./wire.ts";

export interface NetworkOptions extends FaultProxyOptions {
  /** The devices' own rim. How long it waits for an answer is a device's patience. */
  readonly carrier: Carrier;
  readonly errors: WireErrors;
  /** Where the devices believe the server to be. Any other place is out of reach. */
  readonly server: string;
}

/** One device in one of its lives. */
export interface Caller {
  readonly device: string;
  readonly life: Life;
}

export class Network {
  readonly proxy: FaultProxy;
  readonly #options: NetworkOptions;
  readonly #waiting = new Map<symbol, { readonly text: string; readonly since: number }>();

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.proxy = new FaultProxy(options);
  }

  /** A device's way to the server, for as long as it lives. After that nothing is answered. `line` is its address. */
  wayOf({ device, life }: Caller): { readonly carrier: Carrier; readonly line: () => Promise<string> } {
    const { carrier: rim, messageOf } = this.#options;
    const line = this.proxy.openLine(device);
    const end = (): void => void line.then(({ close }) => close());
    line.then(() => life.onEnd(end)).catch(() => undefined);
    const carrier: Carrier = {
      exchange: (request) =>
        this.#wait({ device, life }, messageOf(request), async () => {
          this.#mustBeOurs(request.server);
          return rim.exchange({ ...request, server: (await line).url });
        }),
      openSocket: (request, handlers) =>
        this.#wait({ device, life }, "socket", async () => {
          this.#mustBeOurs(request.server);
          return this.#openSocket({ ...request, server: (await line).url }, handlers, life);
        }),
    };
    return { carrier, line: async () => (await line).url };
  }

  apply(action: NetworkAction): void {
    this.proxy.apply(action);
  }

  /** Ends all faults. */
  calm(): void {
    this.proxy.calm();
  }

  /** The run is over: nothing that is under way arrives any more. */
  close(): Promise<void> {
    return this.proxy.close();
  }

  /** Who waits for an answer, and for how long; for a run that does not end. */
  waiting(): readonly string[] {
    const now = performance.now();
    return [...this.#waiting.values()].map(
      ({ text, since }) => `${text} (${Math.round(now - since)} ms without an answer)`,
    );
  }

  /** What a device hears of its socket: nothing after its own end, and nothing after it has hung up. */
  async #openSocket(request: OutgoingUpgrade, handlers: SocketHandlers, life: Life): Promise<DeviceSocket> {
    let hasHungUp = false;
    const isDeaf = (): boolean => hasHungUp || life.isOver;
    const socket = await this.#options.carrier.openSocket(request, {
      onFrame: (frame) => (isDeaf() ? undefined : handlers.onFrame(frame)),
      onClose: (code) => (isDeaf() ? undefined : handlers.onClose(code)),
    });
    return {
      send: (frame) => (isDeaf() ? undefined : socket.send(frame)),
      close: () => {
        hasHungUp = true;
        socket.close();
      },
    };
  }

  #mustBeOurs(server: string): void {
    const { server: ours, errors } = this.#options;
    if (server !== ours) throw errors.noAnswer(`connection refused: nobody listens at ${server}`);
  }

  async #wait<T>({ device, life }: Caller, message: string, ask: () => Promise<T>): Promise<T> {
    const key = Symbol(message);
    this.#waiting.set(key, { text: `${device}'s ${message}`, since: performance.now() });
    const ended = life.onEnd(() => this.#waiting.delete(key));
    try {
      return await life.guard(ask());
    } finally {
      this.#waiting.delete(key);
      ended.cancel();
    }
  }
}
