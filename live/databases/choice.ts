// Which PostgreSQL a run is to use, as one word of a command line or of the environment.

/** `embedded`: from npm, started here. `container`: an image, started on a container engine. `url`: one that runs. */
export type DatabaseChoice =
  | { readonly kind: "embedded"; readonly major?: EmbeddedMajor }
  | { readonly kind: "container"; readonly image: string }
  | { readonly kind: "url"; readonly url: string };

/** Oldest first. The last one comes with Seatrial, the others are fetched when they are asked for. */
export const embeddedMajors = [15, 16, 17, 18] as const;
export type EmbeddedMajor = (typeof embeddedMajors)[number];

export const defaultImage = "postgres:18";

const forms = `embedded, embedded:${embeddedMajors.join("|")}, container, container:IMAGE, or postgresql://user:password@host:port/database`;

/** A word that names no database; the message says which words do. */
export class NotADatabase extends Error {
  override readonly name = "NotADatabase";
  readonly code = "not_a_database";
}

/** Errors: `NotADatabase`. */
export function readDatabaseChoice(text: string): DatabaseChoice {
  if (/^postgres(?:ql)?:\/\//u.test(text)) {
    if (URL.canParse(text)) return { kind: "url", url: text };
    throw new NotADatabase(
      "This is no URL. Expected postgresql://user:password@host:port/database, with what is special in the password " +
        "percent-encoded.",
    );
  }
  const [kind, ...others] = text.split(":");
  const rest = others.join(":");
  if (kind === "container" && !text.endsWith(":")) {
    return { kind, image: rest === "" ? defaultImage : rest };
  }
  const major = embeddedMajors.find((one) => String(one) === rest);
  if (text === "embedded") return { kind: "embedded" };
  if (kind === "embedded" && major !== undefined) return { kind, major };
  // A mistyped URL may hold a password, which belongs into no log.
  const seen = text.includes("@") ? "This" : `"${text}"`;
  throw new NotADatabase(`${seen} names no database. Expected ${forms}.`);
}

/** What the environment asks for: `SEATRIAL_DATABASE`, any of the words; else `DATABASE_URL`; else the embedded one.
 *  Errors: `NotADatabase`. */
export function databaseChoiceOf(environment: Readonly<Record<string, string | undefined>>): DatabaseChoice {
  for (const name of ["SEATRIAL_DATABASE", "DATABASE_URL"]) {
    const text = environment[name];
    if (text === undefined || text === "") continue;
    try {
      return readDatabaseChoice(text);
    } catch (error) {
      throw new NotADatabase(`${name}: ${(error as Error).message}`, { cause: error });
    }
  }
  return { kind: "embedded" };
}
