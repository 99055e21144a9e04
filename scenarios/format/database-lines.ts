// `database:` lines: what becomes of the database that all server processes share.
import { msToDuration } from "./duration.ts";
import { LineProblem, type LineReader } from "./line-reader.ts";
import type { DatabaseAction } from "./types.ts";

const verbs = [
  "stop",
  "crash",
  "restart",
  "refuse",
  "read-only",
  "full",
  "lock",
  "lock-timeout",
  "statement-timeout",
  "recover",
] as const;

/** Reads the words behind `database:`.  Errors: LineProblem. */
export function readDatabaseLine(line: LineReader): DatabaseAction {
  const action = readAction(line);
  line.end(`"${databaseLine(action)}"`);
  return action;
}

/** The line of an action: the way back from `readDatabaseLine`. */
export function databaseLine(action: DatabaseAction): string {
  switch (action.verb) {
    case "refuse-connections":
      return "refuse connections";
    case "lock-tables":
      return "lock tables";
    case "lock-timeout":
    case "statement-timeout":
      return `${action.verb} ${msToDuration(action.afterMs)}`;
    default:
      return action.verb;
  }
}

function readAction(line: LineReader): DatabaseAction {
  const verb = line.choice(verbs, "what becomes of the database");
  switch (verb) {
    case "refuse":
      line.keyword("connections");
      return { verb: "refuse-connections" };
    case "lock":
      line.keyword("tables");
      return { verb: "lock-tables" };
    case "lock-timeout":
    case "statement-timeout": {
      const afterMs = line.length("how long is too long");
      if (afterMs === 0)
        throw new LineProblem(0, "expected a duration above 0: 0 would mean no limit at all");
      return { verb, afterMs };
    }
    default:
      return { verb };
  }
}
