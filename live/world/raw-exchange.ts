// An exchange by hand, byte for byte: `fetch` would add headers, tidy up paths and refuse what a server must refuse.
import { request as httpRequest, type IncomingMessage } from "node:http";

export interface RawExchange {
  /** Base URL of the server. */
  readonly server: string;
  readonly method: string;
  /** Path and query, sent as they stand. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed where it is JSON, else the text; `undefined` for an empty body. */
  readonly body: unknown;
}

/** No whole answer came. */
export class Unanswered extends Error {
  readonly code = "unanswered";
  override readonly name = "Unanswered";

  constructor({ server, method, path, timeoutMs }: RawExchange, cause: Error) {
    const isLate = cause.name === "AbortError" || cause.name === "TimeoutError";
    const why = isLate ? `no answer within ${timeoutMs} ms` : cause.message;
    super(`${method} ${path.split("?")[0]} of ${server}: ${why}`, { cause });
  }
}

/** One exchange on a connection of its own.  Errors: `Unanswered`. */
export async function exchangeRaw(exchange: RawExchange): Promise<RawResponse> {
  try {
    return await exchangeOnce(exchange);
  } catch (error) {
    throw new Unanswered(exchange, error as Error);
  }
}

function exchangeOnce(exchange: RawExchange): Promise<RawResponse> {
  const { hostname, port, pathname } = new URL(exchange.server);
  // A server may stand behind a path, which goes before those of requests.
  const prefix = pathname.replace(/\/+$/u, "");
  const { method, path, headers, body, timeoutMs } = exchange;
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      host: hostname.replace(/^\[(.*)\]$/u, "$1"),
      port,
      method,
      path: `${prefix}${path}`,
      agent: false,
      headers: body === undefined ? headers : { "content-length": Buffer.byteLength(body), ...headers },
      signal: AbortSignal.timeout(timeoutMs),
    });
    request.on("response", (response) => {
      readResponse(response).then(resolve, reject);
    });
    request.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, headers: flatten(response), body: undefined });
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function readResponse(response: IncomingMessage): Promise<RawResponse> {
  response.setEncoding("utf8");
  let text = "";
  for await (const chunk of response) text += chunk as string;
  return { status: response.statusCode ?? 0, headers: flatten(response), body: parse(text) };
}

function flatten({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return flat;
}

function parse(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
