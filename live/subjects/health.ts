// Whether a server is up, as its health path tells, and if not, what is seen in its place: what somebody has to know who
// gave the wrong address or path.

export interface Health {
  readonly isUp: boolean;
  /** The answer's; absent where none came. */
  readonly status?: number;
  /** What was seen, as the end of a sentence. */
  readonly text: string;
}

/** One look at an address that answers with a success when its server is up. */
export async function lookAtHealth(
  url: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<Health> {
  try {
    const response = await fetch(url, {
      redirect: "manual",
      signal: AbortSignal.any([AbortSignal.timeout(healthTimeoutMs), signal]),
    });
    await response.body?.cancel();
    const { status } = response;
    const type = response.headers.get("content-type");
    const location = response.headers.get("location");
    const text = `GET ${url} answers ${status}${type === null ? "" : ` (${type})`}${location === null ? "" : ` and sends to ${location}`}`;
    return { isUp: status < 500, status, text };
  } catch (error) {
    return { isUp: false, text: unansweredText(url, error as Error) };
  }
}

/** Why no answer came, for somebody who has to find out.  Source: the codes of Node's sockets and of its HTTP parser. */
export function unansweredText(url: string, error: Error): string {
  const cause = error.cause instanceof Error ? error.cause : error;
  const code = "code" in cause ? String(cause.code) : "";
  if (error.name === "TimeoutError" || cause.name === "TimeoutError")
    return `GET ${url} was taken and not answered`;
  if (code === "ECONNREFUSED") return `nobody listens at ${new URL(url).host}`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `there is no host ${new URL(url).hostname}`;
  if (code === "UND_ERR_SOCKET" || code === "ECONNRESET" || code.startsWith("HPE_")) {
    return `what listens at ${new URL(url).host} speaks no HTTP, or TLS only (${cause.message})`;
  }
  return `GET ${url}: ${cause.message}`;
}

/** A server that takes longer to say that it is well is not.  Units: milliseconds. */
const healthTimeoutMs = 3_000;
