// A socket says hello first, and then shows ops in the order of their ids.
import { isJsonObject } from "../../protocol/json.ts";
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { EventIndex } from "../history.ts";
import type { WaveflowEvent } from "./events.ts";
import { type FrameReading, readHistory } from "./reading.ts";
import { numberIn } from "./body.ts";

/** Leaves out everything once a fault has touched frames or sockets: then they may be late, repeated or lost. So is
 *  every socket of a device but its first: the history does not tell what is still to come from an older one.
 *  Source: WF-WS-1, WF-PUSH-11; waveflow.md section 8 ("The hello comes before any op"). */
export const framesRise: Law<WaveflowEvent> = {
  id: "frames-rise",
  requirements: ["WF-WS-1", "WF-PUSH-11"],
  promise: "On an undisturbed socket the hello comes first and the ids of the ops rise.",
  judge(history) {
    const tally = new Tally();
    const { frames, upheavals } = readHistory(history);
    const until = upheavals.find((at) => isOfSockets(history.events[at]!)) ?? Infinity;
    const sockets = new Map<string, Line>();
    for (const frame of frames) {
      if (frame.at > until) break;
      let line = sockets.get(frame.installation.actor);
      if (line === undefined) {
        line = { socketAskedAt: frame.socketAskedAt, hasHello: false, lastId: 0, lastAt: -1 };
        sockets.set(frame.installation.actor, line);
      }
      if (line.socketAskedAt === frame.socketAskedAt) judgeFrame(frame, line, tally);
    }
    return tally.verdict("no frame came before a fault touched the sockets");
  },
};

const isOfSockets = (event: WaveflowEvent): boolean =>
  event.kind === "fault" && /frame|socket/u.test(event.fault);

interface Line {
  readonly socketAskedAt: EventIndex;
  hasHello: boolean;
  lastId: number;
  lastAt: EventIndex;
}

function judgeFrame(reading: FrameReading, line: Line, tally: Tally): void {
  const { type, frame, at, installation, socketAskedAt } = reading;
  tally.look();
  if (type === "hello") line.hasHello = true;
  if (type !== "op") return;
  const id = isJsonObject(frame.op) ? numberIn(frame.op, "id") : undefined;
  if (id === undefined) return;
  if (!line.hasHello && socketAskedAt >= 0) {
    tally.contradict(
      [socketAskedAt, at],
      () =>
        `${installation.actor} opened a socket. The first that it got was op ${id}, before any hello, so it cannot know up to where to pull.`,
      ["WF-WS-1"],
    );
  } else if (id < line.lastId) {
    const { lastId, lastAt } = line;
    tally.contradict(
      [lastAt, at],
      () =>
        `${installation.actor} got op ${lastId} over its socket. Op ${id}, which is lower, came after it.`,
    );
  }
  line.hasHello = true;
  line.lastId = Math.max(line.lastId, id);
  line.lastAt = at;
}
