// Counts what passes between devices and servers, and how long pushes take. It listens to what Node tells of every HTTP
// request of this process that goes out to a server, which is below the faults: what a fault delays, swallows or answers
// itself is not the server's slowness.
// Source: Node, "Diagnostics Channel", built-in channels of `http`.
import { type Channel, channel } from "node:diagnostics_channel";
import type { ClientRequest, IncomingMessage } from "node:http";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Percentiles } from "../../invariants/soak-result.ts";
import { LatencySketch } from "./latency-sketch.ts";

/** What passed since the reading before. */
export interface TrafficReading {
  readonly pushesPerSecond: number;
  readonly exchangesPerSecond: number;
  readonly pushLatencyMs?: Percentiles;
  readonly loopDelayP99Ms: number;
}

type MessageOf = (request: { readonly method: string; readonly path: string }) => string;

export class TrafficMeter {
  readonly #messageOf: MessageOf;
  readonly #all = new LatencySketch();
  readonly #recent = new LatencySketch();
  readonly #loop = monitorEventLoopDelay({ resolution: loopResolutionMs });
  readonly #sentAt = new WeakMap<ClientRequest, number>();
  #exchanges = 0;
  #readAt = performance.now();

  constructor(messageOf: MessageOf) {
    this.#messageOf = messageOf;
    this.#loop.enable();
    requestSent.subscribe(this.#sent);
    replyBegun.subscribe(this.#answered);
  }

  /** Pushes that a server took. */
  get pushes(): number {
    return this.#all.count;
  }

  get pushLatencyMs(): Percentiles | undefined {
    return this.#all.percentiles();
  }

  /** Reads, and begins anew. */
  read(): TrafficReading {
    const now = performance.now();
    const seconds = Math.max(0.001, (now - this.#readAt) / 1_000);
    const pushLatencyMs = this.#recent.percentiles();
    const reading = {
      pushesPerSecond: this.#recent.count / seconds,
      exchangesPerSecond: this.#exchanges / seconds,
      ...(pushLatencyMs === undefined ? {} : { pushLatencyMs }),
      loopDelayP99Ms: Math.max(0, this.#loop.percentile(99) / 1e6 - loopResolutionMs),
    };
    this.#readAt = now;
    this.#exchanges = 0;
    this.#recent.clear();
    this.#loop.reset();
    return reading;
  }

  stop(): void {
    this.#loop.disable();
    requestSent.unsubscribe(this.#sent);
    replyBegun.unsubscribe(this.#answered);
  }

  readonly #sent = (event: unknown): void => {
    this.#sentAt.set((event as { readonly request: ClientRequest }).request, performance.now());
  };

  readonly #answered = (event: unknown): void => {
    const { request, response } = event as { request: ClientRequest; response: IncomingMessage };
    this.#exchanges++;
    const sentAt = this.#sentAt.get(request);
    if (sentAt === undefined || response.statusCode !== 200 || this.#messageOf(request) !== "push") return;
    const latencyMs = performance.now() - sentAt;
    this.#all.add(latencyMs);
    this.#recent.add(latencyMs);
  };
}

const requestSent: Channel = channel("http.client.request.start");
const replyBegun: Channel = channel("http.client.response.finish");

/** How often the loop is looked at; a loop that is never late shows this delay. */
const loopResolutionMs = 10;
