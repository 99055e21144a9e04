// The messages of the frontend/backend protocol as far as somebody here reads or writes them.
// No library fits: `pg-protocol` and `pg-gateway` take whole messages into memory and build objects of them, and neither
// reads what a frontend sends after its startup without doing so.
// Source: PostgreSQL manual, "Message Formats"; limits of length from its backend's `SocketBackend` and libpq's
// `pqParseInput3`.
import type { FrameRules } from "./framing.ts";

/** As far into a text as anybody looks. */
const textMax = 65_536;
const large = 0x3fff_ffff;
const small = 10_000;
const login = 65_535 + 4;

/** From the server under test. */
export const frontendRules: FrameRules = {
  Q: { headMax: textMax, lengthMax: large },
  P: { headMax: textMax, lengthMax: large },
  B: { headMax: 8_192, lengthMax: large },
  F: { headMax: 4, lengthMax: large },
  E: { headMax: small, lengthMax: small },
  C: { headMax: small, lengthMax: small },
  D: { headMax: 0, lengthMax: small },
  H: { headMax: 0, lengthMax: small },
  S: { headMax: 0, lengthMax: small },
  X: { headMax: 0, lengthMax: small },
  c: { headMax: 0, lengthMax: small },
  f: { headMax: 0, lengthMax: small },
  d: { headMax: undefined, lengthMax: large },
  p: { headMax: undefined, lengthMax: login },
};

const short = 30_000;
const unread = { headMax: undefined, lengthMax: short };
const unreadLarge = { headMax: undefined, lengthMax: large };

/** From the database. */
export const backendRules: FrameRules = {
  R: unread,
  v: unread,
  S: unread,
  K: { headMax: 4, lengthMax: short },
  Z: { headMax: 1, lengthMax: short },
  E: { headMax: 8_192, lengthMax: large },
  N: unreadLarge,
  A: unreadLarge,
  "1": { headMax: 0, lengthMax: short },
  "2": unread,
  "3": unread,
  n: unread,
  t: unreadLarge,
  T: unreadLarge,
  D: unreadLarge,
  V: unreadLarge,
  d: unreadLarge,
  c: unread,
  C: { headMax: 256, lengthMax: short },
  I: { headMax: 0, lengthMax: short },
  s: { headMax: 0, lengthMax: short },
  G: { headMax: 0, lengthMax: short },
  H: { headMax: 0, lengthMax: short },
  W: { headMax: 0, lengthMax: short },
};

/** Asks the backend to send what it has ready. Nothing answers it. */
export const flushMessage = Buffer.from([0x48, 0, 0, 0, 4]);

/** A Parse that no backend understands: it fails, and with it everything up to the next Sync. */
export const brokenParse = typedMessage("P", Buffer.from("\0!\0\0\0"));

/** An ErrorResponse that ends a statement, as a backend writes it. */
export function errorMessage({ code, message }: { readonly code: string; readonly message: string }): Buffer {
  return typedMessage("E", Buffer.from(`SERROR\0VERROR\0C${code}\0M${message}\0\0`));
}

/** Strings with a zero behind each, one after the other; what was cut off ends with the bytes at hand. */
export function stringsOf(
  bytes: Buffer,
  count: number,
): { readonly strings: string[]; readonly end: number } {
  const strings: string[] = [];
  let start = 0;
  while (strings.length < count) {
    const zero = bytes.indexOf(0, start);
    const end = zero === -1 ? bytes.length : zero;
    strings.push(bytes.toString("utf8", start, end));
    start = Math.min(end + 1, bytes.length);
  }
  return { strings, end: start };
}

/** How many parameters a Bind gives, where the head reaches so far; 0 otherwise. `from` is behind its two names. */
export function parameterCountOf(bytes: Buffer, from: number): number {
  if (from + 2 > bytes.length) return 0;
  const countAt = from + 2 + bytes.readUInt16BE(from) * 2;
  return countAt + 2 > bytes.length ? 0 : bytes.readUInt16BE(countAt);
}

export interface WireError {
  readonly severity: string;
  readonly code: string;
  readonly message: string;
}

/** The fields of an ErrorResponse that say what happened. */
export function errorOf(bytes: Buffer): WireError {
  const fields = new Map<string, string>();
  for (let at = 0; at < bytes.length && bytes[at] !== 0; ) {
    const { strings, end } = stringsOf(bytes.subarray(at + 1), 1);
    fields.set(String.fromCharCode(bytes[at]!), strings[0]!);
    at += 1 + end;
  }
  return {
    severity: fields.get("V") ?? fields.get("S") ?? "ERROR",
    code: fields.get("C") ?? "XX000",
    message: fields.get("M") ?? "",
  };
}

/** An ErrorResponse that ends the session, as a backend writes it. */
export function fatalMessage({ code, message }: { readonly code: string; readonly message: string }): Buffer {
  return typedMessage("E", Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${message}\0\0`));
}

function typedMessage(type: string, body: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.write(type);
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}
