// Numbers and texts that a server chose and a later request repeats: another run of the same requests gets others, so a
// script has to take them from the answers as they come. Found by looking where the recorded run got them from.
import type { ShellPart } from "./shell-text.ts";
import type { WireWords } from "./wire-words.ts";

/** Where a value comes from: the n-th number (or text) under a name in a file of answers. */
export interface Capture {
  /** The file that holds the answer. */
  readonly file: string;
  readonly member: string;
  /** From 1. */
  readonly nth: number;
  readonly kind: "number" | "text";
  /** What it was in the recorded run. */
  readonly value: string;
  readonly variable: string;
}

/** What the answers have given out by a point of the script. Asked in the order of the script. */
export class Echoes {
  readonly #words: WireWords;
  readonly #known = new Map<string, Capture>();
  readonly #asked = new Set<Capture>();
  /** How many of a member a file has held so far: frames come one by one. */
  readonly #counts = new Map<string, number>();

  constructor(words: WireWords) {
    this.#words = words;
  }

  /** Takes note of an answer, or of more of a file of frames. */
  heard(file: string, text: string): void {
    for (const [, member, number, word] of text.matchAll(memberPattern)) {
      const kind = number === undefined ? "text" : "number";
      const value = number ?? word!;
      const key = `${file} ${member} ${kind}`;
      const nth = (this.#counts.get(key) ?? 0) + 1;
      this.#counts.set(key, nth);
      const isOurs = kind === "number" ? this.#words.numbers.has(member!) : this.#words.texts.has(member!);
      if (!isOurs || value === "0" || value === "" || this.#known.has(`${kind} ${value}`)) continue;
      const variable = kind === "number" ? `N${value}` : `${member!.toUpperCase()}_${this.#known.size + 1}`;
      this.#known.set(`${kind} ${value}`, { file, member: member!, nth, kind, value, variable });
    }
  }

  /** A path and query with what it repeats put in by variables. */
  inPath(path: string): readonly ShellPart[] {
    const pattern = /([?&])([^=&#]+)=([^&#]*)/gu;
    return this.#replaced(path, pattern, ([, , name, value]) =>
      this.#words.texts.has(name!) ? this.#text(value!) : this.#number(name!, value!),
    );
  }

  /** A body or a frame likewise. */
  inText(text: string): readonly ShellPart[] {
    const pattern = /("([^"\\]+)"\s*:\s*)(\d+)(?![\d.eE])/gu;
    return this.#replaced(text, pattern, ([, , name, value]) => this.#number(name!, value!));
  }

  /** What the script has to take out of answers, as far as anything repeats it. */
  captures(): readonly Capture[] {
    return [...this.#asked];
  }

  #replaced(
    text: string,
    pattern: RegExp,
    partFor: (match: RegExpExecArray) => ShellPart | undefined,
  ): readonly ShellPart[] {
    const parts: ShellPart[] = [];
    let from = 0;
    for (const match of text.matchAll(pattern)) {
      const part = partFor(match);
      if (part === undefined) continue;
      const valueAt = match.index + match[0].length - match[3]!.length;
      parts.push({ text: text.slice(from, valueAt) }, part);
      from = match.index + match[0].length;
    }
    return [...parts, { text: text.slice(from) }];
  }

  #number(name: string, value: string): ShellPart | undefined {
    if (!this.#words.echoes.has(name) || !/^\d{1,15}$/u.test(value) || Number(value) === 0) return undefined;
    for (const plus of nearbyFirst) {
      const capture = this.#known.get(`number ${Number(value) - plus}`);
      if (capture === undefined) continue;
      this.#asked.add(capture);
      return { variable: capture.variable, plus };
    }
    return undefined;
  }

  #text(value: string): ShellPart | undefined {
    const capture = this.#known.get(`text ${value}`);
    // What has to be written otherwise in a query is written out.
    if (capture === undefined || !/^[\w.~-]+$/u.test(value)) return undefined;
    this.#asked.add(capture);
    return { variable: capture.variable };
  }
}

/** A scenario that asks for one more or one less than it was given means that. */
const nearbyFirst = [0, -1, 1, -2, 2] as const;

/** The same that `grep` finds in the script: members with whole numbers, and with texts without escapes. */
const memberPattern = /"([\w-]+)" *: *(?:(\d+)|"([^"\\]*)")/gu;

/** Shell functions that take values out of answers. */
export const pickFunctions: readonly string[] = [
  "# pick FILE MEMBER NTH: the nth number under a name in an answer; pick_text likewise for a text",
  `pick() { grep -o "\\"$2\\" *: *[0-9][0-9]*" "$DIR/$1" | sed -n "$3p" | grep -o '[0-9]*$'; }`,
  `pick_text() { grep -o "\\"$2\\" *: *\\"[^\\"]*\\"" "$DIR/$1" | sed -n "$3p" | sed 's/^[^:]*: *"//; s/"$//'; }`,
];

/** A line that sets the variable; what was there in the recorded run stands in for an answer without it. */
export function captureLine({ variable, kind, file, member, nth, value }: Capture): string {
  const pick = kind === "number" ? "pick" : "pick_text";
  return `${variable}=$(${pick} ${file} ${member} ${nth}); ${variable}=\${${variable}:-${kind === "number" ? value : `'${value}'`}}`;
}
