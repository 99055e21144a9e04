// Two users with open sockets, on devices of the same id: each hears of their own ops and of nobody else's.
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { isJsonObject } from "../../protocol/json.ts";
import type { ProbeTarget } from "../probe.ts";
import type { Exchanger } from "../probes/exchange.ts";
import { type Caller, headersOf } from "./bad-case.ts";
import { freshCaller, type GoodOp, pushGood } from "./caller.ts";

export interface SocketWatch {
  readonly target: ProbeTarget;
  readonly exchanger: Exchanger;
  readonly alice: Caller;
  readonly bob: Caller;
  readonly ops: readonly GoodOp[];
  readonly signal: AbortSignal;
}

export interface SocketLeak {
  readonly text: string;
  readonly expected: string;
  readonly seen: string;
}

/** What crossed from one to the other; undefined where nothing did. Whether frames come at all is not asked here.
 *  Errors: `TargetUnusable`. */
export async function watchSockets(watch: SocketWatch): Promise<SocketLeak | "no socket" | undefined> {
  const { target, exchanger, alice, bob, ops, signal } = watch;
  const secondOfAlice = await freshCaller(target, alice.user);
  const secondOfBob = await freshCaller(target, bob.user);
  if (secondOfAlice === undefined || secondOfBob === undefined) return "no socket";
  const listeners = [alice, secondOfAlice, bob, secondOfBob].map(
    (caller) => new Listener(target.baseUrl, caller),
  );
  try {
    const opened = await Promise.all(listeners.map((listener) => listener.opened(signal)));
    if (opened.includes(false)) return "no socket";
    await pushGood(exchanger, alice, ops);
    await pushGood(
      exchanger,
      bob,
      ops.map((op) => ({ ...op, value: "B" })),
    );
    await sleep(frameWaitMs);
    for (const listener of listeners) {
      const own = listener.user === alice.user ? "A" : "B";
      const foreign = listener.values.find((value) => value !== own);
      if (foreign === undefined) continue;
      return {
        text: "two users push the same operation_ids while both have sockets open, on devices of the same id",
        expected: "frames with the ops of the socket's own user",
        seen: `a frame with the other user's value ${JSON.stringify(foreign)}`,
      };
    }
    return undefined;
  } finally {
    for (const listener of listeners) listener.close();
  }
}

/** Frames that cross come no later than those that do not. */
const frameWaitMs = 400;
const openTimeoutMs = 3_000;

class Listener {
  readonly user: string;
  /** Values of the ops that came. */
  readonly values: unknown[] = [];
  readonly #socket: WebSocket;

  constructor(baseUrl: string, caller: Caller) {
    this.user = caller.user;
    this.#socket = new WebSocket(`${baseUrl.replace(/^http/u, "ws")}/sync/ws`, {
      headers: Object.fromEntries(headersOf(caller)),
      handshakeTimeout: openTimeoutMs,
      perMessageDeflate: false,
    });
    this.#socket.on("error", () => undefined);
    this.#socket.on("message", (data) => this.#hear(String(data)));
  }

  async opened(signal: AbortSignal): Promise<boolean> {
    try {
      await once(this.#socket, "open", {
        signal: AbortSignal.any([signal, AbortSignal.timeout(openTimeoutMs)]),
      });
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    this.#socket.terminate();
  }

  #hear(text: string): void {
    let frame: unknown;
    try {
      frame = JSON.parse(text);
    } catch {
      return;
    }
    if (isJsonObject(frame) && frame.type === "op" && isJsonObject(frame.op))
      this.values.push(frame.op.value);
  }
}
