// All open sockets of this process: opening them, telling their feeds what was announced, pinging them, closing them.
import type { HttpResponse } from "../../protocol/http.ts";
import { closeCodes, type EpochMs, type UserId } from "../../protocol/waveflow/types.ts";
import { acknowledge } from "./ack.ts";
import type { AckBuffer } from "./ack-buffer.ts";
import { noteContact } from "./contact.ts";
import type { Caller } from "./identity.ts";
import { LiveSocket, type SocketSession } from "./live-socket.ts";
import type { Announcement, Clock, Database, ServerSocket, Timer, TokenVerifier } from "./ports.ts";
import { unauthorized, unavailable } from "./replies.ts";
import { UserFeed } from "./user-feed.ts";

export interface SocketHubOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly tokens: Pick<TokenVerifier, "now">;
  readonly buffer: AckBuffer;
  readonly pingIntervalMs: number;
  readonly pendingFramesMax: number;
  readonly onFault: (error: unknown) => void;
}

export class SocketHub {
  readonly #options: SocketHubOptions;
  readonly #feeds = new Map<UserId, UserFeed>();
  #pingTimer: Timer | undefined;
  #isClosed = false;

  constructor(options: SocketHubOptions) {
    this.#options = options;
  }

  /** Opens a socket for a caller that is identified: registers it, reads the head, and only then lets it in, so that a
   *  database that cannot be read is a refusal and no dead socket.
   *  Errors: those of the database.  Source: waveflow.md section 8, WF-ACK-4. */
  async open(
    upgrade: { readonly caller: Caller; readonly arrivedAt: EpochMs },
    accept: () => ServerSocket,
  ): Promise<{ readonly opened: SocketSession } | { readonly refused: HttpResponse }> {
    const { caller, arrivedAt } = upgrade;
    const { user, device, deviceKey } = caller;
    const { database, tokens } = this.#options;
    const feed = this.#feedOf(user);
    const socket = this.#createSocket(caller, feed);
    feed.join(socket);
    try {
      const at = await database.transaction(
        { isolation: "read committed", purpose: "frames", device },
        async (transaction) => {
          await transaction.raiseDevice({ user, device: deviceKey, highestLamport: 0, contactAt: arrivedAt });
          const watermark = (await transaction.readWatermark(user)).compactedUpTo;
          return { watermark, head: await transaction.highestId(user) };
        },
      );
      if (this.#isClosed) return this.#refuse(feed, socket, unavailable("the server is going away"));
      if (caller.tokenExpiresAt <= tokens.now()) {
        return this.#refuse(feed, socket, unauthorized("the token has expired"));
      }
      socket.open(accept(), at);
    } catch (error) {
      this.#drop(feed, socket);
      throw error;
    }
    feed.wake();
    this.#armPing();
    return { opened: socket };
  }

  onAnnouncement(announcement: Announcement): void {
    const feed = this.#feeds.get(announcement.user);
    if (feed === undefined) return;
    if (announcement.kind === "ops") feed.noteOps(announcement.head);
    else feed.noteWatermark(announcement.compactedUpTo);
  }

  onGap(): void {
    for (const feed of [...this.#feeds.values()]) feed.noteGap();
  }

  /** Closes every socket with 1001 and lets no new one in. */
  close(): void {
    this.#isClosed = true;
    this.#pingTimer?.cancel();
    this.#pingTimer = undefined;
    for (const socket of this.#sockets()) socket.close(closeCodes.goingAway, "the server is going away");
  }

  #createSocket(caller: Caller, feed: UserFeed): LiveSocket {
    const { database, clock, tokens, buffer, pendingFramesMax, onFault } = this.#options;
    const socket: LiveSocket = new LiveSocket({
      caller,
      clock,
      tokens,
      pendingFramesMax,
      onFault,
      acknowledge: (lastSeenId) =>
        acknowledge({ database, buffer }, { caller, arrivedAt: clock.now(), lastSeenId }),
      onAnsweredPing: () => {
        noteContact(database, { caller, at: clock.now() }).catch(onFault);
      },
      onOver: () => {
        this.#drop(feed, socket);
        void buffer.flushUser(caller.user);
      },
    });
    return socket;
  }

  #refuse(feed: UserFeed, socket: LiveSocket, refused: HttpResponse): { readonly refused: HttpResponse } {
    this.#drop(feed, socket);
    return { refused };
  }

  #feedOf(user: UserId): UserFeed {
    let feed = this.#feeds.get(user);
    if (feed === undefined) {
      const { database, clock, buffer, onFault } = this.#options;
      feed = new UserFeed({ user, database, clock, buffer, onFault });
      this.#feeds.set(user, feed);
    }
    return feed;
  }

  #drop(feed: UserFeed, socket: LiveSocket): void {
    feed.leave(socket);
    const { user } = socket.caller;
    if (feed.isEmpty && this.#feeds.get(user) === feed) this.#feeds.delete(user);
  }

  #sockets(): readonly LiveSocket[] {
    const sockets: LiveSocket[] = [];
    for (const feed of this.#feeds.values()) sockets.push(...feed.sockets());
    return sockets;
  }

  // Set only while a socket is open: an idle server has no timer.
  #armPing(): void {
    if (this.#pingTimer !== undefined || this.#isClosed) return;
    this.#pingTimer = this.#options.clock.after(this.#options.pingIntervalMs, () => {
      this.#pingTimer = undefined;
      const sockets = this.#sockets();
      for (const socket of sockets) socket.ping();
      if (sockets.length > 0) this.#armPing();
    });
  }
}
