// Tokens that are bound to a device, with that device, another, and none, at every endpoint.
import type { JsonValue } from "../../protocol/json.ts";
import type { ProbeTarget } from "../probe.ts";
import type { WireRequest } from "../probes/wire-request.ts";
import {
  ackOf,
  type BadCase,
  type Caller,
  handshake,
  pullOf,
  pushOf,
  type Turn,
  upgradeOf,
} from "./bad-case.ts";
import { goodBody, uuidOf } from "./caller.ts";
import type { LawfulAnswer } from "./lawful-answers.ts";

export interface ClaimCase {
  readonly made: BadCase;
  readonly turn: Turn;
}

/** Undefined where the target gives no tokens with claims of one's choice.  Source: WF-AUTH-3. */
export async function claimCases(
  target: ProbeTarget,
  { seed, hasSocket }: { readonly seed: string; readonly hasSocket: boolean },
): Promise<readonly ClaimCase[] | undefined> {
  const user = target.freshUser();
  const device = target.freshDevice();
  const mint = (claim: JsonValue): Promise<string | undefined> =>
    target.mintToken(user, device, { kind: "custom", claims: { device_id: claim } });
  const [bound, boundUpper, unbound, odd] = [
    await mint(device),
    await mint(device.toUpperCase()),
    await mint(null),
    await mint("laptop"),
  ];
  if (bound === undefined || boundUpper === undefined || unbound === undefined || odd === undefined)
    return undefined;
  const other = target.freshDevice();
  const say = (token: string, named: string): Caller => ({ user, device: named, token });
  const cases = [
    ...atAll("a token that is bound to another device", say(bound, other), 403),
    ...atAll("a token that is bound to no UUID", say(odd, other), 403),
    // Order: 401, 403, 400. A device that is no UUID is another than the claimed one before it is malformed.
    ...atAll("a token that is bound to a device, and a device id that is none", say(bound, "laptop"), 403),
    ...atAll("a token that is bound to its device", say(bound, device), "success"),
    ...atAll("a token that is bound to its device, in upper case", say(boundUpper, device), "success"),
    ...atAll("a token whose device_id is null", say(unbound, other), "success"),
    upgradeCase("a token bound to another device than the query names", bound, `?device_id=${other}`, 403),
    upgradeCase("a token bound to the device that the query names", bound, `?device_id=${device}`, 101),
    // A body is not looked at before it is clear who asks.
    bodyCase("a token bound to another device, and a bad push", say(bound, other)),
  ];
  const asked = cases.filter(({ endpoint }) => hasSocket || endpoint !== "GET /sync/ws");
  return asked.map((made, index) => ({
    made,
    turn: {
      caller: say(bound, device),
      operationId: uuidOf(seed, "claims", user, String(index)),
      entityId: `claim-${index}`,
      stamp: index + 1,
      highestStamp: index,
      head: 0,
    },
  }));
}

const successes: Readonly<Record<string, number>> = {
  "POST /sync/ops": 200,
  "GET /sync/ops": 200,
  "POST /sync/ack": 204,
  "GET /sync/ws": 101,
};

function atAll(text: string, caller: Caller, due: number | "success"): readonly BadCase[] {
  const requests: readonly (readonly [string, (turn: Turn) => WireRequest])[] = [
    [
      "POST /sync/ops",
      ({ operationId, entityId, stamp }) =>
        pushOf(caller, [{ text: goodBody([{ operationId, entityId, stamp }]) }]),
    ],
    ["GET /sync/ops", () => pullOf(caller, "?since=0")],
    ["POST /sync/ack", () => ackOf(caller, [{ text: '{"last_seen_id":0}' }])],
    ["GET /sync/ws", () => upgradeOf(caller)],
  ];
  return requests.map(([endpoint, build]) =>
    claimCase(endpoint, text, build, due === "success" ? successes[endpoint]! : due),
  );
}

function upgradeCase(text: string, token: string, query: string, due: number): BadCase {
  const headers = [["Authorization", `Bearer ${token}`] as const, ...handshake];
  return claimCase("GET /sync/ws", text, () => ({ method: "GET", path: `/sync/ws${query}`, headers }), due);
}

const bodyCase = (text: string, caller: Caller): BadCase =>
  claimCase("POST /sync/ops", text, () => pushOf(caller, [{ text: "{" }]), 403);

function claimCase(
  endpoint: string,
  text: string,
  build: (turn: Turn) => WireRequest,
  status: number,
): BadCase {
  const due: LawfulAnswer = { status };
  return {
    endpoint,
    mutation: status < 400 ? "device claims that agree" : "device claims that disagree",
    text,
    requirements: ["WF-AUTH-3"],
    build,
    lawful: () => ({ answers: [due] }),
  };
}
