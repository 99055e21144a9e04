// Sockets that somebody has to close in the end.
import type { Socket } from "node:net";

/** Ends a connection by a TCP reset; one that is ending already, by its end. Node loses a socket that is reset while it
 *  is shutting down: it is never closed, and its process never exits.  Source: libuv, uv_tcp_close_reset (UV_EINVAL). */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

export class Sockets {
  readonly #open = new Set<Socket>();

  get size(): number {
    return this.#open.size;
  }

  /** Once for each socket, however often it is told.  Returns whether it is new. */
  add(socket: Socket): boolean {
    if (this.#open.has(socket) || socket.destroyed) return false;
    this.#open.add(socket);
    // An error is followed by the close, which is what everybody looks at.
    socket.on("error", () => undefined);
    socket.once("close", () => this.#open.delete(socket));
    return true;
  }

  /** Settled when all are closed. */
  async destroyAll(): Promise<void> {
    const closed = [...this.#open].map(
      (socket) => new Promise<void>((resolve) => socket.once("close", () => resolve())),
    );
    for (const socket of [...this.#open]) socket.destroy();
    await Promise.all(closed);
  }
}
