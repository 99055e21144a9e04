// A request of Node as the data that a server core reads. Nothing is judged here: what is wrong with a request, the core
// says, in its order of answers. The one thing decided here is how much of a body is read.
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { HttpBody, HttpRequest } from "../../protocol/http.ts";

/** The request without its body. */
export function requestHead(raw: IncomingMessage): HttpRequest {
  const { path, query } = splitTarget(raw.url ?? "/");
  return { method: raw.method ?? "GET", path, query, headers: joinHeaders(raw.headersDistinct) };
}

/** `overflowed` means that the client may still be sending; what has come so far is not in `body`. */
export interface ReadBody {
  readonly body: HttpBody | undefined;
  readonly overflowed: boolean;
}

/** Reads the body up to `bytesMax`. One that is longer, or says it will be, is given to the core as a size without a
 *  text; one that is no UTF-8, as a text that no parser takes for JSON.
 *  Errors: that of the connection, when it ends before the body does: then there is nobody to answer. */
export async function readBody(raw: IncomingMessage, bytesMax: number): Promise<ReadBody> {
  const announced = Number(raw.headers["content-length"] ?? 0);
  if (announced > bytesMax) return overflow(announced);
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Not `for await`: leaving that loop early destroys the stream, and with it the connection to be answered on.
  return await new Promise((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes > bytesMax) settle(() => resolve(overflow(bytes)));
    };
    const onEnd = (): void =>
      settle(() => resolve({ body: decode(Buffer.concat(chunks)), overflowed: false }));
    const onClose = (): void => settle(() => reject(new Error("the connection ended before the body did")));
    const settle = (finish: () => void): void => {
      raw.off("data", onData).off("end", onEnd).off("close", onClose).pause();
      finish();
    };
    raw.on("data", onData).on("end", onEnd).on("close", onClose);
    // An error is always followed by the close.
    raw.on("error", () => undefined);
  });
}

const overflow = (bytes: number): ReadBody => ({ body: { text: "", bytes }, overflowed: true });

function decode(bytes: Buffer): HttpBody | undefined {
  if (bytes.length === 0) return undefined;
  try {
    return { text: strictUtf8.decode(bytes), bytes: bytes.length };
  } catch {
    return { text: noJson, bytes: bytes.length };
  }
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const noJson = "not UTF-8";

function splitTarget(target: string): Pick<HttpRequest, "path" | "query"> {
  const mark = target.indexOf("?");
  if (mark === -1) return { path: target, query: {} };
  const query: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of new URLSearchParams(target.slice(mark + 1))) {
    const present = query[name];
    query[name] = present === undefined ? value : [present, value].flat();
  }
  return { path: target.slice(0, mark), query };
}

// From the distinct values: Node's own joined form silently drops a second Authorization header.
function joinHeaders(distinct: NodeJS.Dict<string[]>): HttpRequest["headers"] {
  const headers: IncomingHttpHeaders = Object.create(null);
  for (const [name, values] of Object.entries(distinct)) headers[name] = values?.join(", ");
  return headers as HttpRequest["headers"];
}
