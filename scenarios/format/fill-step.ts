// Puts values in the place of the placeholders of a step, just before it runs. Pure: which names a step asks for, and
// the step with their values.
import { isJsonObject, type JsonValue } from "../../protocol/json.ts";
import { fillJson, fillText, placeholdersIn } from "./placeholders.ts";
import type { DeviceAction, Expectation, NetworkAction, RawRequest, ReplyExpectation } from "./types.ts";

/** Values of placeholders, by name. */
export type Values = ReadonlyMap<string, JsonValue>;

/** Names that an action, a request or an expectation asks for. */
export function namesIn(content: unknown): readonly string[] {
  return placeholdersIn(JSON.stringify(content)).map(({ name }) => name);
}

/** Names in the args of a device's action. Only whole members are placeholders there, so that any text can be edited. */
export function namesInAction({ args }: DeviceAction): readonly string[] {
  const names: string[] = [];
  if (!isJsonObject(args)) return names;
  for (const name in args) {
    const text = placeholderText(args[name]!);
    if (text !== undefined) names.push(...namesIn(text));
  }
  return names;
}

/** Names in the JSON that a line about the network has sent in somebody's name. */
export function namesInNetwork(action: NetworkAction): readonly string[] {
  const sent =
    action.verb === "replace-frame" ? action.frame : action.verb === "answer" ? action.json : undefined;
  return sent === undefined ? [] : namesIn(sent);
}

export function fillAction(action: DeviceAction, values: Values): DeviceAction {
  if (values.size === 0 || !isJsonObject(action.args)) return action;
  const args = Object.entries(action.args).map(([name, arg]) => {
    const text = placeholderText(arg);
    return [name, text === undefined ? arg : fill(text, values)] as const;
  });
  return { ...action, args: Object.fromEntries(args) };
}

export function fillNetwork(action: NetworkAction, values: Values): NetworkAction {
  if (action.verb === "replace-frame") return { ...action, frame: fill(action.frame, values) };
  return action.verb === "answer" && action.json !== undefined
    ? { ...action, json: fill(action.json, values) }
    : action;
}

export function fillRequest(request: RawRequest, values: Values): RawRequest {
  const { body, token } = request;
  const filled = {
    ...request,
    path: filledText(request.path, values),
    headers: fill(request.headers, values) as RawRequest["headers"],
    ...(token?.claims === undefined
      ? {}
      : { token: { ...token, claims: fill(token.claims, values) as typeof token.claims } }),
  };
  if (body === undefined) return filled;
  const content =
    "json" in body ? { json: fill(body.json, values) } : { text: filledText(body.text, values) };
  return { ...filled, body: content };
}

export const fillReply = (expect: ReplyExpectation, values: Values): ReplyExpectation =>
  expect.body === undefined ? expect : { ...expect, body: fill(expect.body, values) };

export function fillExpectation(expect: Expectation, values: Values): Expectation {
  if (expect.devices === undefined) return expect;
  const devices = Object.entries(expect.devices).map(([name, device]) => {
    const { status } = device;
    return [
      name,
      status === undefined ? device : { ...device, status: fill(status, values) as typeof status },
    ] as const;
  });
  return { ...expect, devices: Object.fromEntries(devices) };
}

const fill = (value: JsonValue, values: Values): JsonValue =>
  fillJson(value, (name) => values.get(name), { isLast: true });

function filledText(text: string, values: Values): string {
  const filled = fillText(text, (name) => values.get(name), { isLast: true });
  return typeof filled === "string" ? filled : JSON.stringify(filled);
}

const placeholderText = (arg: JsonValue): string | undefined =>
  isJsonObject(arg) && typeof arg.placeholder === "string" ? `{${arg.placeholder}}` : undefined;
