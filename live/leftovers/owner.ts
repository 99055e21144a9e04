// Who made a thing, in a word that fits into a name: the machine, the process, and when that process began, since
// process ids are used again. With it a later process can tell, of what it finds, whether the maker still lives.
// Says "gone" only of what is certainly gone: of another machine's processes, or of words of others, it never does.
import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A process, and which of those that have had its id. */
export interface ProcessMark {
  readonly processId: number;
  /** What the machine says of its beginning; 0 where it says nothing. */
  readonly startedAt: number;
}

/** The word for this process: letters, digits and hyphens. */
export function ownOwner(): string {
  const { processId, startedAt } = markOf(process.pid);
  return `${machine()}-${processId}-${startedAt}`;
}

/** The machine's part of the word: words with another one are another machine's. */
export function machine(): string {
  return createHash("sha256").update(`${hostname()} ${processIdSpace()}`).digest("hex").slice(0, 8);
}

/** Whether the process that the word is for has ended. */
export function isGone(owner: string): boolean {
  const parts = ownerPattern.exec(owner);
  if (parts === null || parts[1] !== machine()) return false;
  return hasEnded({ processId: Number(parts[2]), startedAt: Number(parts[3]) });
}

const ownerPattern = /^([0-9a-f]{8})-(\d+)-(\d+)$/u;

export function markOf(processId: number): ProcessMark {
  return { processId, startedAt: startOf(processId) ?? 0 };
}

export function hasEnded({ processId, startedAt }: ProcessMark): boolean {
  if (!isThere(processId)) return true;
  const start = startOf(processId);
  // Where nothing is known of beginnings, the id has to do.
  return start === undefined ? process.platform === "linux" : startedAt !== 0 && start !== startedAt;
}

function isThere(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Clock ticks after the machine's start, of a process that runs. A process that has ended and that nobody has asked
 *  about yet is none.
 *  Source: proc(5), /proc/pid/stat, fields 3 and 22. */
function startOf(processId: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${processId}/stat`, "utf8");
    // The name before it, in parentheses, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : Number(fields[19]);
  } catch {
    return undefined;
  }
}

/** Two containers on one machine count processes from 1, each for itself. */
function processIdSpace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}
