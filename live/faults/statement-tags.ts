// What a server says of its statements on the wire: the name of each, and what their transaction is for.
import type { WireStatement } from "./postgres-wire/events.ts";

/** `insert_ops` and `insertOps` are one name. */
export const plainName = (name: string): string => name.replaceAll("_", "").toLowerCase();

/** The name of the prepared statement, or what ends or begins a transaction. */
export const nameOf = ({ name, commands }: WireStatement): string =>
  name === "" ? (commands[0] ?? "") : name;

/** What the comment of the transaction's BEGIN says. */
export function tagsOf({ earlier, text }: WireStatement): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  const comment = /\/\*(.*?)\*\//u.exec(earlier[0] ?? text)?.[1] ?? "";
  for (const [, key, value] of comment.matchAll(/([\w-]+)='((?:[^'\\]|\\.)*)'/gu)) {
    tags.set(key!, decodeURIComponent(value!));
  }
  return tags;
}
