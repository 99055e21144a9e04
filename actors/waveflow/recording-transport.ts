// Writes down what a device asked and what it was told, on the way between the device and whatever carries its
// messages. Both worlds wrap their transport in this, so their histories say the same things in the same words.
import { readQuery, splitTarget } from "../../protocol/http.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { ackFrameSchema, pullReplySchema, pushReplySchema } from "../../protocol/waveflow/messages.ts";
import { endpointOf, replyFaults } from "../../protocol/waveflow/reply-form.ts";
import { requestFault } from "../../protocol/waveflow/request-form.ts";
import type { PullReply, PushOp, ServerId } from "../../protocol/waveflow/types.ts";
import type { FormFault } from "../../invariants/history.ts";
import type { WaveflowCall, WaveflowReply } from "../../invariants/waveflow/events.ts";
import {
  type DeviceSocket,
  type IncomingReply,
  type OutgoingRequest,
  type Transport,
  UpgradeRefused,
} from "../../reference-client/waveflow/ports.ts";
import type { Recorder } from "../actor.ts";
import { impostorHeader } from "../impostor.ts";
import type { StepTally } from "./step-tally.ts";

export interface RecordingOptions {
  readonly actor: string;
  readonly recorder: Recorder;
  /** Whose token goes out at this moment. */
  readonly user: () => string;
  /** The next number of a call; numbers are the run's, not the device's. */
  readonly nextCall: () => number;
  /** Counts what a step of the scenario came to. */
  readonly tally: StepTally;
  /** What is sent is ours: where its form is off, that is a bug of Seatrial and nobody else's fault. */
  readonly isOurs?: boolean;
}

/** Our own device was about to send what no server has to understand. */
export class MalformedBySeatrial extends Error {
  override readonly name = "MalformedBySeatrial";
}

/** A transport over which a scenario can also speak in the device's name, past the device itself. */
export interface RecordingTransport extends Transport {
  exchangeByHand(request: OutgoingRequest): Promise<IncomingReply>;
  /** Acknowledges over the open socket; false without one. */
  acknowledgeByHand(lastSeenId: ServerId): boolean;
}

/** A transport that behaves as the given one and records every exchange. */
export function recordingTransport(transport: Transport, options: RecordingOptions): RecordingTransport {
  const { actor, recorder, nextCall, tally } = options;
  let open: ((frame: unknown, isByHand: boolean) => void) | undefined;
  const invoke = (request: WaveflowCall): number => {
    const call = nextCall();
    recorder.record({ kind: "invoked", actor, call, request });
    return call;
  };
  const unknown = (call: number, error: unknown): void =>
    recorder.record({
      kind: "unknown",
      actor,
      call,
      reason: error instanceof Error ? error.message : String(error),
    });
  const exchange = async (request: OutgoingRequest, isByHand: boolean): Promise<IncomingReply> => {
    if (options.isOurs === true && !isByHand) {
      const fault = requestFault(request);
      if (fault !== undefined) throw new MalformedBySeatrial(`Seatrial sent ${fault}`);
    }
    const asked = readCall(request, options.user());
    const call = invoke(isByHand && asked.kind === "ack" ? { ...asked, isByHand } : asked);
    tally.asked(asked.kind);
    let reply: IncomingReply;
    try {
      reply = await transport.exchange(request);
    } catch (error) {
      tally.unanswered();
      unknown(call, error);
      throw error;
    }
    const outcome = withFormFaults(readOutcome(request, reply), request, reply);
    tally.answered(reply, outcome);
    recorder.record({ actor, call, ...outcome });
    return reply;
  };
  return {
    exchange: (request) => exchange(request, false),
    exchangeByHand: (request) => exchange(request, true),
    async openSocket(request, handlers) {
      const device = request.headers["X-Device-Id"] ?? request.headers["x-device-id"] ?? "";
      const user = options.user();
      const call = invoke({ kind: "socket", user, device });
      let socket: DeviceSocket;
      try {
        socket = await transport.openSocket(request, {
          onFrame: (frame) => {
            recorder.record({ kind: "frame", actor, frame });
            handlers.onFrame(frame);
          },
          onClose: (code) => {
            open = undefined;
            recorder.record({ kind: "frame", actor, frame: { type: "closed", code } });
            handlers.onClose(code);
          },
        });
      } catch (error) {
        if (error instanceof UpgradeRefused) {
          const upgrade = { method: "GET", path: request.path };
          const outcome = withFormFaults(readRefusal(error.reply), upgrade, error.reply);
          tally.answered(error.reply, outcome);
          recorder.record({ actor, call, ...outcome });
        } else {
          tally.unanswered();
          unknown(call, error);
        }
        throw error;
      }
      recorder.record({ kind: "accepted", actor, call, reply: { kind: "socket" } satisfies WaveflowReply });
      const send = (frame: unknown, isByHand: boolean): void => {
        const ack = ackFrameSchema.safeParse(frame);
        if (ack.success) {
          tally.asked("ack");
          const asked = { kind: "ack", user, device, lastSeenId: ack.data.ack, via: "socket" } as const;
          const sent = invoke(isByHand ? { ...asked, isByHand } : asked);
          const reply = { kind: "ack" } satisfies WaveflowReply;
          recorder.record({ kind: "accepted", actor, call: sent, reply });
        }
        socket.send(frame);
      };
      open = send;
      return {
        send: (frame) => send(frame, false),
        close: () => {
          if (open === send) recorder.record({ kind: "frame", actor, frame: { type: "closed" } });
          open = undefined;
          socket.close();
        },
      };
    },
    acknowledgeByHand: (lastSeenId) => {
      open?.({ ack: lastSeenId }, true);
      return open !== undefined;
    },
  };
}

/** The outcome, with what is wrong with the form of the server's answer, if anything is. */
function withFormFaults(
  outcome: ExchangeOutcome,
  request: { readonly method: string; readonly path: string },
  reply: IncomingReply,
): ExchangeOutcome {
  const endpoint = endpointOf(request);
  if (endpoint === undefined || isFromImpostor(reply)) return outcome;
  const { status, headers, body } = reply;
  const formFaults: readonly FormFault[] = replyFaults({ endpoint, status, headers, body });
  return formFaults.length === 0 ? outcome : { ...outcome, formFaults };
}

function readCall(request: OutgoingRequest, user: string): WaveflowCall {
  const device = request.headers["X-Device-Id"] ?? request.headers["x-device-id"] ?? "";
  const { path, search } = splitTarget(request.path);
  if (path === "/sync/ops" && request.method === "POST" && isPush(request.body)) {
    return { kind: "push", user, device, ops: request.body.ops };
  }
  if (path === "/sync/ops" && request.method === "GET") {
    const { since = "0", resync } = readQuery(search ?? "");
    const call = { kind: "pull", user, device, since: Number(since) } as const;
    return resync === undefined ? call : { ...call, resync };
  }
  if (path === "/sync/ack" && isJsonObject(request.body)) {
    const { last_seen_id: lastSeenId } = request.body;
    if (typeof lastSeenId === "number") return { kind: "ack", user, device, lastSeenId, via: "http" };
  }
  return { kind: "raw", user, device, method: request.method, path: request.path };
}

/** Somebody else's device may send anything; what has no operations that can be told apart is not called a push. */
function isPush(body: unknown): body is { readonly ops: readonly PushOp[] } {
  if (!isJsonObject(body) || !Array.isArray(body.ops)) return false;
  for (const op of body.ops) if (!isJsonObject(op) || typeof op.operation_id !== "string") return false;
  return true;
}

/** How an exchange ended, as the members of a history event beside actor and call. */
export type ExchangeOutcome = { readonly kind: "accepted" | "refused" | "unknown" } & Readonly<
  Record<string, unknown>
>;

function readOutcome(request: OutgoingRequest, reply: IncomingReply): ExchangeOutcome {
  if (reply.status >= 400 || isFromImpostor(reply)) return readRefusal(reply);
  const body = "json" in reply.body ? reply.body.json : undefined;
  if (request.path.startsWith("/sync/ack"))
    return { kind: "accepted", reply: { kind: "ack" } satisfies WaveflowReply };
  if (request.method === "POST") {
    const push = pushReplySchema.safeParse(body);
    return push.success
      ? { kind: "accepted", reply: { kind: "push", reply: push.data } satisfies WaveflowReply }
      : { kind: "unknown", reason: `a ${reply.status} that is no answer to a push` };
  }
  const pull = pullReplySchema.safeParse(body);
  return pull.success
    ? { kind: "accepted", reply: { kind: "pull", reply: pull.data as PullReply } satisfies WaveflowReply }
    : { kind: "unknown", reason: `a ${reply.status} that is no answer to a pull` };
}

/** With JSON in it, such an answer is something that a device could take for the server's word; a 413 always is. */
const believedStatuses: ReadonlySet<number> = new Set([200, 400, 409, 422]);

const isFromImpostor = ({ headers }: IncomingReply): boolean => headers[impostorHeader] !== undefined;

function readRefusal(reply: IncomingReply): ExchangeOutcome {
  const { status } = reply;
  if (isFromImpostor(reply)) {
    const reason = `${status} from somebody who is not the server`;
    const claim = "json" in reply.body ? reply.body.json : undefined;
    const isBelievable = status === 413 || (believedStatuses.has(status) && "json" in reply.body);
    return { kind: "unknown", reason, ...(isBelievable ? { isImpostor: true, claim } : {}) };
  }
  if (status >= 500) return { kind: "unknown", reason: `the server answered ${status}`, status };
  const body = "json" in reply.body ? reply.body.json : undefined;
  const type =
    typeof body === "object" && body !== null && "type" in body && typeof body.type === "string"
      ? body.type
      : "";
  return { kind: "refused", status, type, body };
}
