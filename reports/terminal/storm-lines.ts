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
  const { seedsDone, seedsTotal, elapsedMs, events, violations, unit = "seeds" } = storm;
  const seconds = Math.max(0.001, elapsedMs / 1_000);
  const share = shareDone(storm);
  const bar = progressBar(share, width - 50, ink);
  const found = `${countText(violations)} ${violations === 1 ? "violation" : "violations"}`;
  const total = storm.timeTotalMs === undefined ? ` of ${countText(seedsTotal)} ${unit}` : ` ${unit}`;
  const left = share > 0 ? ` · ${durationText((elapsedMs * (1 - share)) / share)} left` : "";
  const eventsText = events === 0 ? "" : `${countText(events / seconds)} events/s · `;
  const reached = storm.situations === undefined ? "" : `${countText(storm.situations)} situations · `;
  return [
    ` ${ink.bold(storm.name ?? "storm")} ${bar} ${countText(seedsDone)}${total}`,
    ` ${durationText(elapsedMs)}${left} · ${countText(seedsDone / seconds)} ${unit}/s · ${eventsText}${reached}` +
      (violations > 0 ? ink.red(found) : found),
    ...(storm.details ?? [storm.note ?? faultsText(storm.faults)]).map(
      (text) => ` ${ink.dim(cut(text, width - 2))}`,
    ),
  ];
}

/** From 0 to 1; time counts where it is the bound. */
function shareDone({ seedsDone, seedsTotal, elapsedMs, timeTotalMs }: StormProgress): number {
  if (timeTotalMs !== undefined) return timeTotalMs === 0 ? 1 : Math.min(1, elapsedMs / timeTotalMs);
  return seedsTotal === 0 ? 1 : seedsDone / seedsTotal;
}

/** `faults that happened: lose-reply 12,001, crash 3,100`; the most frequent first. */
export function faultsText(faults: Readonly<Record<string, number>>): string {
  const kinds = Object.entries(faults).filter(([, count]) => count > 0);
  if (kinds.length === 0) return "no fault has happened yet";
  kinds.sort(([left, leftCount], [right, rightCount]) => rightCount - leftCount || (left < right ? -1 : 1));
  return `faults that happened: ${kinds.map(([kind, count]) => `${kind} ${countText(count)}`).join(", ")}`;
}
