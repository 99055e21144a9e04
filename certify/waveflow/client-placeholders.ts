// The `{device.member}` that a scenario asks for anywhere in its steps.
import type { Scenario } from "../../scenarios/format/types.ts";

export function namesInScenario({ steps, expect }: Scenario): readonly string[] {
  const names = new Set<string>();
  for (const [, name] of JSON.stringify([steps, expect]).matchAll(/\{([a-z][a-zA-Z0-9-]*\.[a-zA-Z]+)\}/gu))
    names.add(name!);
  return [...names];
}
