// One exchange of a run as a command of curl that sends the same bytes.
import type { WireExchange, WireHeaders } from "../../live/wire-record.ts";
import type { Echoes } from "./echoes.ts";
import {
  doubleQuoted,
  fitsInWord,
  printfBytes,
  printfCommand,
  type ShellPart,
  shellWord,
} from "./shell-text.ts";
import { tokenVariable } from "./token-lines.ts";

export interface CurlOptions {
  readonly echoes: Echoes;
  /** The variable of a device's id, by the id as it stands in the header. */
  readonly deviceVariable: (id: string) => string | undefined;
  readonly deviceHeader: string;
  /** The variable that holds the server's address. */
  readonly base: string;
  /** The file for the answer, below `$DIR`. */
  readonly file: string;
}

/** What it takes to send an exchange again. */
export type Sendable = Pick<WireExchange, "method" | "path" | "headers" | "token" | "body">;

/** The command, on as many lines as it needs. It prints the answer and its status, and keeps the body in its file.
 *  `undefined` where the body was too long to be kept. */
export function curlLines(exchange: Sendable, options: CurlOptions): readonly string[] | undefined {
  const { body } = exchange;
  const stdin = bodyOf(exchange, options.echoes);
  if (stdin === undefined) return undefined;
  const isInWord = stdin.word !== undefined;
  const words = [
    [
      "curl -sS -m 20",
      "-w ' -> %{http_code}\\n'",
      ...methodWords(exchange),
      ...targetWords(exchange, options),
    ],
    ...headerWords(exchange, options).map((word) => [`-H ${word}`]),
    ...(body.bytes === 0 ? [] : [[isInWord ? `--data-raw ${stdin.word}` : "--data-binary @-"]]),
  ].map((line) => line.join(" "));
  const begin = body.bytes > 0 && !isInWord ? `${stdin.command} | ${words[0]}` : words[0]!;
  const lines = [begin, ...words.slice(1)];
  return [
    ...lines.map((line, index) => (index === 0 ? `${line} \\` : `  ${line} \\`)),
    `  | tee "$DIR/${options.file}"`,
  ];
}

function bodyOf(
  { body }: Sendable,
  echoes: Echoes,
): { readonly word?: string; readonly command?: string } | undefined {
  if (body.bytes === 0) return {};
  if (body.base64 !== undefined) return { command: printfBytes(Buffer.from(body.base64, "base64")) };
  if (body.text === undefined) return undefined;
  const parts = echoes.inText(body.text);
  return fitsInWord(body.text) ? { word: shellWord(parts) } : { command: printfCommand(parts) };
}

function methodWords({ method, body }: Sendable): readonly string[] {
  if (method === "HEAD") return ["-I"];
  const plain = body.bytes === 0 ? "GET" : "POST";
  return method === plain ? [] : ["-X", shellWord([{ text: method }])];
}

/** What curl would tidy up, or read as a pattern, goes out as it stands. */
function targetWords({ path }: Sendable, { echoes, base }: CurlOptions): readonly string[] {
  const parts: readonly ShellPart[] = echoes.inPath(path);
  if (!/^\/[\w./?&=%~:,+@*!;$-]*$/u.test(path))
    return ["-g", `--request-target ${shellWord(parts)}`, `"$${base}/"`];
  const flags = /\/\.{1,2}(?:[/?]|$)/u.test(path) ? ["--path-as-is"] : [];
  return [...flags, `"$${base}"${shellWord(parts)}`];
}

function headerWords(exchange: Sendable, options: CurlOptions): readonly string[] {
  const { headers, token, body } = exchange;
  const words = token === undefined ? [] : [`"Authorization: Bearer $${tokenVariable(token)}"`];
  const kept = keptHeaders(headers, body.bytes);
  words.push(...kept.map(([name, value]) => headerWord(name, value, options)));
  const has = (name: string): boolean => kept.some(([one]) => one.toLowerCase() === name);
  // What curl would add of its own.
  if (body.bytes > 0 && !has("content-type")) words.push("'Content-Type:'");
  if (body.bytes > expectAboveBytes && !has("expect")) words.push("'Expect:'");
  return words;
}

function headerWord(name: string, value: string, { deviceHeader, deviceVariable }: CurlOptions): string {
  if (value === "") return shellWord([{ text: `${name};` }]);
  const variable = name.toLowerCase() === deviceHeader ? deviceVariable(value) : undefined;
  if (variable !== undefined) return doubleQuoted([{ text: `${name}: ` }, { variable }]);
  const word = shellWord([{ text: `${name}: ${value}` }]);
  return word.startsWith("'") ? word : `'${word}'`;
}

/** curl asks first whether it may send more than this.  Units: bytes. */
const expectAboveBytes = 1_000_000;

/** What a client's library adds says nothing; a length that is not the body's does. */
function keptHeaders(headers: WireHeaders, bodyBytes: number): WireHeaders {
  return headers.filter(([name, value]) => {
    const plain = name.toLowerCase();
    if (plain === "content-length") return Number(value) !== bodyBytes;
    return !ofLibraries.has(plain) && !plain.startsWith("sec-");
  });
}

const ofLibraries: ReadonlySet<string> = new Set([
  "host",
  "connection",
  "accept",
  "accept-language",
  "accept-encoding",
  "user-agent",
  "transfer-encoding",
  "keep-alive",
  "upgrade",
]);
