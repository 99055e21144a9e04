// POST /sync/ack and the socket's {"ack":N}: the only way to a cursor. Written at once, so nothing waits in memory.
import { defect } from "./defects.mjs";
import { integerOf, readJson } from "./json.mjs";
import { headOf } from "./push.mjs";
import { malformed, Refusal } from "./refusal.mjs";
import { ownerOfCursors } from "./store.mjs";

/** How long an ACK waits where somebody has chosen to collect them.  Units: milliseconds. */
const collectMs = 5_000;

/** Takes the ACK of a request's body.  Errors: Refusal 400, 422. */
export function acknowledge(context, caller, text) {
  const root = readJson(text);
  const given = root?.kind === "object" ? root.members.get("last_seen_id") : undefined;
  const id = integerOf(given) ?? (defect("ack-text-accepted") ? Number(given?.value) : undefined);
  if (!Number.isSafeInteger(id) || (id < 0 && !defect("negative-acks-accepted"))) {
    throw malformed("/last_seen_id", "an integer from 0");
  }
  moveCursor(context, caller, id);
}

/** Moves the caller's cursor up to `id`, never down.  Errors: Refusal 422 for an id that nothing has yet. */
export function moveCursor(context, caller, id) {
  const { store, memory } = context;
  const { owner, device } = caller;
  const write = () =>
    store.write(() => {
      const head = headOf(store, owner);
      if (id > head && !defect("acks-beyond-head-accepted")) {
        if (defect("acks-beyond-head-cut")) return;
        throw new Refusal(422, "ack_beyond_head", { offered: id, head });
      }
      const kept = defect("acks-fall") ? "excluded.upto" : "max(upto, excluded.upto)";
      store.run(
        "INSERT INTO cursor VALUES (?, ?, ?, ?) " +
          `ON CONFLICT DO UPDATE SET upto = ${kept}, acked_at = excluded.acked_at`,
        ownerOfCursors(owner),
        device,
        id,
        store.now(),
      );
    });
  if (!defect("first-ack-waits")) return write();
  if (id > headOf(store, owner)) throw new Refusal(422, "ack_beyond_head", { head: headOf(store, owner) });
  memory.later(collectMs, write);
}
