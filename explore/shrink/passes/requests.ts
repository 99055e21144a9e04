// Exchanges by hand: fewer headers, no token of their own, shorter lists in their bodies; and answers that are remembered
// only where a later step asks for them.
import { isJsonObject, type JsonObject, type JsonValue } from "../../../protocol/json.ts";
import type { RawRequest, Scenario, Step } from "../../../scenarios/format/types.ts";
import type { Reduction } from "../reduction.ts";
import { fewest } from "../delta.ts";
import { flatSteps, mapSteps } from "../plan-size.ts";

export async function plainerRequests(attempts: Reduction): Promise<void> {
  attempts.begin("plainer exchanges by hand");
  await forgetAnswers(attempts);
  const count = requestsIn(attempts.scenario.steps).length;
  for (let place = 0; place < count; place++) await plainRequest(attempts, place);
}

async function plainRequest(attempts: Reduction, place: number): Promise<void> {
  const present = (): RawRequest => requestsIn(attempts.scenario.steps)[place]!;
  const change = (to: RawRequest): Promise<boolean> =>
    attempts.take(withRequest(attempts.scenario, place, to));
  const first = attempts.scenario.devices[0]?.name;
  if (first !== undefined && first !== present().as)
    await attempts.take(withRequest(attempts.scenario, place, { ...present(), as: first }), {
      orEqual: true,
    });
  const { token, ...withoutToken } = present();
  if (token !== undefined) await change(withoutToken);
  for (const header of Object.keys(present().headers)) {
    const { [header]: _gone, ...headers } = present().headers;
    await change({ ...present(), headers });
  }
  const { body } = present();
  if (body === undefined || !("json" in body) || !isJsonObject(body.json)) return;
  for (const [member, list] of Object.entries(body.json)) {
    if (!Array.isArray(list) || list.length < 2) continue;
    await fewest(list as readonly JsonValue[], (kept) => {
      const { json } = present().body as { readonly json: JsonObject };
      return change({ ...present(), body: { json: { ...json, [member]: kept } } });
    });
  }
}

function requestsIn(steps: readonly Step[]): readonly RawRequest[] {
  return flatSteps(steps).flatMap((step) => (step.kind === "request" ? [step.request] : []));
}

function withRequest(scenario: Scenario, place: number, request: RawRequest): Scenario {
  let at = 0;
  return mapSteps(scenario, (step) =>
    step.kind === "request" && at++ === place ? { ...step, request } : step,
  );
}

async function forgetAnswers(attempts: Reduction): Promise<void> {
  const count = flatSteps(attempts.scenario.steps).length;
  for (let place = 0; place < count; place++) {
    let at = 0;
    await attempts.take(
      mapSteps(attempts.scenario, (step) => {
        if (at++ !== place || !("remember" in step)) return step;
        const { remember: _remember, ...rest } = step;
        return rest;
      }),
    );
  }
}
