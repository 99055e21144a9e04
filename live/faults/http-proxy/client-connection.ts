// One connection of a client and the one to the server that goes with it. They are a pair, so that a client sees of the
// server's connections what it would see without the proxy: one that the server closes while it is idle is closed.
import { Agent } from "node:http";
import type { Socket } from "node:net";

export class ClientConnection {
  /** Keeps the one connection to the server. */
  readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #socket: Socket;
  /** Requests that the client waits for. */
  #asked = 0;
  /** Requests that the server is at. */
  #served = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.once("close", () => this.#endIfUnused());
  }

  /** The client waits for an answer until the given function is called. */
  asks(): () => void {
    this.#asked++;
    return once(() => this.#asked--);
  }

  /** The pair's other connection is in use until the given function is called. */
  serves(): () => void {
    this.#served++;
    return once(() => {
      this.#served--;
      this.#endIfUnused();
    });
  }

  /** The server has closed its connection. */
  serverClosed(): void {
    if (this.#asked === 0) this.#socket.end();
  }

  #endIfUnused(): void {
    if (this.#socket.destroyed && this.#served === 0) this.agent.destroy();
  }
}

function once(run: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    run();
  };
}
