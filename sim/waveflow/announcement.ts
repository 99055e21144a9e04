// An announcement as the text of a notification, which is all that a notification can carry. A form of its own and not
// JSON, because every push of every run writes one, and every process reads it.
import type { Announcement } from "../../reference-server/waveflow/ports.ts";

/** `ops 17 alice`, `watermark 12 alice`: a user may be called anything, and so comes last. */
export const announcementText = (announcement: Announcement): string =>
  announcement.kind === "ops"
    ? `ops ${announcement.head} ${announcement.user}`
    : `watermark ${announcement.compactedUpTo} ${announcement.user}`;

/** The way back. */
export function readAnnouncement(text: string): Announcement {
  const kindEnd = text.indexOf(" ");
  const idEnd = text.indexOf(" ", kindEnd + 1);
  const id = Number(text.slice(kindEnd + 1, idEnd));
  const user = text.slice(idEnd + 1);
  return text.startsWith("ops ")
    ? { kind: "ops", user, head: id }
    : { kind: "watermark", user, compactedUpTo: id };
}
