// Why a PostgreSQL server cannot be used, in words that say what was seen and what to do.
import { DatabaseUnavailable } from "./provider.ts";

/** What a server says of itself and of the role that logged in. */
export interface ServerFacts {
  /** As `server_version_num`: 150018 is 15.18. */
  readonly versionNumber: number;
  readonly version: string;
  readonly role: string;
  readonly mayCreateDatabases: boolean;
}

/** Older ones are not maintained, and no lane of ours runs on them. */
const oldestMajor = 15;

const otherwise = "or use --database embedded, which needs nothing";

/** What stands against the server; `undefined` for a usable one. */
export function problemOfServer(facts: ServerFacts, place: string): string | undefined {
  const { versionNumber, version, role, mayCreateDatabases } = facts;
  if (versionNumber < oldestMajor * 10_000) {
    return (
      `PostgreSQL at ${place} is version ${version}; expected ${oldestMajor} or newer. Give the URL of a newer one, ` +
      `${otherwise}.`
    );
  }
  if (mayCreateDatabases) return undefined;
  return (
    `The user ${role} at ${place} may not create databases, and every server under test gets one of its own. ` +
    `Let it: ALTER ROLE "${role}" CREATEDB, ${otherwise}.`
  );
}

/** Host and port of a URL, which is all of it that may be shown.
 *  Errors: `DatabaseUnavailable`. */
export function placeOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || !/^postgres(?:ql)?:$/u.test(parsed.protocol)) {
    throw new DatabaseUnavailable(
      "The database URL is none. Expected postgresql://user:password@host:port/database, or no URL for the embedded " +
        "PostgreSQL.",
    );
  }
  return parsed.host === "" ? (parsed.searchParams.get("host") ?? "localhost") : parsed.host;
}

/** For what a driver threw while it connected. */
export function unavailable(place: string, error: unknown): DatabaseUnavailable {
  const { code, message } = innermost(error);
  const seen = `${message}${code === undefined || message.includes(code) ? "" : ` (${code})`}`;
  return new DatabaseUnavailable(
    `PostgreSQL at ${place} cannot be used: ${seen}. ${adviceFor(code, message)}, ${otherwise}.`,
    { cause: error },
  );
}

interface DriverError {
  readonly code: string | undefined;
  readonly message: string;
}

/** A name with several addresses gives one error for each, in an error without words of its own. */
function innermost(error: unknown): DriverError {
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors[0]);
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  return { code, message: message === undefined || message === "" ? String(error) : message };
}

function adviceFor(code: string | undefined, message: string): string {
  switch (code) {
    case "ECONNREFUSED":
    case "ECONNRESET":
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ENOENT":
      return "Start it, or correct host and port";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "No such host is known: correct it";
    case "28P01":
    case "28000":
      return "Correct user and password, or what pg_hba.conf says of them";
    case "3D000":
      return "Name a database that exists, for example /postgres; it is only connected to";
    case "53300":
      return "It has no connection to spare: raise max_connections, or end other sessions";
    case "57P03":
      return "It is starting or stopping: try again";
    default:
      if (message.includes("SSL"))
        return "Add ?sslmode=require or ?sslmode=disable to the URL, as the server wants it";
      if (message.includes("timeout")) return "Nothing answers there: correct host and port";
      if (message.includes("password")) return "The server asks for a password: put it into the URL";
      return "Correct the URL";
  }
}
