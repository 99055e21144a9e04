// Placeholders. `{n}`, `{n+1}`, `{n:12}` (filled up with zeros to 12 digits) are known to the parser: the round of a
// `repeat`, the value of a `for-each`. `{w}`, `{w-1}`, `{laptop.cursor}` are known to the interpreter only: what a
// step remembered, a member of a device's status. `{{w}}` is the text `{w}`.
import { isJsonObject, type JsonValue } from "../../protocol/json.ts";

/** What stands between the braces, taken apart. */
export interface Placeholder {
  /** `w`, or `laptop.cursor`. */
  readonly name: string;
  readonly plus: number;
  /** Digits to fill up to; 0 for none. */
  readonly width: number;
}

/** Reads `w-1`, `laptop.cursor+1`, `n:12`; `undefined` for anything else. */
export function readPlaceholder(inner: string): Placeholder | undefined {
  const match = /^([a-z][\w-]*?(?:\.\w+)?)(?:([+-])(\d{1,15}))?(?::(\d{1,2}))?$/iu.exec(inner);
  if (match === null) return undefined;
  const [, name, sign, digits, width] = match;
  const plus = Number(digits ?? 0) * (sign === "-" ? -1 : 1);
  return { name: name!, plus: plus === 0 ? 0 : plus, width: Number(width ?? 0) };
}

/** Puts values in the place of placeholders. `valueOf` answers `undefined` for a name that it does not know: then the
 *  placeholder stays as it is. A text that is one placeholder and nothing else becomes the value with its type.
 *  `isLast` also turns `{{w}}` into `{w}`. */
export function fillText(
  text: string,
  valueOf: (name: string) => JsonValue | undefined,
  { isLast }: { readonly isLast: boolean },
): JsonValue {
  const alone = /^\{([^{}]*)\}$/u.exec(text)?.[1];
  if (alone !== undefined) return fillOne(alone, valueOf) ?? text;
  return text.replaceAll(escapedOrPlaceholder, (whole, escaped?: string, inner?: string) => {
    if (escaped !== undefined) return isLast ? `{${escaped}}` : whole;
    const value = fillOne(inner!, valueOf);
    return value === undefined ? whole : typeof value === "string" ? value : JSON.stringify(value);
  });
}

/** The same for every text inside a JSON value. */
export function fillJson(
  value: JsonValue,
  valueOf: (name: string) => JsonValue | undefined,
  options: { readonly isLast: boolean },
): JsonValue {
  if (typeof value === "string") return fillText(value, valueOf, options);
  if (Array.isArray(value)) return value.map((item) => fillJson(item as JsonValue, valueOf, options));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, fillJson(item, valueOf, options)]),
  );
}

/** Every placeholder in a text, in order. */
export function placeholdersIn(text: string): readonly Placeholder[] {
  const found: Placeholder[] = [];
  for (const [, , inner] of text.matchAll(escapedOrPlaceholder)) {
    const placeholder = inner === undefined ? undefined : readPlaceholder(inner);
    if (placeholder !== undefined) found.push(placeholder);
  }
  return found;
}

const escapedOrPlaceholder = /\{\{([a-z][\w.:+-]*)\}\}|\{([a-z][\w.:+-]*)\}/giu;

function fillOne(inner: string, valueOf: (name: string) => JsonValue | undefined): JsonValue | undefined {
  const placeholder = readPlaceholder(inner);
  if (placeholder === undefined) return undefined;
  const value = valueOf(placeholder.name);
  if (typeof value !== "number") return placeholder.plus === 0 && placeholder.width === 0 ? value : undefined;
  const sum = value + placeholder.plus;
  return placeholder.width === 0 ? sum : String(sum).padStart(placeholder.width, "0");
}
