// The simplest use of WaveFlow: one edit is pushed, read by another device, acknowledged, and told over the socket.
import { WebSocket } from "ws";
import type { Symptom } from "../doctor.ts";
import type { ProbeTarget } from "../probe.ts";

/** Units: milliseconds. */
const answerTimeoutMs = 10_000;

interface Caller {
  readonly baseUrl: string;
  readonly token: string;
  readonly device: string;
}

export async function waveflowCheckup(target: ProbeTarget): Promise<readonly Symptom[]> {
  const user = target.freshUser();
  const [writer, reader] = [target.freshDevice(), target.freshDevice()];
  const [token, other] = [await target.mintToken(user, writer), await target.mintToken(user, reader)];
  if (token === undefined || other === undefined) {
    return [{ name: "token", works: false, seen: "none can be had for a fresh user and device" }];
  }
  const laptop: Caller = { baseUrl: target.baseUrl, token, device: writer };
  const phone: Caller = { baseUrl: target.baseUrl, token: other, device: reader };
  const socket = await openSocket(phone);
  const pushed = await ask("push", laptop, {
    path: "/sync/ops",
    body: { ops: [anEdit(target.freshDevice())] },
    expected: 200,
  });
  const pulled = await ask("pull", phone, { path: "/sync/ops?since=0", expected: 200 });
  const head = (pulled.body as { readonly head?: unknown } | undefined)?.head;
  const acknowledged = await ask("ACK", phone, {
    path: "/sync/ack",
    body: { last_seen_id: typeof head === "number" ? head : 0 },
    expected: 204,
  });
  const told = socket.symptom.works ? [await socket.untilOp()] : [];
  socket.close();
  return [
    { name: "token", works: true, seen: "had for a fresh user" },
    pushed.symptom,
    pulled.symptom,
    acknowledged.symptom,
    socket.symptom,
    ...told,
    await refusal(target, phone),
  ];
}

const anEdit = (operationId: string): object => ({
  operation_id: operationId,
  entity_type: "seatrial",
  entity_id: "doctor",
  op: "upsert",
  field: "title",
  value: "hello",
  lamport_ts: 1,
});

interface Question {
  readonly path: string;
  readonly body?: object;
  readonly expected: number;
}

async function ask(
  name: string,
  { baseUrl, token, device }: Caller,
  { path, body, expected }: Question,
): Promise<{ readonly symptom: Symptom; readonly body?: unknown }> {
  const method = body === undefined ? "GET" : "POST";
  try {
    const response = await fetch(baseUrl + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        "x-device-id": device,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: "manual",
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    const text = await response.text();
    const { status } = response;
    const works = status === expected;
    const more = works ? "" : ` ${text.trim().slice(0, 120)}; expected ${expected}`;
    const seen = `${method} ${path} answers ${status}${more}`;
    return { symptom: { name, works, seen }, ...(works && text !== "" ? { body: parsed(text) } : {}) };
  } catch (error) {
    return { symptom: { name, works: false, seen: `${method} ${path}: ${(error as Error).message}` } };
  }
}

async function refusal(target: ProbeTarget, { device }: Caller): Promise<Symptom> {
  const token = (await target.mintToken(target.freshUser(), device, { kind: "malformed" })) ?? "not-a-token";
  const caller = { baseUrl: target.baseUrl, token, device };
  const { symptom } = await ask("bad token", caller, { path: "/sync/ops?since=0", expected: 401 });
  return symptom;
}

interface OpenedSocket {
  readonly symptom: Symptom;
  /** Whether an op comes over it. */
  untilOp(): Promise<Symptom>;
  close(): void;
}

/** Done when the hello has come, or will not. */
async function openSocket({ baseUrl, token, device }: Caller): Promise<OpenedSocket> {
  const socket = new WebSocket(`${baseUrl.replace(/^http/u, "ws")}/sync/ws`, {
    headers: { authorization: `Bearer ${token}`, "x-device-id": device },
    handshakeTimeout: answerTimeoutMs,
  });
  const hello = Promise.withResolvers<string | undefined>();
  const op = Promise.withResolvers<boolean>();
  socket.on("message", (data) => {
    const frame = parsed((data as Buffer).toString()) as { readonly type?: unknown } | undefined;
    if (frame?.type === "hello") hello.resolve(undefined);
    if (frame?.type === "op") op.resolve(true);
  });
  socket.on("unexpected-response", (_request, reply) => {
    hello.resolve(`GET /sync/ws answers ${reply.statusCode}; expected an upgrade`);
    socket.terminate();
  });
  socket.on("error", (error) => hello.resolve(`GET /sync/ws: ${error.message}`));
  socket.on("close", (code) => hello.resolve(`it was closed with ${code} before a hello`));
  const timer = setTimeout(() => {
    hello.resolve(`no hello within ${answerTimeoutMs} ms`);
    op.resolve(false);
  }, answerTimeoutMs);
  const fault = await hello.promise;
  return {
    symptom: { name: "socket", works: fault === undefined, seen: fault ?? "opens and says hello" },
    async untilOp() {
      const came = await op.promise;
      return {
        name: "frames",
        works: came,
        seen: came ? "an op that another device pushed comes over it" : "no op came over it",
      };
    },
    close() {
      clearTimeout(timer);
      socket.terminate();
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
