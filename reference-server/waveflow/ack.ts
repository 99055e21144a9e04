// POST /sync/ack, and the socket's ack frame, which means the same.
import type { HttpBody, HttpResponse } from "../../protocol/http.ts";
import { ackRequestSchema } from "../../protocol/waveflow/messages.ts";
import type { EpochMs, ServerId } from "../../protocol/waveflow/types.ts";
import type { AckBuffer } from "./ack-buffer.ts";
import type { Caller } from "./identity.ts";
import type { Database } from "./ports.ts";
import { parseBody, refuseIssues } from "./request-body.ts";

export interface AckPorts {
  readonly database: Database;
  readonly buffer: AckBuffer;
}

export type AckOutcome =
  | { readonly kind: "acknowledged" }
  | { readonly kind: "beyond head"; readonly head: ServerId };

/** Source: WF-ACK-3. */
export function readAck(
  body: HttpBody | undefined,
): { readonly lastSeenId: ServerId } | { readonly refused: HttpResponse } {
  const parsed = parseBody(body);
  if ("refused" in parsed) return parsed;
  const request = ackRequestSchema.safeParse(parsed.value);
  if (!request.success) return { refused: refuseIssues(request.error.issues) };
  return { lastSeenId: request.data.last_seen_id };
}

/** Takes the device's word that it has everything up to `lastSeenId`.
 *
 *  Whether the device is known is asked of the database each time, not remembered: the database may have been put back
 *  to a state before its first ACK, and then a value in memory would be all there is. The first ACK takes the user's
 *  lock, so that a compaction is either over before it is answered or counts it.
 *  Source: WF-ACK-1 to WF-ACK-6. */
export async function acknowledge(
  ports: AckPorts,
  ack: { readonly caller: Caller; readonly arrivedAt: EpochMs; readonly lastSeenId: ServerId },
): Promise<AckOutcome> {
  const { lastSeenId, arrivedAt } = ack;
  const { user, device, deviceKey } = ack.caller;
  const contact = { user, device: deviceKey, highestLamport: 0, contactAt: arrivedAt };
  const found = await ports.database.transaction(
    { isolation: "read committed", purpose: "ack", device },
    async (transaction) => {
      const head = await transaction.highestId(user);
      const stored = await transaction.findCursor(user, deviceKey);
      if (lastSeenId <= head && stored === undefined) {
        await transaction.lockUser(user);
        await transaction.raiseCursor({ user, device: deviceKey, lastSeenId, seenAt: arrivedAt });
      }
      await transaction.raiseDevice(contact);
      return { head, stored };
    },
  );
  if (lastSeenId > found.head) return { kind: "beyond head", head: found.head };
  if (found.stored !== undefined && found.stored < lastSeenId) {
    await ports.buffer.note(user, deviceKey, { lastSeenId, seenAt: arrivedAt });
  }
  return { kind: "acknowledged" };
}
