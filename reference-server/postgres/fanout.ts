// What the processes on one database tell each other, by LISTEN and NOTIFY.  Source: WF-WS-4.
import type { Fanout } from "../waveflow/ports.ts";
import { announcementChannel, payloadToAnnouncement } from "./announcements.ts";
import { ChannelListener } from "./listener.ts";

export class PostgresFanout implements Fanout {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** See the port. Errors: `SessionLost` when the database cannot be reached now; later on it comes back by itself. */
  async listen(handlers: Parameters<Fanout["listen"]>[0]): Promise<{ close(): Promise<void> }> {
    return await ChannelListener.open({
      url: this.#url,
      channel: announcementChannel,
      onPayload: (payload) => {
        const announcement = payloadToAnnouncement(payload);
        if (announcement !== undefined) handlers.onAnnouncement(announcement);
      },
      onGap: () => handlers.onGap(),
    });
  }
}
