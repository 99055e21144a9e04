// Announcements as the payloads of NOTIFY. A payload holds 8,000 bytes; what is in here is a user and a number, and the
// rim admits no user id that would not fit (see http/tokens.ts).
import type { Announcement } from "../waveflow/ports.ts";

export const announcementChannel = "waveflow_announcement";

export const announcementToPayload = (announcement: Announcement): string => JSON.stringify(announcement);

/** `undefined` for what no server of this kind has sent; the channel is open to everybody in the database. */
export function payloadToAnnouncement(payload: string): Announcement | undefined {
  let parsed: Partial<Record<string, unknown>> | null;
  try {
    parsed = JSON.parse(payload) as typeof parsed;
  } catch {
    return undefined;
  }
  const { kind, user, head, compactedUpTo } = parsed ?? {};
  if (typeof user !== "string") return undefined;
  if (kind === "ops" && Number.isSafeInteger(head)) return { kind, user, head: head as number };
  if (kind === "watermark" && Number.isSafeInteger(compactedUpTo)) {
    return { kind, user, compactedUpTo: compactedUpTo as number };
  }
  return undefined;
}
