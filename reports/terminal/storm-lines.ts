// A storm in a few lines: seeds done, how fast, and which faults really happened.
import type { Ink } from "../ink.ts";
import type { StormProgress } from "../reporter.ts";
import { countText, durationText } from "../time-text.ts";
import { cut } from "../wrap.ts";
import { progressBar } from "./live-list.ts";

export function stormLines(
  storm: StormProgress,
  { width, ink }: { readonly width: number; readonly ink: Ink },
): readonly string[] {
  const { seedsDone, seedsTotal, elapsedMs, events, violations } = storm;
  const seconds = Math.max(0.001, elapsedMs / 1_000);
  const bar = progressBar(seedsTotal === 0 ? 1 : seedsDone / seedsTotal, width - 50, ink);
  const found = `${countText(violations)} ${violations === 1 ? "violation" : "violations"}`;
  return [
    ` ${ink.bold("storm")} ${bar} ${countText(seedsDone)} of ${countText(seedsTotal)} seeds`,
    ` ${durationText(elapsedMs)} · ${countText(seedsDone / seconds)} seeds/s · ${countText(events / seconds)} events/s · ` +
      (violations > 0 ? ink.red(found) : found),
    ` ${ink.dim(cut(faultsText(storm.faults), width - 2))}`,
  ];
}

/** `faults that happened: lose-reply 12,001, crash 3,100`; the most frequent first. */
export function faultsText(faults: Readonly<Record<string, number>>): string {
  const kinds = Object.entries(faults).filter(([, count]) => count > 0);
  if (kinds.length === 0) return "no fault has happened yet";
  kinds.sort(([left, leftCount], [right, rightCount]) => rightCount - leftCount || (left < right ? -1 : 1));
  return `faults that happened: ${kinds.map(([kind, count]) => `${kind} ${countText(count)}`).join(", ")}`;
}
