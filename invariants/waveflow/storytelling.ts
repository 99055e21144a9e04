// How a WaveFlow history is told: its events in words, what they are about, and what they prove about the database.
import type { EventIndex, History } from "../history.ts";
import type { StoryAside, Storytelling } from "../story.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { describeWaveflowEvent } from "./describe.ts";
import type { WaveflowEvent } from "./events.ts";
import { waveflowSubjects } from "./subjects.ts";
import { nameOperation, nameSome } from "./words.ts";

export const waveflowStorytelling: Storytelling = {
  describe: describeWaveflowEvent,
  subjects: waveflowSubjects,
  asides: databaseLane,
};

interface StoredOperation {
  readonly operation_id: string;
  readonly id: number;
}

/** The database writes no history. What it holds is proven by whoever first reads or is told of it: that an operation
 *  was stored although its reply was lost shows only then. */
function databaseLane(history: History): ReadonlyMap<EventIndex, readonly StoryAside[]> {
  const asides = new Map<EventIndex, readonly StoryAside[]>();
  const known = new Set<string>();
  for (const [index, event] of history.events.entries()) {
    const fresh = storedIn(event as WaveflowEvent).filter(({ operation_id: operation, id }) => {
      const fact = `${operation.toLowerCase()} ${id}`;
      return !known.has(fact) && known.add(fact);
    });
    if (fresh.length > 0) {
      const text = nameSome(
        fresh,
        ({ operation_id: operation, id }) => `${nameOperation(operation)} as id ${id}`,
      );
      asides.set(index, [{ lane: "database", text: `has ${text} by now` }]);
    } else if (event.kind === "compacted" && event.deleted > 0) {
      const text = `has lost ${event.deleted} ops; watermark ${event.compactedUpTo}`;
      asides.set(index, [{ lane: "database", text }]);
    }
  }
  return asides;
}

function storedIn(event: WaveflowEvent): readonly StoredOperation[] {
  switch (event.kind) {
    case "accepted":
      if (event.reply.kind === "push") return event.reply.reply.results;
      return event.reply.kind === "pull" ? event.reply.reply.ops : [];
    case "frame": {
      const op = isJsonObject(event.frame) ? event.frame.op : undefined;
      if (!isJsonObject(op) || typeof op.operation_id !== "string" || typeof op.id !== "number") return [];
      return [{ operation_id: op.operation_id, id: op.id }];
    }
    case "found":
      return event.finding.kind === "log" ? event.finding.ops : [];
    default:
      return [];
  }
}
