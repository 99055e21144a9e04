// The time at which a device was last heard of. It is exact and durable: compaction counts a device out to the
// millisecond, and one that was answered must count as one that was there. Requests that have a transaction write it
// there; this is for those that have none: a refusal of the form, an answered ping.
import type { EpochMs } from "../../protocol/waveflow/types.ts";
import type { Caller } from "./identity.ts";
import type { Database } from "./ports.ts";

/** Errors: those of the database. A reply that waits for it turns into a 5xx then, because the contact is part of what
 *  it promises; the same request settles it.  Source: WF-ACK-4. */
export async function noteContact(
  database: Database,
  contact: { readonly caller: Caller; readonly at: EpochMs },
): Promise<void> {
  const { user, device, deviceKey } = contact.caller;
  await database.transaction({ isolation: "read committed", purpose: "contact", device }, (transaction) =>
    transaction.raiseDevice({ user, device: deviceKey, highestLamport: 0, contactAt: contact.at }),
  );
}
