// The last lines that a process wrote. Servers under test may write without end; a report needs the end.
import type { Readable } from "node:stream";

const linesMax = 200;
const lineLengthMax = 2_000;

export class OutputTail {
  readonly #lines: string[] = [];

  get lines(): readonly string[] {
    return this.#lines;
  }

  add(line: string): void {
    this.#lines.push(line.length > lineLengthMax ? `${line.slice(0, lineLengthMax)}…` : line);
    if (this.#lines.length > linesMax) this.#lines.shift();
  }

  /** Takes every line of a stream; `onLine` hears of each one as well. */
  follow(stream: Readable, onLine?: (line: string) => void): void {
    let rest = "";
    const take = (line: string): void => {
      if (line.trim() === "") return;
      this.add(line);
      onLine?.(line);
    };
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      // A line without an end is cut, so that a process cannot fill our memory with one.
      if (rest.length > lineLengthMax) {
        take(rest);
        rest = "";
      }
      for (const line of lines) take(line);
    });
    stream.on("end", () => take(rest));
    stream.on("error", () => undefined);
  }
}
