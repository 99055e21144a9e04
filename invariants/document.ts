// The page that says what the laws promise, made from the laws themselves.
import type { Law } from "./verdict.ts";

/** The text of `docs/invariants.md`. Writes nothing. */
export function documentLaws(laws: readonly Pick<Law, "id" | "promise" | "requirements">[]): string {
  const rows = laws.map(
    ({ id, promise, requirements }) => `| \`${id}\` | ${cell(promise)} | ${requirements.join(" ")} |`,
  );
  return `${[...introduction, "| law | promise | rules |", "|---|---|---|", ...rows].join("\n")}\n`;
}

const introduction = [
  "# Invariants",
  "",
  "What the judges hold every history to. Each law is one file of `invariants/<protocol>/`, one pure function from a",
  "history to *holds*, *violated* (with the events that contradict it) or *inconclusive* (what it is about never came",
  "up). What a law leaves out, and why, stands in its file. The last column names the rules of the protocol's page that",
  "a violation can show broken.",
  "",
  "This page is made from the laws; `seatrial docs` writes it.",
  "",
];

const cell = (text: string): string => text.replaceAll("|", "\\|");
