// Text for a POSIX shell, exact to the byte, with variables in it. What stands in single quotes is left alone by every
// shell; a variable stands in double quotes beside it. Bodies that no word can hold (a NUL byte, or more than a kernel
// takes as one argument) go through `printf`, which every shell has built in.

/** A stretch of text: as it is, or the value of a variable (a number moved by `plus`). */
export type ShellPart = { readonly text: string } | { readonly variable: string; readonly plus?: number };

/** One word of a command line. */
export function shellWord(parts: readonly ShellPart[]): string {
  const joined = merged(parts);
  if (joined.length === 0) return "''";
  return joined.map((part) => ("text" in part ? quoted(part.text) : `"${expansion(part)}"`)).join("");
}

/** One word in double quotes, for a header that is mostly a variable: `"Authorization: Bearer $TOKEN"`. */
export const doubleQuoted = (parts: readonly ShellPart[]): string =>
  `"${parts
    .map((part) => ("text" in part ? part.text.replaceAll(/[\\"$`]/gu, String.raw`\$&`) : expansion(part)))
    .join("")}"`;

/** A command that writes the bytes to standard output, and nothing behind them. */
export function printfCommand(parts: readonly ShellPart[]): string {
  const joined = merged(parts);
  const format = joined.map((part) => ("text" in part ? printfText(part.text) : "%s")).join("");
  const values = joined.flatMap((part) => ("text" in part ? [] : [`"${expansion(part)}"`]));
  return ["printf", `'${format}'`, ...values].join(" ");
}

/** The same for bytes that are no text. */
export const printfBytes = (bytes: Uint8Array): string => `printf '${[...bytes].map(printfByte).join("")}'`;

/** Whether a word can hold it: no NUL, and not longer than any kernel takes. */
export const fitsInWord = (text: string): boolean => !text.includes("\0") && text.length <= wordLengthMax;

/** Linux takes 128 KiB as one argument. A reader takes less, but has to scroll either way.  Units: UTF-16 code units. */
const wordLengthMax = 30_000;

/** Letters that a word can hold without quotes. */
const plainWord = /^[\w%+,./:=@-]+$/u;

const quoted = (text: string): string => (plainWord.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

const expansion = ({ variable, plus = 0 }: { readonly variable: string; readonly plus?: number }): string => {
  if (plus === 0) return `\${${variable}}`;
  return `$((${variable}${plus < 0 ? "" : "+"}${plus}))`;
};

function merged(parts: readonly ShellPart[]): readonly ShellPart[] {
  const result: ShellPart[] = [];
  for (const part of parts) {
    const last = result.at(-1);
    if ("text" in part && part.text === "") continue;
    if ("text" in part && last !== undefined && "text" in last)
      result[result.length - 1] = { text: last.text + part.text };
    else result.push(part);
  }
  return result;
}

/** For the format of `printf`, inside of single quotes. */
function printfText(text: string): string {
  let out = "";
  for (const letter of text) {
    const code = letter.codePointAt(0)!;
    if (code >= 0x80) out += letter;
    else out += printfByte(code);
  }
  return out;
}

function printfByte(byte: number): string {
  const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x25 && byte !== 0x27 && byte !== 0x5c;
  return isPlain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, "0")}`;
}
