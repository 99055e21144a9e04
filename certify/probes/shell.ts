// A request as a line for a shell with curl, so that whoever wrote the server sees the fault without Seatrial.
import type { BodyPiece, WireRequest } from "./wire-request.ts";

/** A line that sends the request to `baseUrl` again and shows status, headers and body of the answer. */
export function curlLine(request: WireRequest, baseUrl: string): string {
  const { method, path, headers, body, delivery = "whole" } = request;
  if (delivery === "cut" && body !== undefined) return cutLine(request, baseUrl);
  const sent = [...headers];
  const words = ["curl -si --path-as-is --globoff"];
  if (method === "HEAD") words.push("-I");
  else if (method !== "GET" || body !== undefined) words.push(`-X ${method}`);
  words.push(quote(`${baseUrl}${path}`));
  for (const [name, value] of sent)
    words.push(`-H ${quote(value === "" ? `${name};` : `${name}: ${value}`)}`);
  if (body === undefined) return words.join(" ");
  if (!sent.some(([name]) => name.toLowerCase() === "content-type")) words.push("-H 'Content-Type:'");
  words.push("-H 'Expect:'");
  if (delivery === "whole") {
    const plain = plainText(body);
    if (plain !== undefined) return [...words, `--data-binary ${quote(plain)}`].join(" ");
    return `${pieces(body)} | ${[...words, "--data-binary @-"].join(" ")}`;
  }
  const stream = [...words, "-H 'Transfer-Encoding: chunked'", "-T -"].join(" ");
  return `${delivery === "dribbled" ? slowly(body) : pieces(body)} | ${stream}`;
}

/** A text between single quotes, whatever is in it. */
export const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** What one would type, where it can be typed. */
function plainText(body: readonly BodyPiece[]): string | undefined {
  let text = "";
  for (const piece of body) {
    if ("bytes" in piece || (piece.times ?? 1) > 1) return undefined;
    text += piece.text;
  }
  const isTypable = !/\p{Cc}/u.test(text) && text.isWellFormed() && text.length <= typedLengthMax;
  return isTypable ? text : undefined;
}

const typedLengthMax = 4_000;

function pieces(body: readonly BodyPiece[]): string {
  const printed = body.map(printPiece);
  return printed.length === 1 ? printed[0]! : `{ ${printed.join("; ")}; }`;
}

function slowly(body: readonly BodyPiece[]): string {
  return `{ ${body.map(printPiece).join("; sleep 0.1; ")}; }`;
}

function printPiece(piece: BodyPiece): string {
  if ("bytes" in piece) return `printf '${piece.bytes.map(octal).join("")}'`;
  const { text, times = 1 } = piece;
  if (times === 1) return `printf '${escaped(text)}'`;
  return `yes ${quote(text)} | head -n ${times} | tr -d '\\n'`;
}

/** For the format of `printf`. */
function escaped(text: string): string {
  let out = "";
  for (const byte of Buffer.from(text)) {
    const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x25 && byte !== 0x27 && byte !== 0x5c;
    out += isPlain ? String.fromCharCode(byte) : octal(byte);
  }
  return out;
}

const octal = (byte: number): string => `\\${byte.toString(8).padStart(3, "0")}`;

/** The head of the request, half of its body, and the end of the connection. */
function cutLine({ method, path, headers, body = [] }: WireRequest, baseUrl: string): string {
  const { host, hostname, port } = new URL(baseUrl);
  const text = body.map((piece) => ("text" in piece ? piece.text.repeat(piece.times ?? 1) : "")).join("");
  const bytes = Buffer.byteLength(text);
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${bytes}`,
  ];
  const head = lines.map((line) => `${escaped(line)}\\r\\n`).join("");
  return `printf '${head}\\r\\n${escaped(text.slice(0, text.length >> 1))}' | nc -q0 ${hostname} ${port}`;
}
