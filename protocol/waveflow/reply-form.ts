// What the page says of the form of everything that a server sends, in one place: status, headers and members of each
// answer, and the frames of a socket. Says nothing of whether an answer is true; extra members, other member order, other
// wording and other headers are fine.
import { splitTarget } from "../http.ts";
import { isJsonObject } from "../json.ts";
import { type MessageSchema, pullReplySchema, pushReplySchema, serverFrameSchema } from "./messages.ts";
import type { LogOp } from "./types.ts";

/** Which endpoint was asked: what a good answer looks like depends on it. */
export type Endpoint = "push" | "pull" | "ack" | "socket";

/** An answer as it came over the wire. */
export interface SeenReply {
  readonly endpoint: Endpoint;
  readonly status: number;
  /** Any spelling of the names. Absent: nobody looked. */
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
  /** `text` is what was no JSON; absent or an empty text: no body. */
  readonly body?: { readonly json: unknown } | { readonly text: string } | undefined;
}

/** How an answer departs from the page, and the rules that it breaks with that. */
export interface FormFault {
  readonly requirements: readonly string[];
  /** "the answer to a push is …": what was seen and what was expected. */
  readonly text: string;
}

/** The endpoint of a request; `undefined` where the page names none.  Source: waveflow.md sections 4 to 8. */
export function endpointOf({
  method,
  path,
}: {
  readonly method: string;
  readonly path: string;
}): Endpoint | undefined {
  const endpoints = endpointsByPath.get(splitTarget(path).path);
  return method === "GET" ? endpoints?.get : method === "POST" ? endpoints?.post : undefined;
}

const endpointsByPath: ReadonlyMap<string, { readonly get?: Endpoint; readonly post?: Endpoint }> = new Map([
  ["/sync/ops", { get: "pull", post: "push" }],
  ["/sync/ack", { post: "ack" }],
  ["/sync/ws", { get: "socket" }],
]);

/** Everything that is wrong with the form of an answer. A 5xx may say anything: often it is not the server that says it.
 *  Source: waveflow.md sections 2 to 6. */
export function replyFaults(reply: SeenReply): readonly FormFault[] {
  const { status } = reply;
  if (status >= 500) return [];
  const found = status < 400 ? successFaults(reply) : refusalFaults(reply);
  const inHeaders = headerFaults(reply);
  return inHeaders.length === 0 ? found : [...found, ...inHeaders];
}

/** Source: waveflow.md section 8. */
export function frameFaults(frame: unknown): readonly FormFault[] {
  const type = isJsonObject(frame) ? frame.type : undefined;
  if (typeof type !== "string")
    return [{ requirements: ["WF-WS-1"], text: `a frame is ${show(frame)}; expected JSON with a type` }];
  const requirements = frameRules[type];
  // A newer build may have more to say, and a device passes over it.
  if (requirements === undefined) return [];
  const parsed = serverFrameSchema.safeParse(frame);
  if (parsed.success) return [];
  const { path, message } = parsed.error.issues[0]!;
  return [
    {
      requirements: path[0] === "prev_id" ? ["WF-WS-2"] : requirements,
      text: `the ${nameOf(path)} of a frame of type ${type} is off: ${message}; ${show(frame)}`,
    },
  ];
}

const frameRules: Readonly<Record<string, readonly string[]>> = {
  hello: ["WF-WS-1"],
  op: ["WF-WS-1"],
  resync_required: ["WF-WS-3"],
  error: ["WF-WS-1"],
};

function successFaults(reply: SeenReply): readonly FormFault[] {
  switch (reply.endpoint) {
    case "push":
      return (
        statusFaults(reply, 200, ["WF-PUSH-1"]) ?? bodyFaults(reply, pushReplySchema, () => ["WF-PUSH-1"])
      );
    case "pull":
      return (
        statusFaults(reply, 200, ["WF-PULL-1"]) ??
        bodyFaults(reply, pullReplySchema, rulesOfPullMember, faultsOfPulledOps)
      );
    case "ack":
      return statusFaults(reply, 204, ["WF-ACK-1"]) ?? [];
    case "socket":
      return statusFaults(reply, 101, ["WF-WS-1"]) ?? [];
  }
}

function statusFaults(
  { endpoint, status }: SeenReply,
  due: number,
  requirements: readonly string[],
): readonly FormFault[] | undefined {
  if (status === due) return undefined;
  return [{ requirements, text: `the answer to ${names[endpoint]} has status ${status}; expected ${due}` }];
}

const names: Readonly<Record<Endpoint, string>> = {
  push: "a push",
  pull: "a pull",
  ack: "an acknowledgement",
  socket: "an upgrade",
};

/** `faultsOf` looks on where the schema is content. */
function bodyFaults<Body>(
  { endpoint, body }: SeenReply,
  schema: MessageSchema<Body>,
  rulesOf: (member: PropertyKey | undefined) => readonly string[],
  faultsOf: (body: Body) => readonly FormFault[] = noFaults,
): readonly FormFault[] {
  const json = jsonOf(body);
  const parsed = schema.safeParse(json);
  if (parsed.success) return faultsOf(parsed.data);
  const { path, message } = parsed.error.issues[0]!;
  const where = path.length === 0 ? "the body" : `the ${nameOf(path)}`;
  const text = `${where} of the answer to ${names[endpoint]} is off: ${message}; ${show(json ?? textOf(body))}`;
  return [{ requirements: rulesOf(path[0]), text }];
}

function rulesOfPullMember(member: PropertyKey | undefined): readonly string[] {
  if (member === "head" || member === "has_more") return ["WF-PULL-6"];
  return member === "resync" ? ["WF-PULL-5"] : ["WF-PULL-1"];
}

/** Source: waveflow.md section 4 ("RFC 3339 in UTC", "`field` and `value` null for a delete"). */
function faultsOfPulledOps({ ops }: { readonly ops: readonly WireOp[] }): readonly FormFault[] {
  const requirements = ["WF-PULL-1"];
  for (const { id, op, field, value, wall_clock: wallClock } of ops) {
    if (!utcTime.test(wallClock))
      return [
        { requirements, text: `the wall_clock of op ${id} is ${show(wallClock)}; expected RFC 3339 in UTC` },
      ];
    if (op === "delete" && (field !== null || value !== null))
      return [
        { requirements, text: `op ${id} is a delete with a field or a value; expected both to be null` },
      ];
  }
  return [];
}

/** An op as a page has it, with an `op` of whatever name. */
type WireOp = Omit<LogOp, "op"> & { readonly op: string };

const noFaults = (): readonly FormFault[] => [];

const utcTime = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]00:00)$/u;

/** What a refusal of this endpoint with this status says, and the rule that says so.  Source: waveflow.md sections 4 to 6. */
const refusals: Readonly<Record<string, readonly Refusal[]>> = {
  "push 409": [
    { type: "operation_conflict", members: ["operation_id", "index"], rule: "WF-PUSH-4" },
    {
      type: "lamport_regression",
      members: ["operation_id", "index", "lamport_ts", "stored_max"],
      rule: "WF-PUSH-5",
    },
  ],
  "push 413": [{ type: "batch_too_large", members: ["max_ops", "max_bytes"], rule: "WF-PUSH-12" }],
  "push 422": [{ type: "invalid_op", members: ["index", "operation_id", "reason"], rule: "WF-PUSH-12" }],
  "pull 410": [{ type: "resync_required", members: ["compacted_up_to"], rule: "WF-PULL-3" }],
  "ack 422": [{ type: "ack_beyond_head", members: ["head"], rule: "WF-ACK-3" }],
};

interface Refusal {
  readonly type: string;
  readonly members: readonly string[];
  readonly rule: string;
}

function refusalFaults(reply: SeenReply): readonly FormFault[] {
  const { endpoint, status, body } = reply;
  // What a web server says by itself, before anything of the protocol is asked.
  if (ownOfHttp.has(status)) return [];
  const requirements = refusals[`${endpoint} ${status}`]?.map(({ rule }) => rule) ?? [
    rulesByStatus[status] ?? formRules[endpoint],
  ];
  const json = jsonOf(body);
  const type = isJsonObject(json) ? json.type : undefined;
  const what = `the ${status} to ${names[endpoint]}`;
  if (!isJsonObject(json) || typeof type !== "string") {
    const seen = show(json ?? textOf(body));
    return [{ requirements, text: `the body of ${what} is ${seen}; expected a JSON object with a type` }];
  }
  const known = refusals[`${endpoint} ${status}`];
  const refusal = known?.find((one) => one.type === type);
  if (known !== undefined && refusal === undefined) {
    const due = known.map((one) => one.type).join(" or ");
    return [{ requirements, text: `${what} is of type ${show(type)}; expected ${due}` }];
  }
  const missing = refusal?.members.find((member) => !isMember(member, json[member]));
  if (refusal === undefined || missing === undefined) return [];
  const seen = `the ${missing} of ${what} (${type}) is ${show(json[missing])}`;
  return [{ requirements: [refusal.rule], text: `${seen}; expected ${memberKind(missing)}` }];
}

const ownOfHttp: ReadonlySet<number> = new Set([404, 405, 408, 411, 414, 415, 417, 426, 429, 431]);
const rulesByStatus: Readonly<Record<number, string>> = { 401: "WF-AUTH-1", 403: "WF-AUTH-3" };
const formRules: Readonly<Record<Endpoint, string>> = {
  push: "WF-PUSH-12",
  pull: "WF-PULL-1",
  ack: "WF-ACK-3",
  socket: "WF-AUTH-3",
};

const memberKind = (member: string): string => (textMembers.has(member) ? "a text" : "an integer from 0");
const textMembers: ReadonlySet<string> = new Set(["operation_id", "reason"]);
const isMember = (member: string, value: unknown): boolean =>
  textMembers.has(member)
    ? typeof value === "string"
    : typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

/** Source: WF-AUTH-1; waveflow.md section 5 ("`Cache-Control: no-store` on every reply"). */
function headerFaults({ endpoint, status, headers }: SeenReply): readonly FormFault[] {
  if (headers === undefined) return [];
  const header = (wanted: string): string =>
    headers[wanted] ?? Object.entries(headers).find(([name]) => name.toLowerCase() === wanted)?.[1] ?? "";
  const found: FormFault[] = [];
  if (status === 401 && !/(?:^|,)\s*Bearer\b/iu.test(header("www-authenticate"))) {
    const seen = show(header("www-authenticate"));
    const text = `a 401 to ${names[endpoint]} has WWW-Authenticate ${seen}; expected Bearer`;
    found.push({ requirements: ["WF-AUTH-1"], text });
  }
  if (endpoint === "pull" && !ownOfHttp.has(status) && !noStore.test(header("cache-control"))) {
    const seen = show(header("cache-control"));
    const text = `the ${status} to a pull has Cache-Control ${seen}; expected no-store`;
    found.push({ requirements: ["WF-PULL-1"], text });
  }
  return found;
}

const noStore = /(?:^|[\s,])no-store(?:$|[\s,])/iu;

const jsonOf = (body: SeenReply["body"]): unknown =>
  body !== undefined && "json" in body ? body.json : undefined;
const textOf = (body: SeenReply["body"]): unknown =>
  body !== undefined && "text" in body && body.text !== "" ? body.text : undefined;

/** `ops[0].id`, `head`. */
const nameOf = (path: readonly PropertyKey[]): string =>
  path.length === 0
    ? "form"
    : path
        .map((step, at) =>
          typeof step === "number" ? `[${step}]` : at === 0 ? String(step) : `.${String(step)}`,
        )
        .join("");

function show(value: unknown): string {
  const text = value === undefined ? "nothing" : (JSON.stringify(value) ?? "nothing");
  return text.length <= shownLengthMax ? text : `${text.slice(0, shownLengthMax - 1)}…`;
}

const shownLengthMax = 120;
