// Text into GitHub's Markdown. What a server answered may hold anything: nothing of it may end a table's cell, a block of
// code, or become HTML.
import { printable } from "../wrap.ts";

/** For a line of prose, or a cell of a table. */
export function markdownText(text: string): string {
  return printable(text)
    .replaceAll(/\s+/gu, " ")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(/[\\`*_[\]|~#@]/gu, (letter) => `\\${letter}`);
}

/** `code`, fenced by more backticks than it holds. */
export function markdownCode(text: string): string {
  const plain = printable(text).replaceAll(/\s+/gu, " ").trim();
  const fence = "`".repeat(longestRun(plain) + 1);
  const pad = plain.startsWith("`") || plain.endsWith("`") ? " " : "";
  // In a table a bar ends the cell, even in code.
  return plain === "" ? "" : `${fence}${pad}${plain}${pad}${fence}`.replaceAll("|", "\\|");
}

/** A block of code, lines kept. */
export function markdownBlock(text: string): readonly string[] {
  const lines = text.split("\n").map(printable);
  const fence = "`".repeat(Math.max(3, longestRun(text) + 1));
  return [`${fence}text`, ...lines, fence];
}

/** A table; cells are Markdown already. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)];
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/gu)].map(([run]) => run.length));
}
