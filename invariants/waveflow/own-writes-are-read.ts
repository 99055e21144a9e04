// Who writes and looks sees what it wrote, also in the moment between "the server has it" and "it came back".
import { jsonEqual } from "../../protocol/json.ts";
import { entityKey } from "../../protocol/waveflow/fold.ts";
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { EventIndex } from "../history.ts";
import { eraOfState } from "./device-state.ts";
import type { WaveflowEvent } from "./events.ts";
import { type DeviceFinding, readHistory } from "./reading.ts";
import { firstAbove } from "./reads.ts";
import { type EraLog, noEra, type Stored } from "./user-log.ts";
import { nameContent, nameValue } from "./words.ts";

/** About edits that a push of the device brought to the server and that lie above its cursor: no page has shown them
 *  yet, so nothing that the device knows supersedes them, and a screen that falls back to the old value is wrong.
 *  Edits that still wait are the matter of `edits-stay-visible`.
 *  Leaves out: registers that a pending edit of the device writes as well; state from before a restore of the server;
 *  edits of which the device did not note that it made them (a crash, a write of mode `server` without an answer); dead
 *  letters, which somebody else may have refused after a crash had taken the server's answer.
 *  Source: WF-DEV-7 ("a pending edit that was pushed wins or loses by its id like any other"). */
export const ownWritesAreRead: Law<WaveflowEvent> = {
  id: "own-writes-are-read",
  requirements: ["WF-DEV-7"],
  promise: "A device shows its own accepted edits until it has read something newer.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    for (const found of reading.deviceFindings) {
      const log = found.installation.user.era(found.era);
      const known = log.sorted();
      const first = firstAbove(known, found.finding.cursor);
      if (first === known.length) continue;
      if (eraOfState(reading, found.installation, found.at) === found.era && found.era !== noEra)
        judgeLook(found, { log, first }, tally);
    }
    return tally.verdict("no device was looked at while an edit of its own was on its way back");
  },
};

function judgeLook(
  found: DeviceFinding,
  { log, first }: { readonly log: EraLog; readonly first: number },
  tally: Tally,
): void {
  const { finding, installation, at } = found;
  const known = log.sorted();
  const { user } = installation;
  const excepted = new Set(finding.pending.map((op) => user.operation(op.operation_id).operationId));
  for (const operationId of finding.deadLetters) excepted.add(uuidKey(operationId));
  const covered = coveredByPending(found);
  /** The last own write of each register, from the lowest id to the highest. */
  const shown = new Map<string, OwnWrite>();
  for (let place = first; place < known.length; place++) {
    const stored = known[place]!;
    const { content, operation } = stored;
    if (excepted.has(operation.operationId)) continue;
    const acceptedAt = acceptedFrom(found, stored);
    if (acceptedAt === undefined) continue;
    const entity = entityKey(content.entity_type, content.entity_id);
    const isSure = operation.editedBy === installation.actor && operation.editedAt < at;
    if (content.op === "delete")
      for (const register of [...shown.keys()])
        if (register.startsWith(`${entity}\u0000`)) shown.delete(register);
    if (content.op !== "delete")
      shown.set(`${entity}\u0000${content.field ?? ""}`, { stored, acceptedAt, isSure });
  }
  for (const [register, { stored, acceptedAt, isSure }] of shown) {
    const [entity = "", field = ""] = register.split("\u0000");
    if (!isSure || covered.has(entity) || covered.has(register)) continue;
    tally.look();
    const seen = finding.visible[entity];
    const value = seen !== undefined && Object.hasOwn(seen, field) ? seen[field] : undefined;
    const { content, id, operation } = stored;
    if (value !== undefined && jsonEqual(value, content.value)) continue;
    tally.contradict(
      [operation.editedAt, acceptedAt, at],
      () =>
        `The server took ${nameContent(content)} from ${installation.actor} as id ${id}. ${installation.actor} has read up to ${finding.cursor} only, and its user sees ${nameValue(value)} there: the own edit has vanished on its way back.`,
    );
  }
}

interface OwnWrite {
  readonly stored: Stored;
  readonly acceptedAt: EventIndex;
  readonly isSure: boolean;
}

/** When a push of this device, on this disk, was told that the operation is stored. What it was told before a restore of
 *  the server is gone with it, although a copy of its push that was still under way may be stored after it. */
function acceptedFrom(
  { installation, at, era }: DeviceFinding,
  { operation }: Stored,
): EventIndex | undefined {
  for (const { call } of operation.placements) {
    if (call.installation !== installation || call.request.isByHand === true || call.era !== era) continue;
    if (call.outcome === "accepted" && call.answeredAt < at) return call.answeredAt;
  }
  return undefined;
}

/** Registers that a pending edit writes, and entities that one deletes. */
function coveredByPending({ finding }: DeviceFinding): ReadonlySet<string> {
  const covered = new Set<string>();
  for (const { entity_type, entity_id, op, field } of finding.pending) {
    const entity = entityKey(entity_type, entity_id);
    covered.add(op === "delete" ? entity : `${entity}\u0000${field ?? ""}`);
  }
  return covered;
}
