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

  /** Puts these lines where the last painted ones stood. Lines must fit the width: a wrapped line cannot be found again. */
  repaint(lines: readonly string[]): void {
    const text = lines.map((line) => `${line}\n`).join("");
    this.#stream.write(`${this.#back()}${text}`);
    this.#paintedLines = lines.length;
  }

  /** Takes the painted lines away. */
  erase(): void {
    if (this.#paintedLines > 0) this.#stream.write(this.#back());
    this.#paintedLines = 0;
  }

  /** Writes lines that stay. */
  write(lines: readonly string[]): void {
    this.erase();
    this.#stream.write(lines.map((line) => `${line}\n`).join(""));
  }

  #back(): string {
    return this.#paintedLines === 0 ? "" : `${escape}[${this.#paintedLines}A\r${escape}[0J`;
  }
}
