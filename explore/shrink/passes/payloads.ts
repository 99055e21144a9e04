// Plainer contents: one entity and one field where one is enough, one edit a step, values that a reader tells apart at a
// glance. Works on the words of a step as JSON, whatever a protocol's verbs mean by them.
import { isJsonObject, type JsonObject, type JsonValue } from "../../../protocol/json.ts";
import type { Scenario, Step } from "../../../scenarios/format/types.ts";
import type { Attempts } from "../attempts.ts";
import { fewest } from "../delta.ts";
import { plainNames } from "../plan-size.ts";

/** Members that hold what a person has written: anything else may have a meaning. */
const valueMember = "value";

export async function plainerPayloads(attempts: Attempts): Promise<void> {
  attempts.begin("making contents plain");
  await shorterLists(attempts);
  for (const member of Object.keys(plainNames)) await mergeNames(attempts, member);
  await plainValues(attempts);
}

/** Several edits of one step to as few as do it. */
async function shorterLists(attempts: Attempts): Promise<void> {
  for (let index = 0; index < attempts.scenario.steps.length; index++) {
    const step = attempts.scenario.steps[index]!;
    if (step.kind !== "device" || !isJsonObject(step.action.args)) continue;
    for (const [member, list] of Object.entries(step.action.args)) {
      if (!Array.isArray(list) || list.length < 2) continue;
      await fewest(list as readonly JsonValue[], (kept) =>
        kept.length === 0
          ? Promise.resolve(false)
          : attempts.take(
              withArgs(attempts.scenario, index, (args) => ({ ...args, [member]: kept as JsonValue })),
            ),
      );
    }
  }
}

/** All to one name, else each to the plain one, else each to any other that the plan has. */
async function mergeNames(attempts: Attempts, member: string): Promise<void> {
  const plain = plainNames[member]!;
  const rename = (from: (text: string) => boolean, to: string): Promise<boolean> =>
    attempts.take(
      mapMember(attempts.scenario, member, (value) =>
        typeof value === "string" && from(value) ? to : value,
      ),
    );
  if (await rename(() => true, plain)) return;
  const present = textsOf(attempts.scenario, member);
  for (const name of present) {
    for (const other of present) if (name !== other && (await rename((text) => text === name, other))) break;
  }
  const left = textsOf(attempts.scenario, member);
  if (!left.includes(plain)) await rename((text) => text === left[0], plain);
}

/** `A`, `B`, `C` in the order in which they come; where values have to be what they are, one by one. */
async function plainValues(attempts: Attempts): Promise<void> {
  let count = 0;
  const all = mapMember(attempts.scenario, valueMember, () => letter(count++));
  if (await attempts.take(all)) return;
  for (let place = 0; place < count; place++) {
    let at = 0;
    await attempts.take(
      mapMember(attempts.scenario, valueMember, (value) => (at++ === place ? letter(place) : value)),
    );
  }
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const letter = (index: number): string =>
  index < letters.length
    ? letters[index]!
    : `${letters[index % letters.length]}${Math.trunc(index / letters.length)}`;

function textsOf(scenario: Scenario, member: string): readonly string[] {
  const texts = new Set<string>();
  mapMember(scenario, member, (value) => {
    if (typeof value === "string") texts.add(value);
    return value;
  });
  return [...texts];
}

/** Every value of a member, wherever it stands in the words of a device's step. */
function mapMember(scenario: Scenario, member: string, change: (value: JsonValue) => JsonValue): Scenario {
  const visit = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return (value as readonly JsonValue[]).map(visit);
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, name === member ? change(inner) : visit(inner)]),
    );
  };
  const ofStep = (step: Step): Step => {
    if (step.kind === "together" || step.kind === "start") return { ...step, steps: step.steps.map(ofStep) };
    if (step.kind !== "device") return step;
    return { ...step, action: { ...step.action, args: visit(step.action.args) } };
  };
  return { ...scenario, steps: scenario.steps.map(ofStep) };
}

function withArgs(scenario: Scenario, index: number, change: (args: JsonObject) => JsonObject): Scenario {
  const steps = scenario.steps.map((step, place) =>
    place === index && step.kind === "device"
      ? { ...step, action: { ...step.action, args: change(step.action.args as JsonObject) } }
      : step,
  );
  return { ...scenario, steps };
}
