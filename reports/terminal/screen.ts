// Lines at the foot of a terminal that are painted over. Escape sequences are used here and nowhere else.

/** What a reporter needs of standard output. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

const escape = "\u001B";

export class Screen {
  readonly #stream: TextStream;
  #paintedLines = 0;

  constructor(stream: TextStream) {
    this.#stream = stream;
  }

  /** Puts these lines where the last painted ones stood. Lines must fit the width: a wrapped line cannot be found again.
   *  Each line is overwritten where it stands; clearing the screen below would flicker, and some terminals keep every
   *  cleared screen in their scrollback. */
  repaint(lines: readonly string[]): void {
    const stale = Math.max(0, this.#paintedLines - lines.length);
    const fresh = lines.map((line) => `${line}${escape}[0K\n`).join("");
    const blank = `${escape}[2K\n`.repeat(stale);
    this.#stream.write(`${up(this.#paintedLines)}${fresh}${blank}${up(stale)}`);
    this.#paintedLines = lines.length;
  }

  /** Takes the painted lines away. */
  erase(): void {
    if (this.#paintedLines > 0) this.repaint([]);
  }

  /** Writes lines that stay. */
  write(lines: readonly string[]): void {
    this.erase();
    this.#stream.write(lines.map((line) => `${line}\n`).join(""));
  }
}

function up(lines: number): string {
  return lines === 0 ? "" : `${escape}[${lines}A\r`;
}
