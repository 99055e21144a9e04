// From devices that act on timers of their own to devices that do what the plan says: every exchange that happened
// becomes a step. What is left says when who pushes and pulls, and nothing happens behind the reader's back.
import type { HistoryEvent } from "../../../invariants/history.ts";
import type { Scenario, Step } from "../../../scenarios/format/types.ts";
import type { Attempts } from "../attempts.ts";
import { plainSteps, type TimedStep, unwritten } from "../timeline.ts";

export interface ByHandOptions {
  /** What a device of the protocol can be told to do. */
  readonly verbs: ReadonlySet<string>;
  /** Makes a branch smaller before it is compared: a plan by hand is longer at first. */
  readonly shrinkBranch: (branch: Attempts) => Promise<void>;
}

/** Every exchange of everybody first, then only those of devices with timers: all at once, else one by one. */
export async function byHand(attempts: Attempts, options: ByHandOptions): Promise<void> {
  const automatic = automaticDevices(attempts.scenario);
  const everybody = attempts.scenario.devices.map(({ name }) => name);
  if (await tryByHand(attempts, { devices: everybody, isSpeltOut: true }, options)) return;
  if (automatic.length === 0) return;
  if (await tryByHand(attempts, { devices: automatic, isSpeltOut: false }, options)) return;
  if (automatic.length === 1) return;
  for (const device of automatic)
    await tryByHand(attempts, { devices: [device], isSpeltOut: false }, options);
}

const automaticDevices = ({ devices }: Scenario): readonly string[] =>
  devices.filter(({ automatic }) => automatic).map(({ name }) => name);

interface Handling {
  readonly devices: readonly string[];
  /** Steps that make exchanges go, and only what they came to stays. */
  readonly isSpeltOut: boolean;
}

async function tryByHand(
  attempts: Attempts,
  handling: Handling,
  { verbs, shrinkBranch }: ByHandOptions,
): Promise<boolean> {
  attempts.begin("devices without timers");
  const moments = await momentsOf(attempts, handling, verbs);
  const manual = withoutTimers(attempts.scenario, handling.devices);
  for (const steps of schedules(moments)) {
    if (attempts.isOver) return false;
    attempts.begin("devices without timers");
    const branch = await attempts.branch({ ...manual, steps });
    if (branch === undefined) continue;
    await shrinkBranch(branch);
    if (attempts.adopt(branch)) return true;
  }
  return false;
}

/** A step of the plan, or an exchange that a device made by itself. Units: virtual milliseconds. */
interface Moment {
  readonly atMs: number;
  /** When it was over; the same as `atMs` for a step. */
  readonly untilMs: number;
  readonly step: Step;
  readonly isExchange: boolean;
}

async function momentsOf(
  attempts: Attempts,
  { devices, isSpeltOut }: Handling,
  verbs: ReadonlySet<string>,
): Promise<readonly Moment[]> {
  const times = await attempts.stepTimes();
  const own = isSpeltOut
    ? withoutExchanges(attempts.scenario.steps, messagesIn(attempts.best.run.history.events))
    : attempts.scenario.steps;
  const steps = own
    .filter(({ kind }) => kind !== "wait")
    .map((step): Moment => {
      const atMs = times.get(step) ?? 0;
      return { atMs, untilMs: atMs, step, isExchange: false };
    });
  const exchanges = exchangesOf(attempts.best.run.history.events, devices, verbs);
  // Steps come first: an exchange at the same moment was their doing.
  return [...steps, ...exchanges].sort(
    (left, right) => left.atMs - right.atMs || Number(left.isExchange) - Number(right.isExchange),
  );
}

function exchangesOf(
  events: readonly HistoryEvent[],
  devices: readonly string[],
  verbs: ReadonlySet<string>,
): readonly Moment[] {
  const answeredAt = new Map<number, number>();
  for (const event of events) {
    if (event.kind === "accepted" || event.kind === "refused" || event.kind === "unknown")
      answeredAt.set(event.call, event.at);
  }
  const moments: Moment[] = [];
  for (const event of events) {
    if (event.kind === "calm") break;
    if (event.kind !== "invoked" || !devices.includes(event.actor)) continue;
    const verb = verbOf(event.request, verbs);
    if (verb === undefined) continue;
    const step: Step = { source: unwritten, kind: "device", device: event.actor, action: { verb, args: {} } };
    const untilMs = answeredAt.get(event.call) ?? event.at;
    moments.push({ atMs: event.at, untilMs, step, isExchange: true });
  }
  return moments;
}

/** The names of the exchanges that were made. */
const messagesIn = (events: readonly HistoryEvent[]): ReadonlySet<string> =>
  new Set(events.flatMap((event) => (event.kind === "invoked" ? [messageOf(event.request) ?? ""] : [])));

/** Steps that do nothing but exchange messages, left out, and with them the frames that held nothing else. */
function withoutExchanges(steps: readonly Step[], messages: ReadonlySet<string>): readonly Step[] {
  return steps.flatMap((step): readonly Step[] => {
    if (step.kind === "sync") return [];
    if (step.kind === "device") {
      const { verb } = step.action;
      return verb === "sync" || verb === "connect" || messages.has(verb) ? [] : [step];
    }
    if (step.kind !== "together" && step.kind !== "start") return [step];
    return withoutExchanges(step.steps, messages);
  });
}

/** The verb that makes an exchange: named like it, but for the socket. */
function verbOf(request: unknown, verbs: ReadonlySet<string>): string | undefined {
  const message = messageOf(request);
  const verb = message === "socket" ? "connect" : message;
  return verb !== undefined && verbs.has(verb) ? verb : undefined;
}

function messageOf(request: unknown): string | undefined {
  const kind = (request as { readonly kind?: unknown } | null)?.kind;
  return typeof kind === "string" ? kind : undefined;
}

/** The plainest first: without sockets, then as it was. */
function* schedules(moments: readonly Moment[]): Generator<readonly Step[]> {
  const withoutSockets = moments.filter(
    ({ step }) => step.kind !== "device" || step.action.verb !== "connect",
  );
  if (withoutSockets.length < moments.length) yield* schedulesOf(withoutSockets);
  yield* schedulesOf(moments);
}

/** One after the other without waiting, whole syncs, what overlapped together; then with the waits as they were, and at
 *  last with every exchange begun when it began. */
function* schedulesOf(moments: readonly Moment[]): Generator<readonly Step[]> {
  const merged = mergeRepeated(moments);
  yield merged.map(({ step }) => step);
  yield mergeRepeated(moments.map(asSync)).map(({ step }) => step);
  yield overlapping(merged);
  yield inTime(merged, (step) => step);
  yield [
    ...inTime(moments, (step) => ({ source: unwritten, kind: "start", steps: [step] })),
    { source: unwritten, kind: "finish" },
  ];
}

/** Twice the same with nothing in between is once: a pass goes on until there is nothing left. */
const mergeRepeated = (moments: readonly Moment[]): readonly Moment[] =>
  moments.filter((moment, index) => {
    const before = moments[index - 1];
    return !moment.isExchange || before === undefined || !isSameExchange(moment, before);
  });

const isSameExchange = (left: Moment, right: Moment): boolean =>
  left.isExchange && right.isExchange && nameOf(left.step) === nameOf(right.step);

const nameOf = (step: Step): string =>
  step.kind === "device"
    ? `${step.device} ${step.action.verb}`
    : step.kind === "sync"
      ? step.devices.join()
      : "";

const asSync = (moment: Moment): Moment =>
  moment.isExchange && moment.step.kind === "device"
    ? { ...moment, step: { source: unwritten, kind: "sync", devices: [moment.step.device] } }
    : moment;

function overlapping(moments: readonly Moment[]): readonly Step[] {
  const steps: Step[] = [];
  let open: Step[] = [];
  let untilMs = -1;
  const close = (): void => {
    if (open.length === 1) steps.push(open[0]!);
    else if (open.length > 1) steps.push({ source: unwritten, kind: "together", steps: open });
    open = [];
    untilMs = -1;
  };
  for (const moment of moments) {
    if (!moment.isExchange) {
      close();
      steps.push(moment.step);
      continue;
    }
    if (moment.atMs > untilMs) close();
    open.push(moment.step);
    untilMs = Math.max(untilMs, moment.untilMs);
  }
  close();
  return steps;
}

function inTime(moments: readonly Moment[], ofExchange: (step: Step) => Step): readonly Step[] {
  let lastMs = 0;
  const timed = moments.map(({ atMs, step, isExchange }): TimedStep => {
    const gapMs = Math.max(0, atMs - lastMs);
    lastMs = Math.max(lastMs, atMs);
    return { gapMs, step: isExchange ? ofExchange(step) : step };
  });
  return plainSteps(timed);
}

const withoutTimers = (scenario: Scenario, names: readonly string[]): Scenario => ({
  ...scenario,
  devices: scenario.devices.map((device) =>
    names.includes(device.name) ? { ...device, automatic: false } : device,
  ),
});
