// `server:` lines: what happens to the server process, its database, and inside its transactions.
import { signedDuration } from "./device-verbs.ts";
import { LineProblem, type LineReader } from "./line-reader.ts";
import type { ServerAction } from "./types.ts";
import type { Vocabulary } from "./vocabulary.ts";
import { didYouMean } from "./suggest.ts";

type Inside = Extract<ServerAction, { readonly statement: string }>;

const verbs = [
  "compact",
  "crash",
  "restart",
  "stop",
  "pause",
  "resume",
  "roll",
  "backup",
  "restore",
  "skew",
  "lose",
  "fail",
  "hold",
  "release",
] as const;

const ofAllProcesses: ReadonlySet<(typeof verbs)[number]> = new Set(["skew", "backup", "restore", "roll"]);

/** Reads the words behind `server:`; `process` is the number in `server 2:`.
 *  Errors: LineProblem. */
export function readServerLine(line: LineReader, vocabulary: Vocabulary, process?: number): ServerAction {
  const start = line.peek();
  const verb = line.choice(verbs, "what happens to the server");
  const isInside =
    (verb === "lose" && line.peek() !== "connections") ||
    verb === "fail" ||
    verb === "hold" ||
    verb === "release";
  if (process !== undefined && (isInside || ofAllProcesses.has(verb))) {
    throw new LineProblem(0, `"${start}" is not said of one process: write "server:" without a number`);
  }
  const action = readAction(line, { verb, vocabulary, process });
  line.end(`"${line.text.trim().split(/\s+/u)[0]!}"`);
  return action;
}

/** The line of an action: the way back from `readServerLine`. */
export function serverLine(action: ServerAction): string {
  switch (action.verb) {
    case "compact":
    case "crash":
    case "restart":
    case "stop":
    case "pause":
    case "resume":
    case "roll":
    case "backup":
    case "restore":
      return action.verb;
    case "lose-connections":
      return "lose connections";
    case "skew":
      return `skew ${signedDuration(action.byMs)}`;
    case "crash-during":
      return `crash during ${action.purpose}${ofDevice(action)} ${action.position} ${action.statement}${nthWord(action.nth)}`;
    case "lose-answer-during":
      return `lose answer during ${action.purpose}${ofDevice(action)} at ${action.statement}${nthWord(action.nth)}`;
    case "fail-during":
      return `fail during ${action.purpose}${ofDevice(action)} at ${action.statement}${nthWord(action.nth)} with ${action.sqlstate!}`;
    case "hold-during":
      return `hold ${deviceBefore(action)}${action.purpose} ${action.position} ${action.statement}${nthWord(action.nth)}`;
    case "release":
      return `release ${deviceBefore(action)}${action.purpose}`;
  }
}

/** The key of a server step: `server`, or `server 2`. */
export const serverKey = (action: ServerAction): string =>
  "process" in action && action.process !== undefined ? `server ${action.process}` : "server";

function readAction(
  line: LineReader,
  {
    verb,
    vocabulary,
    process,
  }: { verb: (typeof verbs)[number]; vocabulary: Vocabulary; process: number | undefined },
): ServerAction {
  const where = process === undefined ? {} : { process };
  switch (verb) {
    case "compact":
      if (vocabulary.compaction === undefined)
        throw new LineProblem(0, `${vocabulary.protocol} has no compaction`);
      return { verb, ...where };
    case "crash":
      if (!line.accept("during")) return { verb, ...where };
      if (process !== undefined)
        throw new LineProblem(
          0,
          `"crash during" strikes the process that runs the transaction: write "server:" without a number`,
        );
      return readInside(line, { verb: "crash-during", vocabulary });
    case "restart":
    case "stop":
    case "pause":
    case "resume":
      return { verb, ...where };
    case "roll":
    case "backup":
    case "restore":
      return { verb };
    case "skew":
      return { verb, byMs: line.duration("how far the clock is off") };
    case "lose":
      if (line.accept("connections")) return { verb: "lose-connections", ...where };
      line.keyword("answer");
      line.keyword("during");
      return readInside(line, { verb: "lose-answer-during", vocabulary });
    case "fail":
      line.keyword("during");
      return readInside(line, { verb: "fail-during", vocabulary });
    case "hold":
      return readInside(line, { verb: "hold-during", vocabulary });
    case "release":
      return { verb, ...readPurpose(line, vocabulary) };
  }
}

function readInside(
  line: LineReader,
  { verb, vocabulary }: { verb: Inside["verb"]; vocabulary: Vocabulary },
): ServerAction {
  const whose = readPurpose(line, vocabulary);
  const isAt = verb === "lose-answer-during" || verb === "fail-during";
  const position = line.choice(isAt ? ["at"] : ["before", "after"], "the place");
  const statements = vocabulary.statements.get(whose.purpose)!;
  const { word: statement, nth } = line.numbered(statements, `a statement of ${whose.purpose}`);
  const place = { ...whose, statement, nth };
  switch (verb) {
    case "lose-answer-during":
      return { verb, ...place, position: "after" };
    case "fail-during":
      line.keyword("with");
      return { verb, ...place, position: "before", sqlstate: readSqlstate(line) };
    default:
      return { verb, ...place, position: position === "after" ? "after" : "before" };
  }
}

/** `push`, `laptop push` or `push of laptop`. */
function readPurpose(
  line: LineReader,
  vocabulary: Vocabulary,
): { readonly purpose: string; readonly device?: string } {
  const purposes = [...vocabulary.statements.keys()];
  const first = line.peek();
  const before =
    first !== undefined && !purposes.includes(first) && line.devices.includes(first)
      ? line.device()
      : undefined;
  const { text: purpose, offset } = line.word(`what the transaction is for: ${purposes.join(", ")}`);
  if (!purposes.includes(purpose)) {
    const known = [...purposes, ...(before === undefined ? line.devices : [])];
    throw new LineProblem(
      offset,
      `expected what the transaction is for (${purposes.join(", ")}), saw "${purpose}"${didYouMean(purpose, known)}`,
    );
  }
  const device = before ?? (line.accept("of") ? line.device() : undefined);
  return device === undefined ? { purpose } : { purpose, device };
}

function readSqlstate(line: LineReader): string {
  const { text, offset } = line.word("an SQLSTATE such as 40001");
  if (/^[0-9A-Z]{5}$/u.test(text)) return text;
  throw new LineProblem(
    offset,
    `expected an SQLSTATE (five digits or capitals, such as 40001), saw "${text}"`,
  );
}

const nthWord = (nth: number): string => (nth === 1 ? "" : `#${nth}`);
const ofDevice = (action: { readonly device?: string }): string =>
  action.device === undefined ? "" : ` of ${action.device}`;
const deviceBefore = (action: { readonly device?: string }): string =>
  action.device === undefined ? "" : `${action.device} `;
