// Whether two values of two runs are the same but for what each run has of its own. Ids, tokens and times cannot be equal;
// what can is how they go together: what is the same id in two places here has to be the same id in the same two places
// there. So they are paired as they are met, and a pair that breaks an earlier one is a difference.
import type { WireWords } from "../script/wire-words.ts";

/** Values of one run by the values that stood in their places in the other. */
export class Pairing {
  readonly #thereByHere = new Map<string, string>([["number 0", "number 0"]]);
  readonly #hereByThere = new Map<string, string>([["number 0", "number 0"]]);

  /** Whether the two can stand for one another, given what did so before. */
  match(here: string, there: string): boolean {
    const known = this.#thereByHere.get(here);
    if (known !== undefined || this.#hereByThere.has(there)) return known === there;
    this.#thereByHere.set(here, there);
    this.#hereByThere.set(there, here);
    return true;
  }
}

/** Where two answers differ. Paths tell lists as `*`. */
export interface ValueDifference {
  readonly about: "body" | "count";
  readonly member: string;
  readonly here: string;
  readonly there: string;
}

interface Place {
  readonly words: WireWords;
  readonly pairing: Pairing;
  readonly path: string;
  /** The last name in the path. */
  readonly name: string;
}

/** Differences between two bodies or frames, none twice. */
export function valueDifferences(
  here: unknown,
  there: unknown,
  { words, pairing }: Pick<Place, "words" | "pairing">,
): readonly ValueDifference[] {
  const found = new Map<string, ValueDifference>();
  for (const one of differencesAt(here, there, { words, pairing, path: "", name: "" })) {
    const key = `${one.about} ${one.member} ${one.here} ${one.there}`;
    if (!found.has(key)) found.set(key, one);
  }
  return [...found.values()];
}

function differencesAt(here: unknown, there: unknown, place: Place): readonly ValueDifference[] {
  const { words, name } = place;
  if (words.prose.has(name)) return [];
  if (Array.isArray(here) && Array.isArray(there)) return listDifferences(here, there, place);
  if (isObject(here) && isObject(there)) return memberDifferences(here, there, place);
  return isSame(here, there, place) ? [] : [differing(here, there, place)];
}

function listDifferences(
  here: readonly unknown[],
  there: readonly unknown[],
  place: Place,
): readonly ValueDifference[] {
  const path = place.path === "" ? "*" : `${place.path}.*`;
  if (here.length === there.length)
    return here.flatMap((item, index) => differencesAt(item, there[index], { ...place, path }));
  const count = (items: readonly unknown[]): string => `${items.length} of them`;
  return [{ about: "count", member: place.path, here: count(here), there: count(there) }];
}

function memberDifferences(
  here: Readonly<Record<string, unknown>>,
  there: Readonly<Record<string, unknown>>,
  place: Place,
): readonly ValueDifference[] {
  return [...new Set([...Object.keys(here), ...Object.keys(there)])].flatMap((name) => {
    const inner = { ...place, path: place.path === "" ? name : `${place.path}.${name}`, name };
    return differencesAt(
      Object.hasOwn(here, name) ? here[name] : undefined,
      Object.hasOwn(there, name) ? there[name] : undefined,
      inner,
    );
  });
}

function isSame(here: unknown, there: unknown, { words, pairing, name }: Place): boolean {
  if (typeof here !== typeof there) return false;
  if (words.times.has(name) || words.texts.has(name)) return true;
  if (typeof here === "number" && words.numbers.has(name))
    return pairing.match(`number ${here}`, `number ${String(there)}`);
  if (typeof here === "string" && typeof there === "string" && uuid.test(here) && uuid.test(there))
    return pairing.match(here.toLowerCase(), there.toLowerCase());
  return here === there || (typeof here === "object" && JSON.stringify(here) === JSON.stringify(there));
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu;

function differing(here: unknown, there: unknown, { path, words, name }: Place): ValueDifference {
  // Whether a member is there at all is one difference, whatever it says.
  if (here === undefined) return { about: "body", member: path, here: "absent", there: "present" };
  if (there === undefined) return { about: "body", member: path, here: "present", there: "absent" };
  const isOwn = words.numbers.has(name);
  return { about: "body", member: path, here: valueText(here, isOwn), there: valueText(there, isOwn) };
}

/** Short, and without what is the run's own, so that the same difference in two runs reads the same. */
function valueText(value: unknown, isOwn: boolean): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  if (typeof value === "number" && isOwn) return "a number that goes with others";
  if (typeof value === "string" && uuid.test(value)) return "an id that goes with others";
  const text = JSON.stringify(value);
  return text.length > textMax ? `a ${typeof value}` : text;
}

const textMax = 30;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
