// Accidents as steps: `network: lose reply to laptop push` says what an address says, in the place where it happens, and
// is counted from there. Where in the plan it has to stand is tried out, from the first place on.
import type {
  Accident,
  MessageAddress,
  NetworkAction,
  Scenario,
  ServerAction,
  Step,
} from "../../../scenarios/format/types.ts";
import type { Attempts } from "../attempts.ts";
import { unwritten } from "../timeline.ts";
import { withAccidents } from "./chance.ts";

export async function accidentsAsSteps(attempts: Attempts): Promise<void> {
  attempts.begin("accidents as steps");
  for (const accident of attempts.scenario.accidents ?? []) await asStep(attempts, accident);
}

/** Every place is tried, so this is for plans that are small by now. */
const stepsMax = 20;
/** Where it is counted from is a step, so it is seldom far from there. */
const nearNumbers: readonly number[] = [1, 2, 3];

async function asStep(attempts: Attempts, accident: Accident): Promise<void> {
  const others = (attempts.scenario.accidents ?? []).filter((one) => one !== accident);
  const without = withAccidents(attempts.scenario, others);
  if (without.steps.length > stepsMax) return;
  const numbers = new Set([...nearNumbers.filter((nth) => nth < accident.nth), accident.nth]);
  for (const [first, ...more] of [...numbers].flatMap((nth) => stepsFor(accident, without, nth))) {
    for (let place = 0; place <= without.steps.length; place++) {
      const { steps } = without;
      // A run with a step that comes back needs its return as well, at any later place.
      const returns = more.length === 0 ? [place] : places(place, steps.length);
      for (const back of returns) {
        const plan = [
          ...steps.slice(0, place),
          first!,
          ...steps.slice(place, back),
          ...more,
          ...steps.slice(back),
        ];
        if (await attempts.take({ ...without, steps: plan })) return;
      }
    }
  }
}

const places = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => last - index);

/** The steps that do what the accident did, the plainest first. Empty where none can. */
function stepsFor(accident: Accident, scenario: Scenario, nth: number): readonly (readonly Step[])[] {
  const { who, what, kind } = accident;
  const isDevice = scenario.devices.some(({ name }) => name === who);
  if (!isDevice) return statementSteps(accident, scenario);
  if (what === "durable step")
    return kind === "fail"
      ? []
      : withReturn(
          {
            source: unwritten,
            kind: "device",
            device: who,
            action: { verb: "crash", args: { position: positionOf(kind), commit: nth } },
          },
          { source: unwritten, kind: "device", device: who, action: { verb: "restart", args: {} } },
        );
  const actions = what === "frame" ? frameActions(accident, nth) : exchangeActions(accident, nth);
  return actions.map((action) => [{ source: unwritten, kind: "network", action }]);
}

const positionOf = (kind: Accident["kind"]): "before" | "after" =>
  kind === "crash-before" ? "before" : "after";

/** What crashes stays down, or comes back. */
const withReturn = (crash: Step, back: Step): readonly (readonly Step[])[] => [[crash], [crash, back]];

function statementSteps({ who, what, kind }: Accident, scenario: Scenario): readonly (readonly Step[])[] {
  const [purpose, statement] = what.split(" ");
  if (purpose === undefined || statement === undefined) return [];
  const address = { purpose, statement, nth: 1, position: positionOf(kind) };
  const trap = (action: ServerAction): Step => ({ source: unwritten, kind: "server", action });
  if (kind === "lose-answer") return [[trap({ verb: "lose-answer-during", ...address, position: "after" })]];
  const number = /^server (\d+)$/u.exec(who)?.[1];
  const process = number === undefined || scenario.processes === 1 ? {} : { process: Number(number) };
  return withReturn(trap({ verb: "crash-during", ...address }), trap({ verb: "restart", ...process }));
}

function frameActions({ who: device, kind, extentMs = 0 }: Accident, nth: number): readonly NetworkAction[] {
  switch (kind) {
    case "loseFrame":
      return [{ verb: "drop-frame", device, nth }];
    case "repeatFrame":
      return [{ verb: "repeat-frame", device, nth }];
    case "lateFrame":
      return [{ verb: "delay-frame", device, nth, byMs: extentMs }];
    case "cutSocket":
      return [{ verb: "cut-socket", device }];
    case "halfOpenSocket":
      return [{ verb: "half-open", device }];
    default:
      return [];
  }
}

function exchangeActions(
  { who, what, kind, extentMs = 0, status = 503 }: Accident,
  nth: number,
): readonly NetworkAction[] {
  const of: MessageAddress = { device: who, message: what, nth };
  const answer = { verb: "answer", of } as const;
  switch (kind) {
    case "loseRequest":
      return [{ verb: "lose-request", of }];
    case "loseReply":
      return [{ verb: "lose-reply", of }];
    case "duplicateRequest":
      return [{ verb: "duplicate", of, afterMs: extentMs }];
    case "zombieRequest":
    case "delay":
      return [{ verb: "delay-request", of, byMs: extentMs }];
    case "refuse":
      return [
        { verb: "lose-request", of },
        { ...answer, status, body: "empty", withEffect: false },
      ];
    case "refuseAfterEffect":
      return [
        { verb: "lose-reply", of },
        { ...answer, status, body: "empty", withEffect: true },
      ];
    case "portal":
      return [
        { verb: "lose-request", of },
        { ...answer, status: 200, body: "html", withEffect: false },
      ];
    case "truncateReply":
      return [
        { verb: "lose-reply", of },
        { ...answer, status: 200, body: "truncated", withEffect: true },
      ];
    default:
      return [];
  }
}
