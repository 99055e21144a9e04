// `--database`: which PostgreSQL the live world takes, said alike by every command that runs there.
import { InvalidArgumentError, Option } from "commander";
import { type DatabaseChoice, databaseChoiceOf, readDatabaseChoice } from "../live/databases/choice.ts";
import { UsageError } from "./errors.ts";

export interface DatabaseFlag {
  readonly database?: DatabaseChoice;
}

export function databaseOption(): Option {
  return new Option(
    "--database <which>",
    "PostgreSQL of the live world: embedded, embedded:15|16|17|18, container, container:IMAGE, or a URL (default: DATABASE_URL, else embedded)",
  )
    .argParser((text) => {
      try {
        return readDatabaseChoice(text);
      } catch (error) {
        throw new InvalidArgumentError((error as Error).message);
      }
    })
    .env("SEATRIAL_DATABASE");
}

/** What the flag says, else the environment.
 *  Errors: UsageError for a variable of the environment that names none. */
export function databaseOf({ database }: DatabaseFlag): DatabaseChoice {
  if (database !== undefined) return database;
  try {
    return databaseChoiceOf(process.env);
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}
