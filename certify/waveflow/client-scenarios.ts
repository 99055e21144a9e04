// The scenarios of the corpus that are put to somebody else's client, and how. Of a client nobody knows more than what
// passes on the wire and what its driver shows, and the profile leaves it many habits; so what a scenario expects of the
// reference's insides, or of its batches and its order of asking, is taken out before the run. What is left has to hold
// for every lawful client.
import type {
  DeviceAction,
  DeviceExpectation,
  Expectation,
  NetworkAction,
  ReplyExpectation,
  Scenario,
  Step,
} from "../../scenarios/format/types.ts";
import type { ClientScenario, KnownClient } from "../client/protocol.ts";
import { namesInScenario } from "./client-placeholders.ts";
import { clientLevels, clientRequirements } from "./client-profile.ts";
import { ownClientScenarios } from "./client-own-scenarios.ts";
import { withheld } from "./client-withheld.ts";

/** The scenarios that say something about a client, whatever it can do, in the order in which they came. */
export function clientScenarios(
  scenarios: readonly Scenario[],
  { members }: KnownClient,
): readonly ClientScenario[] {
  const ofClients = new Set(clientRequirements.map(({ id }) => id));
  const corpus = scenarios.filter((scenario) => {
    return scenario.requirements.some((id) => ofClients.has(id)) && withheld(scenario) === undefined;
  });
  return [...corpus, ...ownClientScenarios()].flatMap((scenario) => {
    if (asksForUnknown(scenario, members)) return [];
    const isOwn = !corpus.includes(scenario);
    const needs = [...new Set(abilitiesOf(scenario, isOwn))].sort();
    return [{ scenario: tailored(scenario, members), level: levelOf(needs), needs }];
  });
}

function asksForUnknown(scenario: Scenario, members: ReadonlySet<string>): boolean {
  return namesInScenario(scenario).some((name) => {
    const [, member] = name.split(".");
    return member !== undefined && !alwaysShown.has(member) && !members.has(member);
  });
}

function levelOf(needs: readonly string[]): string {
  const place = clientLevels.findLastIndex((level) => level.needs.some((ability) => needs.includes(ability)));
  return clientLevels[Math.max(0, place)]!.name;
}

/** In the words of a greeting. To our own scenarios sizes are a wish. */
function abilitiesOf({ devices, steps, needs, deviceConfig }: Scenario, isOwn: boolean): readonly string[] {
  const abilities = steps.flatMap(abilitiesOfStep);
  if (!isOwn && ("batchSize" in deviceConfig || "pageSize" in deviceConfig)) abilities.push("sizes");
  if (devices.some(({ automatic }) => automatic)) abilities.push("automatic");
  if (devices.some(({ mode }) => mode !== "hybrid")) abilities.push("mode");
  if (needs.includes("skew")) abilities.push("clock");
  return abilities;
}

function abilitiesOfStep(step: Step): readonly string[] {
  if (step.kind === "together" || step.kind === "start") return step.steps.flatMap(abilitiesOfStep);
  if (step.kind === "network") return isOfSockets(step.action) ? ["connect"] : [];
  return step.kind === "device" ? (abilityOfVerb[step.action.verb] ?? []) : [];
}

/** A fault that could not strike where there is no socket. */
function isOfSockets(action: NetworkAction): boolean {
  if ("of" in action) return action.of.message === "socket";
  return action.verb === "half-open" || /frame|socket/u.test(action.verb);
}

const abilityOfVerb: Readonly<Record<string, readonly string[]>> = {
  push: ["push"],
  pull: ["pull"],
  ack: ["ack"],
  resync: ["resync"],
  connect: ["connect"],
  disconnect: ["connect"],
  mode: ["mode"],
  token: ["token"],
  "sign-in": ["token"],
  "sign-out": ["token"],
  bind: ["account"],
  "switch-account": ["account"],
  skew: ["clock"],
  crash: ["restart"],
  restart: ["restart"],
  backup: ["restart"],
  restore: ["restart"],
  reinstall: ["restart"],
};

/** The scenario without what nobody can hold against this client. */
function tailored(scenario: Scenario, known: ReadonlySet<string>): Scenario {
  // Only a 403 has to be shown as a stop; what else keeps it from asking, a client may show or not.  Source: WF-DEV-5.
  const isForbidden = JSON.stringify(scenario.steps).includes('"status":403');
  const members = new Set([...known].filter((name) => name !== "stopped" || isForbidden));
  return {
    ...scenario,
    steps: scenario.steps.map((step) => tailorStep(step, members)),
    expect: tailorExpectation(scenario.expect, members),
  };
}

function tailorStep(step: Step, members: ReadonlySet<string>): Step {
  switch (step.kind) {
    case "together":
    case "start":
      return { ...step, steps: step.steps.map((inner) => tailorStep(inner, members)) };
    case "check":
      return { ...step, expect: tailorExpectation(step.expect, members) };
    case "device": {
      const { expect, ...rest } = step;
      const left = expect === undefined ? undefined : tailorReply(expect, step.action);
      return left === undefined ? rest : { ...rest, expect: left };
    }
    default:
      return step;
  }
}

/** Numbers that show whether anything was asked at all. */
const askedCounts: Readonly<Record<string, readonly string[]>> = {
  push: ["batches"],
  pull: ["pages"],
  ack: ["acks"],
  sync: ["batches", "pages", "acks"],
};

/** How often it asks, and what it makes of an answer, is its own affair; that it asks nothing when it must not, and will
 *  not have what is no token, is not. */
function tailorReply(expect: ReplyExpectation, { verb }: DeviceAction): ReplyExpectation | undefined {
  const { counts = {}, outcome, body, requirements } = expect;
  const ofVerb = askedCounts[verb];
  const zero = Object.entries(counts).filter(
    ([name, count]) => count === 0 && ["batches", "pages", "acks"].includes(name),
  );
  const isSilent = ofVerb !== undefined && outcome === "blocked";
  if (isSilent) zero.push(...ofVerb.map((name) => [name, 0] as [string, number]));
  const left: ReplyExpectation = {
    ...(outcome === "blocked" && ofVerb === undefined && verb !== "connect" ? { outcome } : {}),
    ...(body === undefined || verb !== "read" ? {} : { body }),
    ...(zero.length === 0 ? {} : { counts: Object.fromEntries(zero) }),
  };
  if (Object.keys(left).length === 0) return undefined;
  return requirements === undefined ? left : { ...left, requirements };
}

/** What the harness knows by itself, or every driver shows. */
const alwaysShown: ReadonlySet<string> = new Set([
  "mode",
  "hasToken",
  "server",
  "pending",
  "cursor",
  "deadLetters",
]);
/** Its exact value is the reference's. */
const neverHeld: ReadonlySet<string> = new Set(["lamport", "acknowledged"]);

function tailorExpectation(expect: Expectation, members: ReadonlySet<string>): Expectation {
  if (expect.devices === undefined) return expect;
  const isHeld = (name: string): boolean =>
    !neverHeld.has(name) && (alwaysShown.has(name) || members.has(name));
  const devices = Object.entries(expect.devices).map(([name, { state, status = {} }]) => {
    const left = Object.entries(status).filter(([member]) => isHeld(member));
    const device: DeviceExpectation = {
      ...(state === undefined ? {} : { state }),
      ...(left.length === 0 ? {} : { status: Object.fromEntries(left) }),
    };
    return [name, device] as const;
  });
  return { ...expect, devices: Object.fromEntries(devices) };
}
