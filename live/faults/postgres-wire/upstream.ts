// Where the database is, and how its URL reads when a proxy stands before it.

export interface Upstream {
  readonly host: string;
  readonly port: number;
  /** The same URL with another address, for whoever is to go through the proxy. */
  urlAt(host: string, port: number): string;
}

/** The database cannot be reached through the proxy; the message says what was seen and what would do. */
export class UpstreamUnsupported extends Error {
  override readonly name = "UpstreamUnsupported";
  readonly code = "upstream_unsupported";
}

/** Errors: `UpstreamUnsupported`. */
export function upstreamOf(url: string): Upstream {
  const parsed = URL.parse(url);
  if (parsed === null || !/^postgres(?:ql)?:$/u.test(parsed.protocol)) {
    throw new UpstreamUnsupported(
      "The URL of the database is none. Expected postgresql://user:password@host:port/database.",
    );
  }
  const host = parsed.searchParams.get("host") ?? parsed.hostname.replace(/^\[(.*)\]$/u, "$1");
  const port = Number(parsed.searchParams.get("port") ?? (parsed.port === "" ? 5_432 : parsed.port));
  if (host.startsWith("/") || host === "") {
    throw new UpstreamUnsupported(
      `The URL of the database leads to ${host === "" ? "no host" : `the socket ${host}`}; the proxy reaches databases ` +
        "over TCP only. Give a host and a port.",
    );
  }
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new UpstreamUnsupported(
      `The URL of the database names the port ${port}, expected 1 to 65535 and one host only.`,
    );
  }
  refuseEncryption(parsed);
  return { host, port, urlAt: (host, port) => urlAt(parsed, host, port) };
}

// With TLS on one side only, a backend offers SCRAM with channel binding, which a frontend without TLS takes for an attack;
// so the proxy would have to log in by itself.
function refuseEncryption({ searchParams }: URL): void {
  const demand = ["sslmode", "ssl", "sslnegotiation", "channel_binding"]
    .map((name) => [name, searchParams.get(name)] as const)
    .find(([, value]) => value !== null && !/^(?:disable|allow|prefer|false|0|postgres)$/u.test(value));
  if (demand === undefined) return;
  throw new UpstreamUnsupported(
    `The URL of the database demands encryption (${demand.join("=")}), and the proxy reads what passes. ` +
      "Let this database take connections in the clear from here (hostnossl in pg_hba.conf) and give sslmode=disable.",
  );
}

function urlAt(url: URL, host: string, port: number): string {
  const copy = new URL(url);
  copy.searchParams.delete("host");
  copy.searchParams.delete("port");
  copy.searchParams.delete("ssl");
  // "prefer" is read as a demand by some drivers.
  if (copy.searchParams.has("sslmode")) copy.searchParams.set("sslmode", "disable");
  copy.hostname = host.includes(":") ? `[${host}]` : host;
  copy.port = String(port);
  return copy.href;
}
