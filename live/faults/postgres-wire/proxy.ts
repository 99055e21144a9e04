// A proxy between any server and its PostgreSQL database, which sees every statement and can stop, cut, slow or refuse
// connections at exactly one of them. The server is told the proxy's URL as its DATABASE_URL and logs in to the database
// itself; bytes pass as they came.
// Guarantees: no fault touches a connection that it does not match; with none armed the bytes are only looked at; after
// `close` no socket is left.
// Leaves out: encryption (refused to the server, not asked of the database), and the statements inside of one Query,
// function or DO block, which cannot be told apart on the wire.
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { WireConnection } from "./connection.ts";
import type { Refusal, WireAnswer, WireEvent, WireStatement } from "./events.ts";
import {
  type CutMethod,
  FaultBoard,
  type Gate,
  type Place,
  type Side,
  type Slowness,
  type WireFailure,
} from "./fault-board.ts";
import { upstreamOf } from "./upstream.ts";
import { StatementWindow, type WindowOptions } from "./window.ts";

export interface PostgresWireProxyOptions {
  /** URL of the database. */
  readonly upstream: string;
  /** Where to listen. Default: 127.0.0.1. */
  readonly host?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** How long a connection may take to say who it is; PostgreSQL gives it a minute too. Default: 60000. */
  readonly startupTimeoutMs?: number;
}

export interface PostgresWireProxy {
  readonly host: string;
  readonly port: number;
  /** That of the database, with the proxy's address. */
  readonly url: string;
  /** Connections of which a socket is open on either side, those that only cancel included. */
  readonly connections: number;
  /** Hears of everything from now on, as it happens. Answers how to stop that. */
  subscribe(listener: (event: WireEvent) => void): () => void;
  /** Counts statements from now on, or from the first that matches. */
  openWindow(options?: WindowOptions): StatementWindow;
  /** Arms a cut of one connection at a place. */
  cut(options: CutOptions): Cut;
  /** Arms a hold of one connection at a place; all others pass. */
  hold(options: HoldOptions): Hold;
  /** Has the database refuse one statement. */
  fail(options: FailOptions): Failing;
  /** Every statement that matches waits this long before it goes to the database. */
  slow(slowness: Slowness): { stop(): void };
  /** New connections are refused; cancel requests pass. Those that are open stay. */
  refuse(how: Refusal): { stop(): void };
  /** Ends all connections that are open now. Resolves when the database has ended them on its side. */
  terminateAll(method?: CutMethod): Promise<void>;
  /** Resolves when the database has ended every connection that is open now, however it comes to that; as after a kill
   *  of the server, whose last statements may still be running. */
  untilBackendsGone(): Promise<void>;
  /** Ends everything. May be called twice. */
  close(): Promise<void>;
}

export interface CutOptions {
  readonly at: Place;
  readonly side: Side;
  /** Default: "reset". */
  readonly method?: CutMethod;
}

export interface CutReport {
  readonly statement: WireStatement;
  /** On the side "after": what the database answered and the server has not heard. */
  readonly answer: WireAnswer | undefined;
  /** Resolves when the database has ended the connection; until then it may still be at work on its last statement. */
  readonly backendGone: Promise<void>;
}

export interface Cut {
  /** `undefined`: it was cancelled, or the connection ended in another way on reaching the place. */
  readonly done: Promise<CutReport | undefined>;
  cancel(): void;
}

export interface FailOptions extends WireFailure {
  readonly at: Place;
}

export interface Failing {
  /** `undefined`: it was cancelled, or the connection ended on reaching the place. */
  readonly done: Promise<WireStatement | undefined>;
  cancel(): void;
}

export interface HoldOptions {
  readonly at: Place;
  readonly side: Side;
}

export interface Held {
  readonly statement: WireStatement;
  /** On the side "after". */
  readonly answer: WireAnswer | undefined;
}

export interface Hold {
  /** The connection stands still. `undefined`: the hold was released or cut before, or the connection ended. */
  readonly reached: Promise<Held | undefined>;
  /** Lets the connection go on; one that is not there yet will not be held. May be called twice. */
  release(): void;
  /** Ends the connection where it stands, if it stands. Resolves when the database has ended it. */
  cut(method?: CutMethod): Promise<void>;
}

/** How long databases have to end their side before their sockets are closed under them. */
const goodbyeMs = 2_000;

/** Errors: `UpstreamUnsupported`; those of listening. */
export async function startPostgresWireProxy(options: PostgresWireProxyOptions): Promise<PostgresWireProxy> {
  const upstream = upstreamOf(options.upstream);
  const host = options.host ?? "127.0.0.1";
  const board = new FaultBoard();
  const connections = new Set<WireConnection>();
  const listeners = new Set<(event: WireEvent) => void>();
  const refusals = new Set<{ readonly how: Refusal }>();
  let lastId = 0;
  const refusal = (): Refusal | undefined => [...refusals].at(-1)?.how;
  const accept = (frontend: Socket): void => {
    lastId += 1;
    const connection = new WireConnection({
      id: lastId,
      frontend,
      upstream,
      board,
      startupTimeoutMs: options.startupTimeoutMs ?? 60_000,
      refusal,
      report: (event) => {
        for (const listener of listeners) listener(event);
      },
    });
    connections.add(connection);
    void connection.gone.then(() => connections.delete(connection));
    if (refusal() === "reset") connection.reset();
  };
  const server = createServer({ allowHalfOpen: true }, accept);
  server.listen(options.port ?? 0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const untilBackendsGone = async (): Promise<void> => {
    await Promise.all([...connections].map(({ backendGone }) => backendGone));
  };
  const terminateAll = async (method: CutMethod = "reset"): Promise<void> => {
    await Promise.all([...connections].map((connection) => connection.cut(method)));
  };
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    for (const gate of board.disarmAll()) gate.lost();
    const impatience = setTimeout(() => {
      for (const connection of connections) connection.destroy();
    }, goodbyeMs);
    await terminateAll();
    await Promise.all([...connections].map(({ gone }) => gone));
    await closed;
    clearTimeout(impatience);
  };
  let closing: Promise<void> | undefined;
  return {
    host,
    port,
    url: upstream.urlAt(host, port),
    get connections() {
      return connections.size;
    },
    subscribe: (listener) => {
      const own = (event: WireEvent): void => listener(event);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    openWindow: (window = {}) => {
      const opened = new StatementWindow(window, (closed) => board.removeWindow(closed));
      board.addWindow(opened);
      return opened;
    },
    cut: (cut) => armCut(board, cut),
    hold: (hold) => armHold(board, hold),
    fail: (fail) => armFailure(board, fail),
    slow: (slowness) => {
      const own = { ...slowness };
      board.addSlowness(own);
      return { stop: () => board.removeSlowness(own) };
    },
    refuse: (how) => {
      const own = { how };
      refusals.add(own);
      return { stop: () => void refusals.delete(own) };
    },
    terminateAll,
    untilBackendsGone,
    close: () => (closing ??= close()),
  };
}

function armCut(board: FaultBoard, { at, side, method }: CutOptions): Cut {
  const done = Promise.withResolvers<CutReport | undefined>();
  const gate: Gate = {
    place: at,
    side,
    isAnswerLost: true,
    reached: ({ statement, answer, cut }) =>
      done.resolve({ statement, answer, backendGone: cut(method ?? "reset") }),
    lost: () => done.resolve(undefined),
  };
  board.arm(gate);
  return {
    done: done.promise,
    cancel: () => {
      if (board.disarm(gate)) done.resolve(undefined);
    },
  };
}

function armFailure(board: FaultBoard, { at, code, message }: FailOptions): Failing {
  const done = Promise.withResolvers<WireStatement | undefined>();
  const gate: Gate = {
    place: at,
    side: "before",
    isAnswerLost: false,
    reached: ({ statement, fail }) => {
      done.resolve(statement);
      fail({ code, message });
    },
    lost: () => done.resolve(undefined),
  };
  board.arm(gate);
  return {
    done: done.promise,
    cancel: () => {
      if (board.disarm(gate)) done.resolve(undefined);
    },
  };
}

function armHold(board: FaultBoard, { at, side }: HoldOptions): Hold {
  const reached = Promise.withResolvers<Held | undefined>();
  let isReleased = false;
  let standing: Parameters<Gate["reached"]>[0] | undefined;
  const gate: Gate = {
    place: at,
    side,
    isAnswerLost: false,
    reached: (stands) => {
      if (isReleased) {
        stands.release();
        return;
      }
      standing = stands;
      reached.resolve({ statement: stands.statement, answer: stands.answer });
    },
    lost: () => reached.resolve(undefined),
  };
  board.arm(gate);
  const letGo = (): void => {
    isReleased = true;
    board.disarm(gate);
    reached.resolve(undefined);
  };
  return {
    reached: reached.promise,
    release: () => {
      letGo();
      standing?.release();
    },
    cut: async (method = "reset") => {
      letGo();
      await standing?.cut(method);
    },
  };
}
