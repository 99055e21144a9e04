// JSON as data: what every wire format here is made of. Equality, size, depth, and the texts that a store may
// refuse are decided once, for servers, devices and judges alike.

/** Any JSON value, as `JSON.parse` returns it. Treated as immutable everywhere.
 *  Source: RFC 8259. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** A JSON object.  Source: RFC 8259, section 4. */
export interface JsonObject {
  readonly [member: string]: JsonValue;
}

/** Tells an object from the other JSON values.  Source: RFC 8259, section 4. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Equality as JSON: member order does not count, numbers are IEEE doubles, `-0` equals `0`.
 *  Source: WF-PUSH-4, WF-PUSH-12. */
export function jsonEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => jsonEqual(item, right[index]));
  }
  if (!isJsonObject(left) || !isJsonObject(right)) return false;
  const members = Object.keys(left);
  if (members.length !== Object.keys(right).length) return false;
  return members.every((member) => Object.hasOwn(right, member) && jsonEqual(left[member], right[member]));
}

/** One text per JSON value, the same for values that `jsonEqual` holds equal: members are sorted.
 *  Source: the idea of RFC 8785, without its number formats. */
export function canonicalJson(value: JsonValue): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) {
    let items = "";
    for (const item of value as readonly JsonValue[])
      items += items === "" ? canonicalJson(item) : `,${canonicalJson(item)}`;
    return `[${items}]`;
  }
  const object = value as JsonObject;
  const members = Object.keys(object).sort();
  return `{${members.map((member) => `${JSON.stringify(member)}:${canonicalJson(object[member]!)}`).join(",")}}`;
}

/** Levels of nesting: 0 for a scalar, 1 for `[]`. Stops counting one above `levelsMax`.
 *  Units: levels.  Source: waveflow.md section 4. */
export function jsonDepth(value: unknown, levelsMax: number): number {
  if (typeof value !== "object" || value === null) return 0;
  if (levelsMax <= 0) return 1;
  let deepest = 0;
  for (const item of Array.isArray(value) ? value : Object.values(value)) {
    deepest = Math.max(deepest, jsonDepth(item, levelsMax - 1));
    if (deepest >= levelsMax) break;
  }
  return deepest + 1;
}

/** Says why a store that keeps UTF-8 text without NUL and finite numbers cannot hold the value, or `undefined`.
 *  Call it on values of bounded depth.  Source: WF-PUSH-12. */
export function whyUnstorable(value: unknown): string | undefined {
  switch (typeof value) {
    case "string":
      return whyTextUnstorable(value);
    case "number":
      return Number.isFinite(value) ? undefined : "a number that no IEEE double holds";
    case "object": {
      if (value === null) return undefined;
      if (Array.isArray(value)) return firstReason(value, whyUnstorable);
      return firstReason(
        Object.entries(value),
        ([member, item]) => whyTextUnstorable(member) ?? whyUnstorable(item),
      );
    }
    default:
      return undefined;
  }
}

/** Says why a text cannot be stored as UTF-8 without NUL, or `undefined`.  Source: WF-PUSH-12. */
export function whyTextUnstorable(text: string): string | undefined {
  if (text.includes("\u0000")) return "the character U+0000";
  if (!text.isWellFormed()) return "a lone surrogate";
  return undefined;
}

/** Counts Unicode code points, which is how the protocols measure length.
 *  Units: code points.  Source: waveflow.md section 2. */
export function codePointLength(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length - 1; at++) {
    if (isHighSurrogate(text.charCodeAt(at)) && isLowSurrogate(text.charCodeAt(at + 1))) {
      count--;
      at++;
    }
  }
  return count;
}

/** Bytes of the value as compact UTF-8 JSON, without building the text.
 *  Units: bytes.  Source: RFC 8259, section 8.1. */
export function jsonByteLength(value: unknown): number {
  switch (typeof value) {
    case "string":
      return textByteLength(value);
    case "number":
      return Number.isFinite(value) ? String(value).length : 4;
    case "boolean":
      return value ? 4 : 5;
    case "object": {
      if (value === null) return 4;
      let bytes = 2;
      let parts = 0;
      if (Array.isArray(value)) {
        for (const item of value) bytes += jsonByteLength(item);
        parts = value.length;
      } else {
        const object = value as Readonly<Record<string, unknown>>;
        for (const member of Object.keys(object)) {
          const item = object[member];
          if (item === undefined) continue;
          bytes += textByteLength(member) + 1 + jsonByteLength(item);
          parts++;
        }
      }
      return bytes + Math.max(0, parts - 1);
    }
    default:
      return 4;
  }
}

function textByteLength(text: string): number {
  let bytes = 2;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22 || code === 0x5c) bytes += 2;
    else if (code < 0x20) bytes += isShortEscape(code) ? 2 : 6;
    else if (code < 0x80) bytes += 1;
    else if (code < 0x800) bytes += 2;
    else if (isHighSurrogate(code) && isLowSurrogate(text.charCodeAt(at + 1))) {
      bytes += 4;
      at++;
    } else if (isHighSurrogate(code) || isLowSurrogate(code)) bytes += 6;
    else bytes += 3;
  }
  return bytes;
}

const isShortEscape = (code: number): boolean =>
  code === 0x08 || code === 0x09 || code === 0x0a || code === 0x0c || code === 0x0d;
const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;
const isLowSurrogate = (code: number): boolean => code >= 0xdc00 && code <= 0xdfff;

function firstReason<T>(items: readonly T[], why: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const reason = why(item);
    if (reason !== undefined) return reason;
  }
  return undefined;
}
