// Live sockets in a script, by websocat: what the server says is printed as it comes and kept in a file, what the device
// said is written to a pipe. Where websocat is missing the script goes on without, and says so.
import type { WireExchange, WireFrame } from "../../live/wire-record.ts";
import { commentLine } from "./comment.ts";
import type { CurlOptions } from "./curl-lines.ts";
import type { Echoes } from "./echoes.ts";
import { doubleQuoted, shellWord } from "./shell-text.ts";
import { tokenVariable } from "./token-lines.ts";

/** POSIX shells know the file descriptors up to 9; the first three are taken. */
const firstDescriptor = 3;
const lastDescriptor = 9;

export class Sockets {
  /** The pipe of each device whose socket is open. */
  readonly #open = new Map<string, number>();
  #next = firstDescriptor;
  #isUsed = false;

  /** The file of what a device hears. */
  fileOf(who: string): string {
    return `${fileName(who)}.frames`;
  }

  get head(): readonly string[] {
    if (!this.#isUsed) return [];
    return [
      "# Live sockets: websocat (https://github.com/vi/websocat; brew install websocat, cargo install websocat, or one",
      "# file to download). With node, `npx wscat -c URL -H 'Name: value'` in a terminal of its own does as well.",
      "WS=ws${BASE#http}",
      "trap '' PIPE",
      `listen() { # NAME, then what websocat takes`,
      `  n=$1; shift; mkfifo "$DIR/$n.in"; : >"$DIR/$n.frames"`,
      `  if command -v websocat >/dev/null; then websocat "$@" <"$DIR/$n.in"; else echo 'websocat is not installed'; cat "$DIR/$n.in"; fi |`,
      `    while IFS= read -r frame; do printf '%s\\n' "$frame" >>"$DIR/$n.frames"; printf '   %s hears: %s\\n' "$n" "$frame"; done`,
      "}",
    ];
  }

  /** Lets everybody hear what is still to come, and hang up. */
  get foot(): readonly string[] {
    return [
      ...(this.#isUsed ? ["sleep 1"] : []),
      ...[...this.#open.keys()].flatMap((who) => this.#close(who)),
    ];
  }

  /** Waits for what was begun together, and not for those who listen. */
  get waitCommand(): string {
    return this.#isUsed ? "sleep 1" : "wait";
  }

  open(exchange: WireExchange, options: CurlOptions): readonly string[] {
    const { who, token, headers, path } = exchange;
    const closing = this.#close(who);
    if (this.#next > lastDescriptor)
      return ["# (more sockets than a shell has file descriptors: this one is left out)"];
    this.#isUsed = true;
    const descriptor = this.#next++;
    this.#open.set(who, descriptor);
    const device = headers.find(([name]) => name.toLowerCase() === options.deviceHeader);
    const variable = device === undefined ? undefined : options.deviceVariable(device[1]);
    const words = [
      ...(token === undefined ? [] : [`-H="Authorization: Bearer $${tokenVariable(token)}"`]),
      ...(device === undefined
        ? []
        : [
            `-H=${doubleQuoted([{ text: `${device[0]}: ` }, variable === undefined ? { text: device[1] } : { variable }])}`,
          ]),
      `"$WS"${shellWord(options.echoes.inPath(path))}`,
    ];
    const name = fileName(who);
    // Every socket has a pipe of its own name, also the second one of a device.
    return [
      ...closing,
      `rm -f "$DIR/${name}.in"; listen ${name} ${words.join(" ")} &`,
      `sleep 1; exec ${descriptor}>"$DIR/${name}.in"; sleep 1`,
    ];
  }

  frame({ who, direction, text, isClose, closeCode }: WireFrame, echoes: Echoes): readonly string[] {
    if (direction === "to-device") {
      if (isClose)
        return [commentLine(`  ${who} hears: closed${closeCode === undefined ? "" : ` with ${closeCode}`}`)];
      return [commentLine(`  ${who} hears: ${text ?? "something that is no text"}`)];
    }
    if (isClose) return this.#close(who);
    const descriptor = this.#open.get(who);
    if (descriptor === undefined || text === undefined)
      return [commentLine(`  ${who} says something over its socket`)];
    return [`printf '%s\\n' ${shellWord(echoes.inText(text))} >&${descriptor}`];
  }

  #close(who: string): readonly string[] {
    const descriptor = this.#open.get(who);
    this.#open.delete(who);
    return descriptor === undefined ? [] : [`exec ${descriptor}>&-   # ${who} hangs up`];
  }
}

const fileName = (who: string): string => who.replaceAll(/\W/gu, "_");
