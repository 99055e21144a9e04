// Device verbs that every protocol has: what happens to a device's network, process, disk and clock.
import type { JsonObject } from "../../protocol/json.ts";
import { durationToMs, msToDuration } from "./duration.ts";
import type { LineReader } from "./line-reader.ts";
import type { VerbSpec } from "./vocabulary.ts";

/** A verb that stands alone. */
export const plainVerb = (help: string, form: string): VerbSpec => ({
  form,
  help,
  parse: () => ({}),
  print: () => "",
});

/** Crash at once (`args` empty), or at a durable step counted from now. */
const crash: VerbSpec = {
  form: "crash [before|after commit [<k>]]",
  help: "The device dies now, or at its k-th durable step from now, and stays down until `restart`. Its disk stays.",
  parse(line: LineReader): JsonObject {
    if (line.isDone) return {};
    const position = line.choice(["before", "after"], "when");
    line.keyword("commit");
    return { position, commit: line.isDone ? 1 : line.count("the number of the durable step") };
  },
  print: (args) =>
    args.position === undefined ? "" : `${String(args.position)} commit ${String(args.commit)}`,
  needs: () => ["device-crash"],
};

const skew: VerbSpec = {
  form: "skew <+/-duration>",
  help: "The device's clock is this far off from now on (not added to an earlier skew; `skew 0s` sets it right).",
  parse: (line) => ({ byMs: line.duration("how far the clock is off") }),
  print: (args) => signedDuration(Number(args.byMs)),
  needs: () => ["skew"],
};

const cloneFrom: VerbSpec = {
  form: "clone-from <device>",
  help: "The device gets a copy of the other one's disk, device id and queue included, and starts from it.",
  parse: (line) => ({ device: line.device() }),
  print: (args) => String(args.device),
};

/** The generic verbs, by name. */
export const deviceVerbs: ReadonlyMap<string, VerbSpec> = new Map([
  [
    "offline",
    plainVerb("Nothing passes between device and server, either way; what is under way is lost.", "offline"),
  ],
  ["online", plainVerb("Ends `offline`.", "online")],
  ["crash", crash],
  [
    "restart",
    {
      ...plainVerb("A crashed device starts from its disk; a running one is stopped first.", "restart"),
      needs: () => ["device-crash"],
    },
  ],
  ["skew", skew],
  ["backup", plainVerb("Keeps a copy of the device's disk, in place of an earlier copy.", "backup")],
  ["restore", plainVerb("The device starts from its last backup.", "restore")],
  ["clone-from", cloneFrom],
  ["reinstall", plainVerb("An empty disk and a new device id; account and server stay.", "reinstall")],
]);

/** A duration with its sign, as clocks are skewed. */
export function signedDuration(ms: number): string {
  const text = msToDuration(ms);
  return ms >= 0 && durationToMs(text) !== 0 ? `+${text}` : text;
}
