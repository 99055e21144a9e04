// The endpoints by path and method, for a caller that is who it says.
import type { HttpRequest, HttpResponse } from "../../protocol/http.ts";
import type { EpochMs } from "../../protocol/waveflow/types.ts";
import { acknowledge, readAck } from "./ack.ts";
import type { AckBuffer } from "./ack-buffer.ts";
import { noteContact } from "./contact.ts";
import type { Caller } from "./identity.ts";
import type { Clock, Database } from "./ports.ts";
import { pull, readPull } from "./pull.ts";
import { push, readPush } from "./push.ts";
import { ackBeyondHead, methodNotAllowed, noContent, upgradeRequired } from "./replies.ts";

export interface EndpointPorts {
  readonly database: Database;
  readonly clock: Clock;
  readonly buffer: AckBuffer;
  readonly pullLimitDefault: number;
}

/** An identified caller at the door. */
export interface Visit {
  readonly caller: Caller;
  readonly arrivedAt: EpochMs;
}

export const socketPath = "/sync/ws";

export const methodsByPath: ReadonlyMap<string, readonly string[]> = new Map([
  ["/sync/ops", ["GET", "POST"]],
  ["/sync/ack", ["POST"]],
  [socketPath, ["GET"]],
]);

/** Errors: those of the database.  Source: waveflow.md sections 4 to 6. */
export function answer(ports: EndpointPorts, request: HttpRequest, visit: Visit): Promise<HttpResponse> {
  const { database } = ports;
  switch (`${request.method} ${request.path}`) {
    case "POST /sync/ops": {
      const read = readPush(request.body);
      if ("refused" in read) return refuse(database, read.refused, visit);
      return push(ports, { ...visit, ops: read.ops });
    }
    case "GET /sync/ops": {
      const read = readPull(request.query, ports.pullLimitDefault);
      if ("refused" in read) return refuse(database, read.refused, visit);
      return pull(database, { ...visit, query: read.query });
    }
    case "POST /sync/ack": {
      const read = readAck(request.body);
      if ("refused" in read) return refuse(database, read.refused, visit);
      return acknowledge(ports, { ...visit, lastSeenId: read.lastSeenId }).then((outcome) =>
        outcome.kind === "acknowledged" ? noContent : ackBeyondHead(outcome.head),
      );
    }
    case `GET ${socketPath}`:
      return refuse(database, upgradeRequired, visit);
    default:
      return refuse(database, methodNotAllowed(methodsByPath.get(request.path) ?? []), visit);
  }
}

/** A refusal of the form: it has no transaction of its own in which the contact could be noted.
 *  Errors: those of the database.  Source: WF-ACK-4. */
export async function refuse(
  database: Database,
  reply: HttpResponse,
  { caller, arrivedAt }: Visit,
): Promise<HttpResponse> {
  await noteContact(database, { caller, at: arrivedAt });
  return reply;
}
