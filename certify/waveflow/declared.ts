// The probe of what is declared: a server has what it says it has, and has not what it says it has not.
// Source: certification.md section 4.
import { once } from "node:events";
import { WebSocket } from "ws";
import { frameFaults } from "../../protocol/waveflow/reply-form.ts";
import type { Probe, ProbeReport } from "../probe.ts";
import { type Caller, headersOf, upgradeOf } from "./bad-case.ts";
import { freshCaller } from "./caller.ts";
import { curlLine } from "../probes/shell.ts";

export const declaredProbe: Probe = {
  id: "waveflow/probe/declared-socket",
  title: "A socket is there if, and only if, the server says that it has one",
  protocol: "waveflow/1",
  level: "realtime",
  requirements: ["WF-WS-1"],
  async run(target, { declared, signal }): Promise<ProbeReport> {
    const caller = await freshCaller(target);
    const nothing = { findings: [], requirements: [], requests: 0, observations: [] };
    if (caller === undefined) return { ...nothing, outcome: "blocked", missing: ["tokens"] };
    const heard = await listen(target.baseUrl, caller, signal);
    const isThere = heard.kind === "greeted";
    const says = declared.socket;
    if (isThere && says !== false)
      return { ...nothing, outcome: "pass", requirements: ["WF-WS-1"], requests: 1 };
    if (heard.kind === "absent" && says === false) return { ...nothing, outcome: "unsupported", requests: 1 };
    if (heard.kind === "absent" && says === undefined) {
      const observations = [
        "there is no socket, and none is declared: `abilities: { socket: false }` says so",
      ];
      return { ...nothing, outcome: "unsupported", requests: 1, observations };
    }
    const finding = {
      requirements: ["WF-WS-1"],
      text:
        says === false
          ? "an upgrade, where the target declares that it has no socket"
          : "an upgrade to GET /sync/ws",
      expected: says === false ? "no socket" : "a socket that begins with a hello",
      seen: heard.seen,
      reproduce: [curlLine(upgradeOf(caller), target.baseUrl)],
    };
    return { ...nothing, outcome: "fail", findings: [finding], requirements: ["WF-WS-1"], requests: 1 };
  },
};

/** `absent`: nothing of the kind. `odd`: something is there, and it is no socket of the protocol. */
type Heard = { readonly kind: "greeted" | "absent" | "odd"; readonly seen: string };

async function listen(baseUrl: string, caller: Caller, signal: AbortSignal): Promise<Heard> {
  const socket = new WebSocket(`${baseUrl.replace(/^http/u, "ws")}/sync/ws`, {
    headers: Object.fromEntries(headersOf(caller)),
    handshakeTimeout: patienceMs,
    perMessageDeflate: false,
  });
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  const refused = Promise.withResolvers<Heard>();
  socket.on("unexpected-response", (_request, reply) => {
    const status = reply.statusCode ?? 0;
    const isAbsent = absentStatuses.has(status);
    refused.resolve({ kind: isAbsent ? "absent" : "odd", seen: `${status} instead of an upgrade` });
    socket.terminate();
  });
  socket.on("error", (error) => refused.resolve({ kind: "odd", seen: error.message }));
  socket.on("close", (code) => refused.resolve({ kind: "odd", seen: `close ${code} before a hello` }));
  try {
    return await Promise.race([greeting(socket, bounded), refused.promise]);
  } finally {
    socket.terminate();
  }
}

const patienceMs = 5_000;
const absentStatuses: ReadonlySet<number> = new Set([400, 404, 405, 426, 501]);

async function greeting(socket: WebSocket, signal: AbortSignal): Promise<Heard> {
  try {
    const [data] = (await once(socket, "message", { signal })) as [unknown];
    const frame: unknown = JSON.parse(String(data));
    const [fault] = frameFaults(frame);
    const isHello = typeof frame === "object" && frame !== null && "type" in frame && frame.type === "hello";
    if (fault === undefined && isHello) return { kind: "greeted", seen: String(data) };
    return { kind: "odd", seen: `the first frame ${String(data).slice(0, 120)}` };
  } catch (error) {
    return { kind: "odd", seen: `no hello within ${patienceMs} ms (${(error as Error).message})` };
  }
}
