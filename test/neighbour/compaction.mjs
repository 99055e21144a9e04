// The job that deletes what every live device has acknowledged and something newer has replaced.
import { setTimeout as sleep } from "node:timers/promises";
import { defect } from "./defects.mjs";
import { ownerOfCursors } from "./store.mjs";

/** A device without contact for longer than this holds nothing back.  Units: milliseconds. */
const staleAfter = Number(process.env.STALE_AFTER_MS ?? 90 * 86_400_000);

/** Compacts the log of one user; resolves to `{compacted_up_to, deleted}`. */
export async function compact({ store, sockets }, owner) {
  const first = store.write(() => {
    const { deleted, highest, floor } = sweep(store, owner);
    if (!defect("watermark-follows-later")) raise(store, owner, { deleted, highest, floor });
    return { deleted, highest, floor };
  });
  if (defect("watermark-follows-later")) {
    await sleep(300);
    store.write(() => raise(store, owner, first));
  }
  sockets.tell(owner);
  return { deleted: first.deleted, compacted_up_to: store.account(owner).compacted, below: first.floor };
}

function sweep(store, owner) {
  const floor = floorOf(store, owner);
  if (floor === undefined) return { deleted: 0, highest: 0, floor: 0 };
  const gone = store.all(
    `SELECT id, operation FROM entry AS old WHERE owner = :owner AND id < :floor AND EXISTS (${replacement()})`,
    { owner, floor },
  );
  for (const { id, operation } of gone) {
    store.run("DELETE FROM entry WHERE owner = ? AND id = ?", owner, id);
    if (defect("receipts-go-with-their-ops")) {
      store.run("DELETE FROM receipt WHERE owner = ? AND operation = ?", owner, operation.toLowerCase());
    }
  }
  if (defect("tombstones-collected")) {
    store.run("DELETE FROM entry WHERE owner = ? AND id < ? AND kind = 'delete'", owner, floor);
  }
  if (defect("stale-devices-removed")) {
    const limit = store.now() - staleAfter;
    store.run("DELETE FROM device WHERE owner = ? AND seen_at < ?", owner, limit);
    store.run("DELETE FROM cursor WHERE owner = ? AND acked_at < ?", owner, limit);
  }
  return { deleted: gone.length, highest: Math.max(0, ...gone.map(({ id }) => id)), floor };
}

/** What an op is superfluous for: something newer below the floor, for its field or for all of its entity. */
function replacement() {
  const sameField = defect("fields-mixed-up") ? "1" : "new.field = old.field";
  const isNewer = defect("deletes-reach-forward")
    ? "(new.id > old.id OR (new.kind = 'delete' AND new.id <> old.id))"
    : "new.id > old.id";
  const isSameEntity = defect("types-mixed-up") ? "1" : "new.type = old.type";
  return (
    `SELECT 1 FROM entry AS new WHERE new.owner = old.owner AND ${isSameEntity} AND new.entity = old.entity ` +
    `AND new.id < :floor AND ${isNewer} ` +
    `AND (new.kind = 'delete' OR (new.kind = 'upsert' AND old.kind = 'upsert' AND ${sameField}))`
  );
}

/** The id below which everything has been acknowledged by everybody who counts; undefined if nobody does. */
function floorOf(store, owner) {
  if (defect("floor-is-head")) return store.account(owner).last_id;
  const contact = defect("contact-is-the-last-ack") ? "acked_at" : "seen_at";
  const which = defect("floor-is-the-highest-cursor") ? "max" : "min";
  const since = store.now() - (defect("stale-after-nine-days") ? staleAfter / 10 : staleAfter);
  const { floor } = store.one(
    `SELECT ${which}(upto) AS floor FROM cursor JOIN device ON device.device = cursor.device ` +
      `WHERE cursor.owner = ? AND device.owner = ? AND ${contact} >= ?`,
    ownerOfCursors(owner),
    owner,
    defect("stale-devices-count") ? 0 : since,
  );
  return floor ?? undefined;
}

/** The watermark goes to the floor at once and not to the highest id that went: devices that count are there anyway, and
 *  the next sweep finds it where it is. */
function raise(store, owner, { deleted, highest, floor }) {
  const isNothing = deleted === 0 && !defect("watermark-rises-for-nothing");
  if (isNothing || floor === 0) return;
  const { last_id: head, compacted } = store.account(owner);
  const lawful = Math.min(Math.max(highest, floor - 1), head);
  const next = defect("watermark-stays") ? compacted : defect("watermark-is-head") ? head + 1 : lawful;
  const sql = defect("watermark-falls")
    ? "UPDATE account SET compacted = ?, sweeps = sweeps + 1 WHERE owner = ?"
    : "UPDATE account SET compacted = max(compacted, ?), sweeps = sweeps + 1 WHERE owner = ?";
  store.run(sql, defect("watermark-falls") ? highest : next, owner);
}
