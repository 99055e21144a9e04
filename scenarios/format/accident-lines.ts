// `accidents:` lines: an address, and what befalls it. `laptop push#3: lose-reply` is the laptop's third push whose
// reply is lost. Kinds are written with "-" (`lose-reply`), and are the same words as the odds of `trouble:`.
import type { Node } from "yaml";
import { msToDuration } from "./duration.ts";
import { LineProblem, type LineReader } from "./line-reader.ts";
import type { Accident, AccidentAddress, AccidentKind } from "./types.ts";
import type { Vocabulary } from "./vocabulary.ts";
import type { YamlReader } from "./yaml-reader.ts";

const exchangeKinds = [
  "loseRequest",
  "loseReply",
  "duplicateRequest",
  "zombieRequest",
  "delay",
  "refuse",
  "refuseAfterEffect",
  "portal",
  "truncateReply",
] as const satisfies readonly AccidentKind[];

const socketKinds = exchangeKinds.filter((kind) => kind !== "duplicateRequest");
const frameKinds = ["loseFrame", "repeatFrame", "lateFrame", "cutSocket", "halfOpenSocket"] as const;
const stepKinds = ["crash-before", "crash-after", "fail"] as const;
const statementKinds = ["crash-before", "crash-after", "lose-answer"] as const;

/** The kinds of accident that can befall what is named `what` in an address. */
export function kindsAt(what: string): readonly AccidentKind[] {
  if (what === "frame") return frameKinds;
  if (what === "durable step") return stepKinds;
  if (what === "socket") return socketKinds;
  return what.includes(" ") ? statementKinds : exchangeKinds;
}

/** Key and value of an accident in a file: the way back from `readAccidents`. */
export const accidentEntry = (accident: Accident): readonly [key: string, value: string] => [
  accidentAddressText(accident),
  `${kindText(accident.kind)}${extentText(accident)}`,
];

/** `laptop push#3`. */
export const accidentAddressText = ({ who, what, nth }: AccidentAddress): string =>
  `${who} ${what}${nth === 1 ? "" : `#${nth}`}`;

/** `laptop push#3: lose-reply`. */
export const accidentLine = (accident: Accident): string => accidentEntry(accident).join(": ");

export interface AccidentScope {
  readonly devices: readonly string[];
  readonly processes: number;
  readonly vocabulary: Vocabulary;
}

export function readAccidents(
  reader: YamlReader,
  node: Node | null,
  scope: AccidentScope,
): readonly Accident[] {
  const taken = new Set<string>();
  return reader.items(node, "accidents").flatMap((item) => {
    const [entry, more] = reader.entries(item, "an accident");
    if (more !== undefined)
      reader.complain(more.keyNode, `each accident is an item of its own: write "- ${more.key}:"`);
    if (entry === undefined) return [];
    const { devices } = scope;
    const what = "where it happens, such as laptop push#3";
    const address = reader.line(entry.keyNode, { what, devices }, (line) => readAddress(line, scope));
    if (address === undefined) return [];
    const text = accidentAddressText(address);
    if (taken.has(text)) reader.complain(entry.keyNode, `"${text}" stands here twice`);
    taken.add(text);
    const happening = reader.line(entry.value, { what: "what happens", devices }, (line) =>
      readHappening(line, address),
    );
    return happening === undefined ? [] : [{ ...address, ...happening }];
  });
}

function readAddress(line: LineReader, { devices, processes, vocabulary }: AccidentScope): AccidentAddress {
  const isServer = line.peek() === "server";
  const address = isServer
    ? { who: readServer(line, processes), ...readStatement(line, vocabulary) }
    : { who: line.choice([...devices, "server"], "a device, or server"), ...readMessage(line, vocabulary) };
  line.end(`"${accidentAddressText(address)}"`);
  return address;
}

/** The name of the process, as histories have it. */
function readServer(line: LineReader, processes: number): string {
  line.word("server");
  if (processes === 1) return "server";
  const { text, offset } = line.word("the number of the process");
  if (/^[1-9]\d*$/u.test(text) && Number(text) <= processes) return `server ${text}`;
  throw new LineProblem(offset, `expected the number of the process (1 to ${processes}), saw "${text}"`);
}

function readStatement(line: LineReader, vocabulary: Vocabulary): Omit<AccidentAddress, "who"> {
  const purpose = line.choice([...vocabulary.statements.keys()], "what the transaction is for");
  const { word, nth } = line.numbered(vocabulary.statements.get(purpose)!, `a statement of ${purpose}`);
  return { what: `${purpose} ${word}`, nth };
}

function readMessage(line: LineReader, vocabulary: Vocabulary): Omit<AccidentAddress, "who"> {
  if (line.accept("durable")) {
    const { nth } = line.numbered(["step"], `"step"`);
    return { what: "durable step", nth };
  }
  const known = [...new Set([...vocabulary.messages, "socket", "frame"]), "durable"];
  const { word, nth } = line.numbered(known, "a message, frame, or durable step");
  return { what: word, nth };
}

function readHappening(line: LineReader, { what }: AccidentAddress): Omit<Accident, keyof AccidentAddress> {
  const kinds = kindsAt(what);
  const word = line.choice(kinds.map(kindText), `what can befall a ${what}`);
  const kind = kinds.find((one) => kindText(one) === word)!;
  const extent = readExtent(line, kind);
  line.end(`"${word}${extentText({ kind, ...extent })}"`);
  return { kind, ...extent };
}

function readExtent(line: LineReader, kind: AccidentKind): Extent {
  switch (kind) {
    case "delay":
    case "zombieRequest":
    case "lateFrame":
      line.keyword("by");
      return { extentMs: line.length("how late it is") };
    case "duplicateRequest":
      line.keyword("after");
      return { extentMs: line.length("how long after the first") };
    case "refuse":
    case "refuseAfterEffect":
      line.keyword("with");
      return { status: line.status() };
    case "crash-before":
    case "crash-after":
      if (!line.accept("and", "back", "after")) return {};
      return { extentMs: line.length("when it is back") };
    default:
      return {};
  }
}

type Extent = Pick<Accident, "extentMs" | "status">;

function extentText({ kind, extentMs, status }: Omit<Accident, keyof AccidentAddress>): string {
  switch (kind) {
    case "delay":
    case "zombieRequest":
    case "lateFrame":
      return ` by ${msToDuration(extentMs ?? 0)}`;
    case "duplicateRequest":
      return ` after ${msToDuration(extentMs ?? 0)}`;
    case "refuse":
    case "refuseAfterEffect":
      return ` with ${status ?? 503}`;
    case "crash-before":
    case "crash-after":
      return extentMs === undefined ? "" : ` and back after ${msToDuration(extentMs)}`;
    default:
      return "";
  }
}

/** `loseReply` → `lose-reply`. */
const kindText = (kind: AccidentKind): string =>
  kind.replace(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`);
