import { expect, it } from "vitest";
import { CalmGate } from "./calm-gate.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function createScene() {
  const gate = new CalmGate();
  const log: string[] = [];
  const begin = (kind: "calmly" | "strike", name: string) => {
    const over = Promise.withResolvers<void>();
    const done = gate[kind](async () => {
      log.push(`${name} begins`);
      await over.promise;
      log.push(`${name} ends`);
    });
    return async (): Promise<void> => {
      over.resolve();
      await done;
    };
  };
  return { gate, log, begin };
}

it("calms run side by side, and a strike waits for the last of them", async () => {
  const { log, begin } = createScene();
  const first = begin("calmly", "first");
  const second = begin("calmly", "second");
  const strike = begin("strike", "strike");
  await first();
  expect(log).toEqual(["first begins", "second begins", "first ends"]);
  await second();
  await turn();
  expect(log.at(-1)).toBe("strike begins");
  await strike();
});

it("no calm begins while somebody strikes or waits to", async () => {
  const { log, begin } = createScene();
  const first = begin("calmly", "first");
  const strike = begin("strike", "strike");
  const late = begin("calmly", "late");
  await first();
  await turn();
  expect(log).toEqual(["first begins", "first ends", "strike begins"]);
  await strike();
  await turn();
  expect(log.at(-1)).toBe("late begins");
  await late();
});

it("a calm that waited for one strike goes before the next", async () => {
  const { log, begin } = createScene();
  const strike = begin("strike", "strike");
  const calm = begin("calmly", "calm");
  await turn();
  await strike();
  await turn();
  const next = begin("strike", "next");
  await turn();
  expect(log.at(-1)).toBe("calm begins");
  await calm();
  await next();
});

it("work that throws lets go of the gate", async () => {
  const { gate, log, begin } = createScene();
  const fail = async (): Promise<void> => {
    throw new Error("no");
  };
  await expect(gate.calmly(fail)).rejects.toThrow("no");
  await expect(gate.strike(fail)).rejects.toThrow("no");
  await begin("strike", "strike")();
  expect(log).toEqual(["strike begins", "strike ends"]);
});
