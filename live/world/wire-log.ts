// Writes down what goes over the wire while a run lasts. It keeps the bytes it is shown and copies none, so that a run
// which nobody asks about pays next to nothing; and it keeps a bounded number of them.
import type { IncomingMessage } from "node:http";
import { isJsonObject, type JsonObject } from "../../protocol/json.ts";
import type { Step, TokenSpec } from "../../scenarios/format/types.ts";
import type {
  ExchangeTap,
  LostPart,
  TappedFrame,
  TappedRequest,
  WireTap,
} from "../faults/http-proxy/wire-tap.ts";
import type {
  WireAnswer,
  WireBody,
  WireEntry,
  WireExchange,
  WireFrame,
  WireHeaders,
  WireMs,
  WireRecord,
  WireStep,
  WireToken,
} from "../wire-record.ts";
import type { LiveProtocol } from "./protocol.ts";

export interface WireLogOptions {
  readonly now: () => WireMs;
  /** How the scenario's users are called on the server. */
  readonly serverUser: (user: string) => string;
  readonly protocol: Pick<LiveProtocol, "messageOf">;
}

/** Bodies and frames of one run; what is beyond is counted and not kept.  Units: bytes. */
const keptBytesMax = 8 * 1_048_576;
/** Exchanges, frames and steps of one run. */
const entriesMax = 20_000;

interface Body {
  readonly chunks: Buffer[];
  bytes: number;
}

interface Draft extends Omit<
  { -readonly [Member in keyof WireExchange]: WireExchange[Member] },
  "body" | "answer"
> {
  readonly sent: Body;
  answered?: { readonly status: number; readonly headers: WireHeaders; readonly body: Body };
}

/** An exchange that did not pass the proxy. */
export interface StraightExchange {
  readonly who: string;
  readonly by: "hand" | "reader";
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** What came of it; no status for no answer. */
export interface StraightAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
}

export class WireLog implements WireTap {
  readonly #options: WireLogOptions;
  readonly #entries: (Draft | WireFrame | WireStep)[] = [];
  readonly #tokens = new Map<
    string,
    { readonly user: string; readonly spec?: TokenSpec; madeAtMs: number }
  >();
  readonly #names = new Map<string, WireToken>();
  #keptBytes = 0;
  #isCut = false;
  #isStopped = false;

  constructor(options: WireLogOptions) {
    this.#options = options;
  }

  /** From here on nothing is written down: for a world that lives for days. */
  stop(): void {
    this.#isStopped = true;
    this.#isCut = true;
  }

  step(step: Step): void {
    this.#add({ kind: "step", at: this.#options.now(), step, source: step.source });
  }

  /** From here on this text is told by a name. */
  noteToken(text: string, user: string, spec?: TokenSpec): void {
    if (text !== "" && !this.#isStopped && !this.#tokens.has(text))
      this.#tokens.set(text, { user, ...(spec === undefined ? {} : { spec }), madeAtMs: Date.now() });
  }

  exchange(request: TappedRequest): ExchangeTap {
    if (this.#isStopped) return nobodyLooks;
    const { device, method, path, headers, fault, isCopy, isSocket } = request;
    const draft = this.#draft({ who: device, by: "device", method, path, headers: pairsOf(headers) });
    if (fault !== undefined) draft.fault = fault;
    if (isCopy) draft.isCopy = true;
    if (isSocket) draft.isSocket = true;
    return {
      arrives: () => {
        draft.at = this.#options.now();
        delete draft.lost;
      },
      sent: (chunk) => this.#keep(draft.sent, chunk),
      answered: (reply) => this.#readAlong(draft, reply),
      lost: (part: LostPart, why) => {
        draft.lost = { part, why };
      },
    };
  }

  frame({ device, direction, text, isClose, closeCode }: TappedFrame): void {
    const bytes = text?.length ?? 0;
    const isKept = this.#hasRoom(bytes);
    this.#add({
      kind: "frame",
      at: this.#options.now(),
      who: device,
      direction,
      ...(text === undefined || !isKept ? {} : { text }),
      ...(isClose === undefined ? {} : { isClose }),
      ...(closeCode === undefined ? {} : { closeCode }),
    });
  }

  /** An exchange by hand, or one of a reader. */
  async straight<Answer extends StraightAnswer>(
    asked: StraightExchange,
    exchange: () => Promise<Answer>,
  ): Promise<Answer> {
    const { headers, body } = asked;
    const draft = this.#draft({ ...asked, headers: Object.entries(headers) });
    if (body !== undefined) this.#keep(draft.sent, Buffer.from(body));
    const answer = await exchange();
    if (answer.status === undefined) return answer;
    const told = answer.body === undefined ? "" : textOf(answer.body);
    const answered = { status: answer.status, headers: definedOnly(answer.headers ?? {}), body: emptyBody() };
    this.#keep(answered.body, Buffer.from(told));
    draft.answered = answered;
    draft.endedAt = this.#options.now();
    return answer;
  }

  /** What there is by now. */
  record(): WireRecord {
    const entries = this.#entries.map((entry) => (entry.kind === "exchange" ? finished(entry) : entry));
    const inOrder = entries
      .map((entry, place) => ({ entry, place }))
      .sort((left, right) => left.entry.at - right.entry.at || left.place - right.place)
      .map(({ entry }) => entry);
    return {
      entries: inOrder satisfies readonly WireEntry[],
      tokens: [...this.#names.values()],
      users: Object.fromEntries(
        [...this.#tokens.values()].map(({ user }) => [user, this.#options.serverUser(user)]),
      ),
      isCut: this.#isCut,
    };
  }

  #draft(asked: Pick<WireExchange, "who" | "by" | "method" | "path" | "headers">): Draft {
    const { who, by, method, path } = asked;
    const draft: Draft = {
      kind: "exchange",
      at: this.#options.now(),
      who,
      by,
      message: this.#options.protocol.messageOf({ method, path }),
      method,
      path,
      ...this.#withoutToken(who, asked.headers),
      sent: emptyBody(),
    };
    this.#add(draft);
    return draft;
  }

  /** Only what was minted is a secret; a scenario's own words are told as they are. */
  #withoutToken(who: string, headers: WireHeaders): Pick<WireExchange, "headers" | "token"> {
    const bearer = headers.find(
      ([name, value]) => name.toLowerCase() === "authorization" && this.#tokens.has(bearerOf(value)),
    );
    if (bearer === undefined) return { headers };
    const token = this.#nameOf(who, bearerOf(bearer[1]));
    return { headers: headers.filter((header) => header !== bearer), token };
  }

  /** Two good tokens of one user are one to whoever sends them again. */
  #nameOf(who: string, text: string): string {
    const { user, spec } = this.#tokens.get(text)!;
    const key = `${who}\n${spec === undefined ? user : text}`;
    const known = this.#names.get(key);
    if (known !== undefined) return known.name;
    const name = this.#freeName(spec === undefined ? who : `${who}_made`);
    const claims = claimsOf(text);
    this.#names.set(key, { name, ...this.#tokens.get(text)!, ...(claims === undefined ? {} : { claims }) });
    return name;
  }

  #freeName(wanted: string): string {
    const names = new Set([...this.#names.values()].map(({ name }) => name));
    let name = wanted;
    for (let nth = 2; names.has(name); nth++) name = `${wanted}_${nth}`;
    return name;
  }

  #readAlong(draft: Draft, reply: IncomingMessage): void {
    const body = emptyBody();
    draft.answered = { status: reply.statusCode ?? 0, headers: pairsOf(reply.rawHeaders), body };
    // What comes behind a switch of protocols are frames.
    if (reply.statusCode === 101) {
      draft.endedAt = this.#options.now();
      return;
    }
    reply.on("data", (chunk: Buffer) => this.#keep(body, chunk));
    reply.once("end", () => {
      draft.endedAt = this.#options.now();
    });
  }

  #add(entry: Draft | WireFrame | WireStep): void {
    if (this.#entries.length < entriesMax && !this.#isStopped) this.#entries.push(entry);
    else this.#isCut = true;
  }

  #keep(body: Body, chunk: Buffer): void {
    body.bytes += chunk.length;
    if (this.#hasRoom(chunk.length)) body.chunks.push(chunk);
  }

  #hasRoom(bytes: number): boolean {
    this.#keptBytes += bytes;
    if (this.#keptBytes <= keptBytesMax && !this.#isStopped) return true;
    this.#isCut = true;
    return false;
  }
}

const nobodyLooks: ExchangeTap = {
  arrives: () => undefined,
  sent: () => undefined,
  answered: () => undefined,
  lost: () => undefined,
};

const emptyBody = (): Body => ({ chunks: [], bytes: 0 });

function finished({ sent, answered, ...rest }: Draft): WireExchange {
  const answer: WireAnswer | undefined =
    answered === undefined ? undefined : { ...answered, body: bodyOf(answered.body) };
  return { ...rest, body: bodyOf(sent), ...(answer === undefined ? {} : { answer }) };
}

function bodyOf({ chunks, bytes }: Body): WireBody {
  const whole = Buffer.concat(chunks);
  if (whole.length < bytes) return { bytes };
  const text = whole.toString("utf8");
  return Buffer.from(text, "utf8").equals(whole)
    ? { bytes, text }
    : { bytes, base64: whole.toString("base64") };
}

const pairsOf = (flat: readonly string[]): WireHeaders =>
  Array.from({ length: flat.length / 2 }, (_, index) => [flat[2 * index]!, flat[2 * index + 1]!]);

const definedOnly = (headers: Readonly<Record<string, string | undefined>>): WireHeaders =>
  Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));

const textOf = (body: unknown): string => (typeof body === "string" ? body : JSON.stringify(body));

const bearerOf = (value: string): string => value.replace(/^Bearer /iu, "");

/** What a JWT says; `undefined` for a token that is none. */
function claimsOf(token: string): JsonObject | undefined {
  try {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as unknown;
    return isJsonObject(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}
