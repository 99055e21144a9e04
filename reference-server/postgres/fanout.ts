// What the processes on one database tell each other, by LISTEN and NOTIFY.  Source: WF-WS-4.
import type { Fanout } from "../waveflow/ports.ts";
import { announcementChannel, payloadToAnnouncement } from "./announcements.ts";
import type { ChannelListener } from "./listener.ts";

export class PostgresFanout implements Fanout {
  readonly #listener: ChannelListener;

  constructor(listener: ChannelListener) {
    this.#listener = listener;
  }

  /** See the port. Errors: `SessionLost` when the connection breaks right now; later on it comes back by itself. */
  listen(handlers: Parameters<Fanout["listen"]>[0]): Promise<{ close(): Promise<void> }> {
    return this.#listener.subscribe({
      channel: announcementChannel,
      onPayload: (payload) => {
        const announcement = payloadToAnnouncement(payload);
        if (announcement !== undefined) handlers.onAnnouncement(announcement);
      },
      onGap: () => handlers.onGap(),
    });
  }
}
