// Plainer contents: one entity and one field where one is enough, one edit a step, values that a reader tells apart at a
// glance. Works on the words of a step as JSON, whatever a protocol's verbs mean by them.
import { isJsonObject, type JsonObject, type JsonValue } from "../../../protocol/json.ts";
import type { Scenario, Step } from "../../../scenarios/format/types.ts";
import type { Reduction } from "../reduction.ts";
import { fewest } from "../delta.ts";
import { mapSteps, plainNames } from "../plan-size.ts";

/** Members that hold what a person has written: anything else may have a meaning. */
const valueMember = "value";

export async function plainerPayloads(attempts: Reduction): Promise<void> {
  attempts.begin("making contents plain");
  await mergeNeighbours(attempts);
  await shorterLists(attempts);
  for (const member of Object.keys(plainNames)) await mergeNames(attempts, member);
  await plainValues(attempts);
}

/** Two steps of one device that do the same with more of a list become one: an edit of two fields. */
async function mergeNeighbours(attempts: Reduction): Promise<void> {
  for (let index = 1; index < attempts.scenario.steps.length; index++) {
    const { steps } = attempts.scenario;
    const merged = mergedStep(steps[index - 1]!, steps[index]!);
    if (merged === undefined) continue;
    const plan = [...steps.slice(0, index - 1), merged, ...steps.slice(index + 1)];
    if (await attempts.take({ ...attempts.scenario, steps: plan })) index--;
  }
}

function mergedStep(first: Step, second: Step): Step | undefined {
  if (first.kind !== "device" || second.kind !== "device" || first.device !== second.device) return undefined;
  const { verb, args } = first.action;
  const more = second.action.args;
  if (second.action.verb !== verb || !isJsonObject(args) || !isJsonObject(more)) return undefined;
  let hasList = false;
  const merged: Record<string, JsonValue> = {};
  for (const [member, value] of Object.entries(args)) {
    const other = more[member];
    if (Array.isArray(value) && Array.isArray(other)) {
      merged[member] = [...(value as readonly JsonValue[]), ...(other as readonly JsonValue[])];
      hasList = true;
    } else if (JSON.stringify(value) === JSON.stringify(other)) merged[member] = value;
    else return undefined;
  }
  return hasList ? { ...first, action: { verb, args: merged } } : undefined;
}

/** Several edits of one step to as few as do it. */
async function shorterLists(attempts: Reduction): Promise<void> {
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
async function mergeNames(attempts: Reduction, member: string): Promise<void> {
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

/** `A`, `B`, `C` in the order in which they come, the same for the same; where values have to be what they are, one by
 *  one. */
async function plainValues(attempts: Reduction): Promise<void> {
  const values = new Map<string, string>();
  const plain = (value: JsonValue): string => {
    const text = JSON.stringify(value);
    const known = values.get(text) ?? letter(values.size);
    values.set(text, known);
    return known;
  };
  const renamed = mapMember(attempts.scenario, valueMember, plain);
  if ([...values].every(([text, name]) => text === JSON.stringify(name))) return;
  if (await attempts.take(renamed, { orEqual: true })) return;
  for (const text of [...values.keys()]) {
    await attempts.take(
      mapMember(attempts.scenario, valueMember, (value) =>
        JSON.stringify(value) === text ? values.get(text)! : value,
      ),
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

/** Every value of a member, wherever it stands in the words of a device's step or in the body of an exchange. */
function mapMember(scenario: Scenario, member: string, change: (value: JsonValue) => JsonValue): Scenario {
  const visit = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return (value as readonly JsonValue[]).map(visit);
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, name === member ? change(inner) : visit(inner)]),
    );
  };
  return mapSteps(scenario, (step) => {
    if (step.kind === "device") return { ...step, action: { ...step.action, args: visit(step.action.args) } };
    if (step.kind !== "request" || step.request.body === undefined || !("json" in step.request.body))
      return step;
    return { ...step, request: { ...step.request, body: { json: visit(step.request.body.json) } } };
  });
}

function withArgs(scenario: Scenario, index: number, change: (args: JsonObject) => JsonObject): Scenario {
  const steps = scenario.steps.map((step, place) =>
    place === index && step.kind === "device"
      ? { ...step, action: { ...step.action, args: change(step.action.args as JsonObject) } }
      : step,
  );
  return { ...scenario, steps };
}
