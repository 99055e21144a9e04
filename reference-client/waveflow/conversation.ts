// The exchanges of one pass: sends requests for a session, keeps the answers, and tells an answer of a WaveFlow server
// from what a captive portal or a proxy says in its place.
import { isJsonObject } from "../../protocol/json.ts";
import type { DeviceContext } from "./context.ts";
import type { Session } from "./gate.ts";
import type { Answer, Ending, PassOutcome } from "./outcomes.ts";
import { NoAnswer, type IncomingReply, type OutgoingRequest } from "./ports.ts";

/** An answer. `type` is there only where the body is an error of the protocol. */
export interface Reply {
  readonly status: number;
  readonly json: unknown;
  readonly type: string | undefined;
}

export class Conversation {
  readonly session: Session;
  readonly #context: DeviceContext;
  readonly #answers: Answer[] = [];

  constructor(context: DeviceContext, session: Session) {
    this.#context = context;
    this.session = session;
  }

  isOpen(): boolean {
    return this.#context.gate.isOpen(this.session);
  }

  /** One exchange; `undefined` when no answer came. A refused token or device halts the gate. */
  async ask(request: Pick<OutgoingRequest, "method" | "path" | "body">): Promise<Reply | undefined> {
    const { server, headers } = this.session;
    const { method, path, body } = request;
    let incoming: IncomingReply;
    try {
      incoming = await this.#context.transport.exchange(
        body === undefined
          ? { method, path, server, headers }
          : { method, path, server, headers: { ...headers, "content-type": "application/json" }, body },
      );
    } catch (error) {
      if (error instanceof NoAnswer) return undefined;
      throw error;
    }
    return this.note(incoming);
  }

  /** Keeps an answer, and halts the gate where it shuts the door. */
  note(incoming: IncomingReply): Reply {
    const reply = readReply(incoming);
    const { status, type } = reply;
    this.#answers.push(type === undefined ? { status } : { status, type });
    if (status === 401 && (type !== undefined || asksForBearer(incoming))) {
      this.#context.gate.halt(this.session, "token refused");
    }
    if (status === 403 && type !== undefined) this.#context.gate.halt(this.session, "forbidden");
    return reply;
  }

  ending(outcome: Ending, why?: string): PassOutcome {
    const answers = this.#answers;
    const telling = answers.find(({ status }) => status < 200 || status > 299) ?? answers.at(-1);
    return { outcome, why, status: telling?.status, type: telling?.type, answers };
  }

  /** The ending that an answer calls for with which the pass cannot go on. */
  endingOf(reply: Reply | undefined): PassOutcome {
    if (reply === undefined) return this.ending("unanswered", "no answer");
    return this.ending("failed", describeReply(reply));
  }
}

/** The ending of a pass that was not let through. */
export const notAllowed = (why: string): PassOutcome => ({
  outcome: "not_allowed",
  why,
  status: undefined,
  type: undefined,
  answers: [],
});

/** For a person to read. */
export function describeReply(reply: Reply): string {
  if (reply.type === undefined) return `${reply.status} with a body that is not the protocol's`;
  const { reason, message } = reply.json as { reason?: unknown; message?: unknown };
  const said = typeof reason === "string" ? reason : message;
  return typeof said === "string"
    ? `${reply.status} ${reply.type}: ${said}`
    : `${reply.status} ${reply.type}`;
}

function readReply(incoming: IncomingReply): Reply {
  const json = "json" in incoming.body ? incoming.body.json : undefined;
  const type = incoming.status >= 400 && isJsonObject(json) ? json["type"] : undefined;
  return { status: incoming.status, json, type: typeof type === "string" ? type : undefined };
}

const asksForBearer = (incoming: IncomingReply): boolean =>
  /^bearer\b/iu.test(incoming.headers["www-authenticate"] ?? "");
