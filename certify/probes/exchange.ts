// Sends requests as they stand, on connections that are kept: `fetch` would tidy up what a server has to refuse.
// Guarantees: an outcome for every request within its time; nothing is left open after `close`.
import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { bodyBytes, type WireRequest } from "./wire-request.ts";

export interface WireAnswer {
  readonly kind: "answer";
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** Absent where the text is no JSON. */
  readonly json?: unknown;
  readonly tookMs: number;
}

/** `silence`: nothing came within the time. `broken`: the connection ended without an answer. `cut`: we ended it. */
export type WireOutcome =
  | WireAnswer
  | { readonly kind: "silence" | "broken" | "cut"; readonly why: string; readonly tookMs: number };

export interface ExchangerOptions {
  /** Its path, if it has one, stands before that of every request. */
  readonly baseUrl: string;
  readonly timeoutMs: number;
  readonly connectionsMax: number;
  readonly signal: AbortSignal;
}

export class Exchanger {
  readonly #options: ExchangerOptions;
  readonly #agent: Agent;
  readonly #host: string;
  #requests = 0;

  constructor(options: ExchangerOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.connectionsMax });
    this.#host = new URL(options.baseUrl).host;
  }

  /** How many requests went out. */
  get requests(): number {
    return this.#requests;
  }

  /** One exchange. On a kept connection that the other side had just closed it is tried again on a new one: nothing of
   *  it had been read then.
   *  Errors: the reason of the signal, when it is aborted. */
  async exchange(wire: WireRequest): Promise<WireOutcome> {
    this.#options.signal.throwIfAborted();
    this.#requests++;
    const first = await this.#once(wire, this.#agent);
    if (first !== "stale") return first;
    const second = await this.#once(wire, false);
    return second === "stale" ? { kind: "broken", why: "the connection was reset", tookMs: 0 } : second;
  }

  close(): void {
    this.#agent.destroy();
  }

  async #once(wire: WireRequest, agent: Agent | false): Promise<WireOutcome | "stale"> {
    const { baseUrl, timeoutMs, signal } = this.#options;
    const { hostname, port, pathname } = new URL(baseUrl);
    const body = wire.body === undefined ? undefined : bodyBytes(wire.body);
    const startedAt = performance.now();
    const tookMs = (): number => Math.round(performance.now() - startedAt);
    const outcome = Promise.withResolvers<WireOutcome | "stale">();
    const request = httpRequest({
      host: hostname,
      port,
      method: wire.method,
      path: pathname.replace(/\/$/u, "") + wire.path,
      agent,
      headers: headerLines(wire, { host: this.#host, bytes: body?.length }),
      signal,
    });
    const timer = setTimeout(() => {
      outcome.resolve({ kind: "silence", why: `no answer within ${timeoutMs} ms`, tookMs: tookMs() });
      request.destroy();
    }, timeoutMs);
    request.on("response", (response) => {
      readAnswer(response, tookMs).then(outcome.resolve, (error: Error) =>
        outcome.resolve({ kind: "broken", why: `the answer broke off: ${error.message}`, tookMs: tookMs() }),
      );
    });
    request.on("upgrade", (response, socket) => {
      socket.destroy();
      outcome.resolve({ ...headOf(response), kind: "answer", text: "", tookMs: tookMs() });
    });
    request.on("error", (error: NodeJS.ErrnoException) => {
      if (signal.aborted) outcome.reject(signal.reason);
      else if (request.reusedSocket && error.code === "ECONNRESET") outcome.resolve("stale");
      else outcome.resolve({ kind: "broken", why: error.message, tookMs: tookMs() });
    });
    void send(request, wire, body).then((cut) => {
      if (cut) outcome.resolve({ kind: "cut", why: "we closed the connection", tookMs: tookMs() });
    });
    try {
      return await outcome.promise;
    } finally {
      clearTimeout(timer);
    }
  }
}

function headerLines(
  { headers, body, delivery = "whole" }: WireRequest,
  { host, bytes }: { readonly host: string; readonly bytes: number | undefined },
): string[] {
  const lines = headers.flatMap(([name, value]) => [name, value]);
  if (!headers.some(([name]) => name.toLowerCase() === "host")) lines.push("Host", host);
  if (body !== undefined && delivery === "chunked") lines.push("Transfer-Encoding", "chunked");
  else if (body !== undefined) lines.push("Content-Length", String(bytes));
  return lines;
}

/** Resolves to true where the connection was ended in the middle. */
async function send(request: ClientRequest, wire: WireRequest, body: Buffer | undefined): Promise<boolean> {
  if (body === undefined) {
    request.end();
    return false;
  }
  switch (wire.delivery ?? "whole") {
    case "whole":
      request.end(body);
      return false;
    case "chunked":
      for (const part of parts(body, 3)) request.write(part);
      request.end();
      return false;
    case "dribbled":
      for (const part of parts(body, dribbles)) {
        request.write(part);
        await sleep(dribblePauseMs);
      }
      request.end();
      return false;
    case "cut":
      request.write(body.subarray(0, body.length >> 1));
      await sleep(dribblePauseMs);
      request.destroy();
      return true;
  }
}

const dribbles = 8;
const dribblePauseMs = 30;

function parts(body: Buffer, count: number): readonly Buffer[] {
  const size = Math.max(1, Math.ceil(body.length / count));
  const found: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) found.push(body.subarray(at, at + size));
  return found;
}

async function readAnswer(response: IncomingMessage, tookMs: () => number): Promise<WireAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString("utf8");
  const answer = { ...headOf(response), kind: "answer", text, tookMs: tookMs() } as const;
  try {
    return { ...answer, json: JSON.parse(text) as unknown };
  } catch {
    return answer;
  }
}

function headOf(response: IncomingMessage): Pick<WireAnswer, "status" | "headers"> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return { status: response.statusCode ?? 0, headers };
}
