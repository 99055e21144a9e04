// Bad frames on an open socket. The page answers each with an error frame or the end of the socket; a server that fails at
// one, or lets a bad one move a cursor, is at fault. Saying nothing is a habit.
import { once } from "node:events";
import * as fc from "fast-check";
import { WebSocket } from "ws";
import { isJsonObject } from "../../protocol/json.ts";
import { frameFaults } from "../../protocol/waveflow/reply-form.ts";
import type { ProbeFault } from "../probes/faults.ts";
import { quote } from "../probes/shell.ts";
import { type Caller, headersOf } from "./bad-case.ts";
import { numbers, otherTypes, texts } from "./bad-values.ts";

interface BadFrame {
  readonly text: string;
  readonly data: string | Buffer;
  readonly mutation: string;
}

export interface FramesReport {
  readonly faults: readonly ProbeFault[];
  readonly sent: number;
  /** How many of them were passed over in silence. */
  readonly unanswered: number;
}

/** Sends every bad frame, on as many sockets as the server lets it use up.  Bounded by `signal`. */
export async function sendBadFrames(
  url: string,
  caller: Caller,
  { seed, signal }: { readonly seed: number; readonly signal: AbortSignal },
): Promise<FramesReport> {
  const faults: ProbeFault[] = [];
  let unanswered = 0;
  let sent = 0;
  let line: SocketLine | undefined;
  for (const frame of badFrames(seed)) {
    if (signal.aborted) break;
    if (line === undefined || !line.isOpen) {
      line = await SocketLine.open(url, caller, signal);
      if (line === undefined) {
        if (sent > 0) faults.push(closedFault(url, caller, frame));
        break;
      }
    }
    sent++;
    const heard = await line.say(frame.data);
    if (heard === "nothing") unanswered++;
    faults.push(...judgeHeard(heard, { frame, url, caller }));
  }
  line?.close();
  return { faults, sent, unanswered };
}

function badFrames(seed: number): readonly BadFrame[] {
  const frame = (mutation: string, text: string, data: string | Buffer = text): BadFrame => ({
    mutation,
    text,
    data,
  });
  const acks = [
    ...otherTypes,
    ...numbers.filter(({ json }) => !(Number(json) >= 0 && Number(json) < 2 ** 53)),
    ...texts,
  ].map(({ json, text }) => frame("bad acks", `ack ${text}`, `{"ack":${json}}`));
  const others = [
    ...[
      "",
      " ",
      "{",
      "}",
      "[]",
      "null",
      "1",
      '"ack"',
      "{}",
      '{"type":"ack"}',
      '{"last_seen_id":0}',
      '{"ACK":0}',
    ].map((text) => frame("frames that are no ack", text)),
    ...[
      '{"type":"hello","head":9}',
      '{"type":"error","reason":"x"}',
      '{"type":"op","prev_id":0,"op":{}}',
    ].map((text) => frame("frames of a server", text)),
    frame("binary frames", "a binary frame", Buffer.from([0, 1, 2, 255])),
    frame("binary frames", "a binary frame with an ack", Buffer.from('{"ack":-1}')),
    frame("long frames", "3,000 opening brackets", "[".repeat(3_000)),
    frame("long frames", "1 MiB of x", "x".repeat(1_048_576)),
    frame("long frames", "an ack of 100,000 digits", `{"ack":${"9".repeat(100_000)}}`),
  ];
  const drawn = fc
    .sample(fc.jsonValue({ maxDepth: 2 }), { seed, numRuns: 40 })
    .map((value) => JSON.stringify(value))
    .map((text) => frame("drawn frames", text.slice(0, 60), text));
  return [...acks, ...others, ...drawn];
}

type Heard = { readonly frame: unknown } | { readonly closed: number } | "nothing";

/** One open socket. */
class SocketLine {
  readonly #socket: WebSocket;
  readonly #heard: Heard[] = [];
  #wake: (() => void) | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("message", (data) => this.#hear({ frame: parse(String(data)) }));
    socket.on("close", (code) => this.#hear({ closed: code }));
  }

  /** Undefined where no socket can be had. */
  static async open(url: string, caller: Caller, signal: AbortSignal): Promise<SocketLine | undefined> {
    const socket = new WebSocket(`${url.replace(/^http/u, "ws")}/sync/ws`, {
      headers: Object.fromEntries(headersOf(caller)),
      handshakeTimeout: openTimeoutMs,
      perMessageDeflate: false,
    });
    const line = new SocketLine(socket);
    try {
      await once(socket, "open", { signal });
    } catch {
      socket.terminate();
      return undefined;
    }
    // The hello.
    await line.#next(openTimeoutMs);
    return line;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  async say(data: string | Buffer): Promise<Heard> {
    this.#heard.length = 0;
    this.#socket.send(data);
    return this.#next(answerTimeoutMs);
  }

  close(): void {
    this.#socket.terminate();
  }

  #hear(heard: Heard): void {
    this.#heard.push(heard);
    this.#wake?.();
  }

  async #next(timeoutMs: number): Promise<Heard> {
    if (this.#heard.length === 0) {
      const woken = Promise.withResolvers<void>();
      this.#wake = woken.resolve;
      const timer = setTimeout(woken.resolve, timeoutMs);
      await woken.promise;
      clearTimeout(timer);
    }
    return this.#heard.shift() ?? "nothing";
  }
}

const openTimeoutMs = 3_000;
/** A server that answers does so at once. */
const answerTimeoutMs = 120;

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

interface Said {
  readonly frame: BadFrame;
  readonly url: string;
  readonly caller: Caller;
}

function judgeHeard(heard: Heard, said: Said): readonly ProbeFault[] {
  if (heard === "nothing") return [];
  const expected = "a frame of type error, or the end of the socket";
  if ("closed" in heard) {
    // 1011 is the socket's 500.
    return heard.closed === 1011 ? [faultOf(said, "closed as failed", { expected, seen: "close 1011" })] : [];
  }
  const [form] = frameFaults(heard.frame);
  if (form !== undefined) {
    return [
      {
        ...faultOf(said, "a frame off its form", { expected, seen: form.text }),
        requirements: form.requirements,
      },
    ];
  }
  // What the server has to say to others may come in between.
  const isError = isJsonObject(heard.frame) && heard.frame.type === "error";
  const isOther =
    isJsonObject(heard.frame) && ["hello", "op", "resync_required"].includes(String(heard.frame.type));
  return isError || isOther
    ? []
    : [faultOf(said, "another answer", { expected, seen: JSON.stringify(heard.frame) })];
}

function faultOf(
  { frame, url, caller }: Said,
  what: string,
  told: { readonly expected: string; readonly seen: string },
): ProbeFault {
  return {
    kind: `frames × ${frame.mutation} × ${what}`,
    requirements: ["WF-ACK-3"],
    text: `a frame on an open socket: ${frame.text}`,
    ...told,
    requests: [],
    shell: [
      socketLine(url, caller, typeof frame.data === "string" && frame.data.length < 2_000 ? frame.data : "…"),
    ],
  };
}

const closedFault = (url: string, caller: Caller, frame: BadFrame): ProbeFault =>
  faultOf({ url, caller, frame }, "no socket after it", {
    expected: "another socket to open after a bad frame",
    seen: "none did",
  });

/** For `wscat`, from npm. */
const socketLine = (url: string, caller: Caller, frame: string): string =>
  `npx wscat -c ${quote(`${url.replace(/^http/u, "ws")}/sync/ws`)} ${headersOf(caller)
    .map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`)
    .join(" ")} -x ${quote(frame)}`;
