// Acknowledgements. The first of a device is written at once; later ones wait in memory, the latest of each device, for
// up to five seconds, because a device acknowledges every frame and the table need not.
import { Refusal } from "./input.mjs";

const FLUSH_MS = 5000;

export function openAcks(store, defects) {
  const waiting = new Map(); // "owner device" -> { owner, device, lastSeen }
  const unwritten = new Set(); // keys of devices without a row, when the first ACK may wait too (a defect)

  async function acknowledge(owner, device, lastSeen) {
    const { head } = await store.headOf(owner);
    if (lastSeen > head) throw new Refusal(422, { type: "ack_beyond_head", head });
    const key = `${owner} ${device}`;
    const isFirst = (await store.cursorOf(owner, device)) === null;
    if (isFirst && !defects.has("ack-in-memory-first")) {
      await store.writeCursor(owner, device, lastSeen);
      return;
    }
    if (isFirst) unwritten.add(key);
    const before = waiting.get(key)?.lastSeen ?? -1;
    if (lastSeen > before) waiting.set(key, { owner, device, lastSeen });
  }

  /** Writes what waits and matches. What could not be written waits on; the first failure is thrown. */
  async function flush(matches = () => true) {
    for (const [key, entry] of waiting) {
      if (!matches(entry, key)) continue;
      await store.writeCursor(entry.owner, entry.device, entry.lastSeen);
      if (waiting.get(key) === entry) waiting.delete(key);
      unwritten.delete(key);
    }
  }

  const timer = setInterval(() => flush().catch(() => {}), FLUSH_MS);
  return {
    acknowledge,
    flush,
    flushDevice: (owner, device) => flush((entry) => entry.owner === owner && entry.device === device),
    /** For the compactor: what waits for devices that count. */
    flushOwner: (owner) => flush((entry, key) => entry.owner === owner && !unwritten.has(key)),
    async seenBy(owner, device) {
      const stored = (await store.cursorOf(owner, device)) ?? 0;
      return Math.max(stored, waiting.get(`${owner} ${device}`)?.lastSeen ?? 0);
    },
    async stop() {
      clearInterval(timer);
      await flush();
    },
  };
}
