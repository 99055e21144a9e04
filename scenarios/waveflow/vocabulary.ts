// The words of WaveFlow scenarios: what its devices can be told to do, and what may be expected of them. README.md
// beside this file says what each of them means to whoever drives a device.
import type { JsonObject, JsonValue } from "../../protocol/json.ts";
import { entityKey, entityKeyParts } from "../../protocol/waveflow/fold.ts";
import { plainVerb } from "../format/device-verbs.ts";
import { msToDuration } from "../format/duration.ts";
import {
  LineProblem,
  stringToText,
  textToValue,
  valueToText,
  type LineReader,
  type Word,
} from "../format/line-reader.ts";
import type { VerbSpec, Vocabulary } from "../format/vocabulary.ts";

const modes = ["local", "hybrid", "server"] as const;
const tokens = ["good", "none", "malformed", "wrong-signature", "expired", "not-yet"] as const;

const edit: VerbSpec = {
  form: "edit <type>/<id> <field>=<value> …",
  help: "One local edit per field, in order; each is one op.",
  parse(line) {
    const entity = readEntity(line);
    const edits: JsonValue[] = [];
    do edits.push(readAssignment(line.word("<field>=<value>")));
    while (!line.isDone);
    return { ...entity, edits };
  },
  print(args) {
    const edits = args.edits as readonly { readonly field: string; readonly value: JsonValue }[];
    const words = edits.map(({ field, value }) => `${stringToText(field)}=${valueToText(value)}`);
    return [entityText(args), ...words].join(" ");
  },
};

const ofEntity = (verb: string, help: string): VerbSpec => ({
  form: `${verb} <type>/<id>`,
  help,
  parse: readEntity,
  print: entityText,
});

const ack: VerbSpec = {
  form: "ack [<id>] [via socket|http]",
  help: "Acknowledges the device's own cursor, or the given id whatever the device has; by HTTP unless said otherwise.",
  parse(line) {
    const isPlain = line.isDone || line.peek() === "via";
    const id = isPlain ? {} : { id: line.countOrPlaceholder("the id to acknowledge") };
    return line.accept("via") ? { ...id, via: line.choice(["socket", "http"], "the way") } : id;
  },
  print(args) {
    const words: string[] = [];
    if (typeof args.id === "number") words.push(String(args.id));
    else if (args.id !== undefined) words.push(`{${(args.id as { placeholder: string }).placeholder}}`);
    if (args.via !== undefined) words.push(`via ${String(args.via)}`);
    return words.join(" ");
  },
};

const mode: VerbSpec = {
  form: `mode ${modes.join("|")}|<any word>`,
  help: "Changes the mode; done when the change is (drain, catch-up or resync included). An unknown word counts as local.",
  parse: (line) => ({ mode: line.string("a mode") }),
  print: (args) => stringToText(String(args.mode)),
};

const switchAccount: VerbSpec = {
  form: "switch-account <user>",
  help: "Signs out, and in again as somebody else, on the same disk and device id.",
  parse: (line) => ({ user: line.string("a user") }),
  print: (args) => stringToText(String(args.user)),
};

const bind: VerbSpec = {
  form: 'bind default|<url>|""',
  help: 'Binds the device to a server: `default` is the one of this run, `""` none.',
  parse: (line) => ({ url: line.string("a URL") }),
  print: (args) => stringToText(String(args.url)),
};

const token: VerbSpec = {
  form: `token ${tokens.join("|")}|good for <duration>|text <text>`,
  help: "Gives the device another token; `good` is a fresh one of its user, which `for 2s` lets expire that much later and less than 1 s more, `text` is handed over as it stands.",
  parse(line) {
    if (line.accept("text")) return { kind: "text", text: line.string("a token") };
    const kind = line.choice(tokens, "a kind of token");
    if (kind !== "good" || !line.accept("for")) return { kind };
    return { kind, forMs: line.length("how long it is good") };
  },
  print({ kind, text, forMs }) {
    if (kind === "text") return `text ${JSON.stringify(text)}`;
    return typeof forMs === "number" ? `good for ${msToDuration(forMs)}` : String(kind);
  },
  needs: ({ kind, forMs }) =>
    forMs !== undefined || ["wrong-signature", "expired", "not-yet"].includes(String(kind)) ? ["tokens"] : [],
};

const verbs: ReadonlyMap<string, VerbSpec> = new Map([
  ["edit", edit],
  ["delete", ofEntity("delete", "A local delete of the whole entity.")],
  ["read", ofEntity("read", "Reads an entity as the person sees it; in mode `server` from the server.")],
  ["push", plainVerb("One pass over the queue, batch after batch, whatever the back-off says.", "push")],
  [
    "pull",
    plainVerb("Pulls and applies page after page until there is no more; does not acknowledge.", "pull"),
  ],
  ["resync", plainVerb("Reads everything from 0 into a new state and swaps it in.", "resync")],
  ["ack", ack],
  [
    "sync",
    plainVerb(
      "Pushes, pulls (resyncing if told to) and acknowledges until there is nothing left to say.",
      "sync",
    ),
  ],
  ["connect", plainVerb("Opens the live socket, catches up, and keeps it open.", "connect")],
  ["disconnect", plainVerb("Closes the live socket.", "disconnect")],
  ["mode", mode],
  ["sign-out", plainVerb("Deletes the token; URL, queue and cursor stay.", "sign-out")],
  ["sign-in", plainVerb("Signs in again as the same user, with a good token.", "sign-in")],
  ["switch-account", switchAccount],
  ["bind", bind],
  ["token", token],
]);

/** The statements of each transaction of the server, in the order in which they come. Where one may be left out (no
 *  op is new, nothing was deleted), a fault placed there does not strike, and the run says so. */
const statements: ReadonlyMap<string, readonly string[]> = new Map([
  [
    "push",
    [
      "begin",
      "lockUser",
      "findReceipts",
      "highestLamport",
      "highestId",
      "takeIds",
      "insertOps",
      "insertReceipts",
      "raiseDevice",
      "announce",
      "commit",
    ],
  ],
  ["pull", ["begin", "raiseDevice", "readWatermark", "highestId", "opsAfter", "commit"]],
  ["ack", ["begin", "highestId", "findCursor", "lockUser", "raiseCursor", "raiseDevice", "commit"]],
  [
    "compact",
    [
      "begin",
      "lockUser",
      "highestId",
      "raiseCursor",
      "minimumCursor",
      "collapse",
      "readWatermark",
      "raiseWatermark",
      "announce",
      "commit",
    ],
  ],
  ["contact", ["begin", "raiseDevice", "commit"]],
  ["frames", ["begin", "raiseDevice", "readWatermark", "findCursor", "highestId", "opsAfter", "commit"]],
  ["job", ["begin", "usersWithOps", "commit"]],
]);

/** What a WaveFlow scenario may say. */
export const waveflowVocabulary: Vocabulary = {
  protocol: "waveflow/1",
  verbs,
  modes: ["hybrid", "local", "server"],
  messages: ["push", "pull", "ack", "socket"],
  statements,
  compaction: "compact",
  settings: [
    "stalenessMs",
    "ackFlushIntervalMs",
    "pullLimitDefault",
    "pingIntervalMs",
    "compactionIntervalMs",
    "pendingFramesMax",
    "transactionTriesMax",
  ],
  deviceSettings: [
    "batchSize",
    "pageSize",
    "drainIntervalMs",
    "backoffFirstMs",
    "backoffMaxMs",
    "framesHeldMax",
    "restampsMax",
    "pagesMax",
    "entryTriesMax",
  ],
  status: new Map([
    ["deviceId", "the device id, as it goes out in X-Device-Id"],
    ["mode", "local, hybrid or server"],
    ["cursor", "the highest id that is durably applied"],
    ["acknowledged", "the highest id that the device knows the server to have heard"],
    ["lamport", "the device's clock"],
    ["pending", "rows in the queue that may be shared"],
    ["unshared", "edits made in mode local and not yet shared"],
    ["deadLetters", "edits that the server refused for good"],
    ["parked", "received ops that could not be applied"],
    ["hasToken", "true while the device has a token"],
    ["server", "URL that the device is bound to: `default` for the one of this run, empty for none"],
    ["socket", "open or closed"],
    ["stopped", "true when a 403 has stopped the device until somebody acts"],
  ]),
  counts: new Map([
    ["batches", "pushes that were sent"],
    ["stored", "ops that a reply called stored"],
    ["duplicate", "ops that a reply called duplicate"],
    ["dropped", "rows that left the queue, seen ones included"],
    ["restamped", "rows that got a new stamp"],
    ["deadLettered", "rows that went to the dead letters"],
    ["pages", "pulls that were sent"],
    ["applied", "received ops that were applied"],
    ["parked", "received ops that were set aside"],
    ["resyncs", "walks from 0 that were completed"],
    ["acks", "acknowledgements that were sent"],
  ]),
};

/** `<type>/<id>`, in quotes where it holds spaces or brackets; `%2F` and `%25` stand for `/` and `%` in the type. */
function readEntity(line: LineReader): JsonObject {
  const word = line.word("an entity such as song/1");
  const key = word.text.startsWith('"') ? textToValue(word.text, word.offset) : word.text;
  const slash = typeof key === "string" ? key.indexOf("/") : -1;
  if (typeof key !== "string" || slash < 1 || slash === key.length - 1) {
    throw new LineProblem(word.offset, `expected an entity such as song/1, saw ${word.text}`);
  }
  const { entityType, entityId } = entityKeyParts(key);
  return { entityType, entityId };
}

function entityText(args: JsonObject): string {
  return stringToText(entityKey(String(args.entityType), String(args.entityId)));
}

/** `title=A`, `"two words"="a value"`. */
function readAssignment({ text, offset }: Word): JsonValue {
  const quoted = /^"(?:[^"\\]|\\.)*"/u.exec(text)?.[0];
  const equals = text.indexOf("=", quoted?.length ?? 0);
  if (equals < 1) throw new LineProblem(offset, `expected <field>=<value>, saw ${text}`);
  const name = text.slice(0, equals);
  const field = quoted === undefined ? name : textToValue(name, offset);
  if (typeof field !== "string" || (quoted !== undefined && quoted !== name)) {
    throw new LineProblem(offset, `expected the name of a field before "=", saw ${name}`);
  }
  const value = text.slice(equals + 1);
  if (value === "")
    throw new LineProblem(offset + equals + 1, `expected a value after "="; an empty text is ""`);
  return { field, value: textToValue(value, offset + equals + 1) };
}
