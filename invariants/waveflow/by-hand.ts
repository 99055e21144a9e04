// What an exchange by hand means: either its form alone demands a refusal, or it is a push, a pull or an ACK like any
// other, made in somebody's name. The order is the page's: 404; 401, 403, 400 of who is asking; 405; then the endpoint.
import { readQuery } from "../../protocol/http.ts";
import { isJsonObject, jsonByteLength, whyTextUnstorable } from "../../protocol/json.ts";
import {
  ackRequestSchema,
  isUuid,
  type MessageSchema,
  parseRequestText,
  pullReplySchema,
  pushReplySchema,
  pushRequestSchema,
  uuidKey,
} from "../../protocol/waveflow/messages.ts";
import { limits, type PullReply, type PushOp } from "../../protocol/waveflow/types.ts";
import type { SentByHand, WaveflowCall, WaveflowReply } from "./events.ts";

type RawCall = Extract<WaveflowCall, { kind: "raw" }>;

/** `demands`: the status that the form alone asks for, the error's `type` and the place of the only bad op, where the
 *  page names them, and the rule that asks for it. `means`: what a well-formed request says. Neither: the page or the
 *  history does not tell. `isTokenSure`: a good token went out; else it is the device's own, which may have run out. */
export interface HandForm {
  readonly isTokenSure: boolean;
  readonly demands?: {
    readonly status: number;
    /** Other refusals that are as lawful. */
    readonly orElse?: readonly number[];
    readonly type?: string;
    readonly index?: number;
    readonly rule: string;
  };
  /** It asks for nothing that the page knows, so that it writes nothing. */
  readonly isOutside?: true;
  readonly means?: WaveflowCall;
}

/** Source: WF-AUTH-1, WF-AUTH-3, WF-PUSH-12, WF-ACK-3; waveflow.md sections 3 to 6. */
export function readByHand(call: RawCall): HandForm {
  const { sent } = call;
  if (sent === undefined) return { isTokenSure: false };
  const headers = new Map(Object.entries(sent.headers).map(([name, value]) => [name.toLowerCase(), value]));
  const [path = "", search = ""] = call.path.split("?", 2);
  const methods = methodsByPath.get(path);
  // Of other places and other methods the page says nothing, and a socket's place may look for the upgrade first.
  if (methods === undefined || !methods.includes(call.method)) return { isTokenSure: false, isOutside: true };
  const orElse = path === socketPath && headers.get("upgrade") === undefined ? noUpgrade : [];
  const token = judgeToken(sent, headers.get("authorization"));
  if (token === "bad") return { isTokenSure: true, demands: { status: 401, orElse, rule: "WF-AUTH-1" } };
  if (token === "unknown") return { isTokenSure: false };
  const isTokenSure = sent.token !== undefined;
  const query = readParameters(search);
  const who = judgeDevice(call, { headers, query: path === socketPath ? query.get("device_id") : undefined });
  if (who === "unknown") return { isTokenSure };
  if (typeof who === "number") return { isTokenSure, demands: { status: who, orElse, rule: "WF-AUTH-3" } };
  if (path === socketPath) return { isTokenSure };
  const sub = sent.token?.claims?.sub;
  const user = sub === undefined ? call.user : String(sub);
  const from: From = { user, device: who, isByHand: true };
  return { isTokenSure, ...readEndpoint(call, { path, query, from, body: sent.body }) };
}

const socketPath = "/sync/ws";
/** How a server says that a socket is what this place is for. */
const noUpgrade = [400, 404, 426] as const;
const methodsByPath: ReadonlyMap<string, readonly string[]> = new Map([
  ["/sync/ops", ["GET", "POST"]],
  ["/sync/ack", ["POST"]],
  [socketPath, ["GET"]],
]);

/** What a success by hand says to what was asked; `undefined` where it says something else. */
export function readReplyByHand(
  request: WaveflowCall,
  raw: Extract<WaveflowReply, { kind: "raw" }>,
): WaveflowReply | undefined {
  switch (request.kind) {
    case "push": {
      const push = pushReplySchema.safeParse(raw.body);
      return push.success ? { kind: "push", reply: push.data } : undefined;
    }
    case "pull": {
      const pull = pullReplySchema.safeParse(raw.body);
      return pull.success ? { kind: "pull", reply: pull.data as PullReply } : undefined;
    }
    case "ack":
      return { kind: "ack" };
    default:
      return raw;
  }
}

type From = { readonly user: string; readonly device: string; readonly isByHand: true };
type Verdict = Pick<HandForm, "demands" | "means">;

/** Source: WF-AUTH-1. */
function judgeToken({ token }: SentByHand, header: string | null | undefined): "good" | "bad" | "unknown" {
  if (header === null) return "bad";
  if (header !== undefined) return "unknown";
  if (token === undefined) return "good";
  if (token.kind !== "custom") return "bad";
  const { claims = {}, fromNowMs = {}, without = [] } = token;
  if (without.includes("exp") || without.includes("sub")) return "bad";
  const { sub } = claims;
  if (sub !== undefined && (sub === "" || (typeof sub !== "string" && typeof sub !== "number"))) return "bad";
  // The page lets a store refuse a text that it cannot keep, and does not say how it refuses a subject.
  if (typeof sub === "string" && whyTextUnstorable(sub) !== undefined) return "unknown";
  const isTimed = ["exp", "nbf", "iat"].some((name) => name in claims || name in fromNowMs);
  return isTimed ? "unknown" : "good";
}

/** The device's id in lower case, or the status that is due instead.  Source: WF-AUTH-3. */
function judgeDevice(
  { device, sent }: RawCall,
  named: { readonly headers: ReadonlyMap<string, string | null>; readonly query: string | undefined },
): string | 400 | 403 | "unknown" {
  const header = named.headers.has("x-device-id") ? named.headers.get("x-device-id") : device || undefined;
  const names = [header, named.query].filter((name) => typeof name === "string");
  const claimed = sent?.token?.claims?.device_id ?? undefined;
  // The page does not say what a claim that is no text agrees with.
  if (claimed !== undefined && typeof claimed !== "string") return "unknown";
  if (names.includes(twice)) return "unknown";
  if (typeof claimed === "string" && names.some((name) => uuidKey(name) !== uuidKey(claimed))) return 403;
  const [first] = names;
  if (first === undefined || !isUuid(first)) return 400;
  return names.some((name) => uuidKey(name) !== uuidKey(first)) ? 400 : uuidKey(first);
}

/** A parameter that comes twice is `null`. */
function readParameters(search: string): Map<string, string | undefined> {
  const parameters = new Map<string, string | undefined>();
  for (const part of search.split("&")) {
    if (part === "") continue;
    for (const [name, value] of Object.entries(readQuery(part))) {
      parameters.set(name, parameters.has(name) ? twice : value);
    }
  }
  return parameters;
}

/** No number and no token. */
const twice = " ";

function readEndpoint(
  call: RawCall,
  request: {
    readonly path: string;
    readonly query: ReadonlyMap<string, string | undefined>;
    readonly from: From;
    readonly body: SentByHand["body"];
  },
): Verdict {
  const { path, query, from, body } = request;
  if (path === "/sync/ops" && call.method === "GET") return readPull(query, from);
  const orElse = sendsJson(call) ? [] : [415];
  if (path === "/sync/ops") return withOthers(readPush(body, from), orElse);
  const value = valueOf(body);
  const ack = value === undefined ? undefined : ackRequestSchema.safeParse(value.json);
  if (ack?.success !== true) {
    if (value !== undefined && isReadEitherWay(body, ackRequestSchema)) return {};
    return { demands: { status: 400, orElse, rule: "WF-ACK-3" } };
  }
  return { means: { ...from, kind: "ack", lastSeenId: ack.data.last_seen_id, via: "http" } };
}

/** A body that says to be something else may be refused for that. */
const sendsJson = ({ sent }: RawCall): boolean =>
  Object.entries(sent?.headers ?? {}).every(
    ([name, value]) => name.toLowerCase() !== "content-type" || /\bjson\b/iu.test(value ?? ""),
  );

const withOthers = (verdict: Verdict, orElse: readonly number[]): Verdict =>
  verdict.demands === undefined ? verdict : { demands: { ...verdict.demands, orElse } };

/** Source: waveflow.md section 5. */
function readPull(query: ReadonlyMap<string, string | undefined>, from: From): Verdict {
  // Which of two values counts, and whether nothing is a number, the page leaves open.
  if (["since", "limit", "resync"].some((name) => isAmbiguous(query.get(name)))) return {};
  const since = readNumber(query.get("since"), 0);
  const limit = query.has("limit") ? readNumber(query.get("limit"), 0) : undefined;
  const isBad = since === undefined || (query.has("limit") && (limit === undefined || limit < 1));
  if (isBad || (limit ?? 0) > limits.pullLimitMax) return { demands: { status: 400, rule: "WF-PULL-1" } };
  const resync = query.get("resync");
  const pull = { ...from, kind: "pull", since: since!, ...(limit === undefined ? {} : { limit }) } as const;
  return { means: resync === undefined ? pull : { ...pull, resync } };
}

/** Twice, or empty, or a number in a spelling that one reader takes and another refuses. */
const isAmbiguous = (text: string | undefined): boolean =>
  text === twice || text === "" || /^(?:\+\d+|0\d+|\d+\.0+|\d+e\d+)$/iu.test(text ?? "-");

function readNumber(text: string | undefined, absent: number): number | undefined {
  if (text === undefined) return absent;
  const value = /^\d+$/u.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Source: WF-PUSH-12 ("413 goes before 400"). */
function readPush(body: SentByHand["body"], from: From): Verdict {
  if (body !== undefined && sizeOf(body) > limits.bytesPerPushMax) return { demands: tooLarge };
  const value = valueOf(body);
  if (value === undefined) return { demands: invalid };
  const { json } = value;
  const ops = isJsonObject(json) ? json.ops : undefined;
  if (Array.isArray(ops) && ops.length > limits.opsPerPushMax) return { demands: tooLarge };
  const push = pushRequestSchema.safeParse(json);
  if (push.success) return { means: { ...from, kind: "push", ops: push.data.ops as readonly PushOp[] } };
  if (isReadEitherWay(body, pushRequestSchema)) return {};
  const places = new Set(push.error.issues.map(({ path }) => (path[0] === "ops" ? path[1] : undefined)));
  const [index] = places;
  // A reader that refuses a number as it reads it has no op yet to point at.
  const isPlain = body !== undefined && ("json" in body || !/\de[+-]?\d/iu.test(body.text));
  return {
    demands: isPlain && places.size === 1 && typeof index === "number" ? { ...invalid, index } : invalid,
  };
}

const invalid = { status: 400, type: "invalid_request", rule: "WF-PUSH-12" } as const;
const tooLarge = { status: 413, type: "batch_too_large", rule: "WF-PUSH-12" } as const;

/** Its only fault is an integer written as `1.0` or `1e3`.  Source: waveflow.md section 2. */
const isReadEitherWay = (body: SentByHand["body"], schema: MessageSchema<unknown>): boolean =>
  body !== undefined && "text" in body && schema.safeParse(JSON.parse(body.text)).success;

const sizeOf = (body: NonNullable<SentByHand["body"]>): number =>
  "text" in body ? new TextEncoder().encode(body.text).length : jsonByteLength(body.json);

function valueOf(body: SentByHand["body"]): { readonly json: unknown } | undefined {
  if (body === undefined) return undefined;
  if ("json" in body) return { json: body.json };
  try {
    return { json: parseRequestText(body.text) };
  } catch {
    return undefined;
  }
}
