import { expect, test } from "vitest";
import { waveflowRequirements } from "./requirements.ts";

/** Rules per section, counted on the page. */
const counts = { AUTH: 3, PUSH: 13, PULL: 8, ACK: 6, COMP: 8, WS: 4, STATE: 2, DEV: 15 };

test("every rule of the page is listed once, in the page's order", () => {
  const expected = Object.entries(counts).flatMap(([area, count]) =>
    Array.from({ length: count }, (_, index) => `WF-${area}-${index + 1}`),
  );
  expect(waveflowRequirements.map(({ id }) => id)).toEqual(expected);
});

test("kinds are the page's: every rule not named here is said or promised", () => {
  const advice = waveflowRequirements.filter(({ kind }) => kind === "A").map(({ id }) => id);
  expect(advice).toEqual(["WF-PULL-8"]);
  const promised = waveflowRequirements.filter(({ kind }) => kind === "P").map(({ id }) => id.slice(3));
  expect(promised).toEqual([
    ...["AUTH-2", "AUTH-3"],
    ...["PUSH-3", "PUSH-4", "PUSH-6", "PUSH-7", "PUSH-9", "PUSH-12", "PUSH-13"],
    ...["PULL-4", "PULL-5", "PULL-6", "PULL-7"],
    ...["ACK-3", "ACK-4"],
    ...["COMP-4", "COMP-5", "COMP-6", "COMP-7", "COMP-8"],
    ...["WS-2", "WS-4", "STATE-2"],
    ...["DEV-2", "DEV-4", "DEV-7", "DEV-8", "DEV-10", "DEV-12", "DEV-14"],
  ]);
});

test("a summary is one sentence", () => {
  for (const { id, summary } of waveflowRequirements) expect(summary, id).toMatch(/^[A-Z].*[^.]\.$/u);
});
