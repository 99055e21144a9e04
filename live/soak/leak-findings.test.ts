import { expect, it } from "vitest";
import { sampleSoak } from "../../test/sample-soak.ts";
import { findLeaks } from "./leak-findings.ts";

const { samples, asked } = sampleSoak;
const verdicts = (found = findLeaks(samples, asked.durationMs)) =>
  Object.fromEntries(found.map(({ name, verdict }) => [name, verdict]));

it("a server that grows leaks, and nobody else does", () => {
  expect(verdicts()).toEqual({
    "memory of Seatrial": "no leak seen",
    "heap of Seatrial": "no leak seen",
    "handles of Seatrial": "no leak seen",
    "connections of the database": "no leak seen",
    "memory of server 1": "no leak seen",
    "handles of server 1": "no leak seen",
    "memory of server 2": "leaks",
    "handles of server 2": "no leak seen",
  });
});

it("a process that was restarted is judged over its longest life", () => {
  const longest = findLeaks(samples, asked.durationMs).find(({ name }) => name === "memory of server 1")!;
  const alone = findLeaks(
    samples.filter(({ atMs }) => atMs >= 310_000),
    asked.durationMs,
  ).find(({ name }) => name === "memory of server 1")!;
  expect(longest).toEqual(alone);
});

it("what grows only while all warm up, or shrinks only when all leave, is no matter", () => {
  const bent = samples.map((sample) => {
    const warmth = sample.atMs < 240_000 ? sample.atMs / 240_000 : 1;
    return { ...sample, seatrial: { rssBytes: Math.round(5e8 * warmth) + (sample.atMs % 7) } };
  });
  const left = { ...bent.at(-1)!, atMs: asked.durationMs + 5_000, seatrial: { rssBytes: 1 } };
  expect(verdicts(findLeaks([...bent, left], asked.durationMs))["memory of Seatrial"]).toBe("no leak seen");
});

it("a soak of a few minutes is too short to say anything", () => {
  const short = samples.filter(({ atMs }) => atMs <= 240_000);
  expect(new Set(Object.values(verdicts(findLeaks(short, 240_000))))).toEqual(new Set(["too short to say"]));
});

it("what the operating system does not tell is no finding of anything", () => {
  const mute = samples.map((sample) => ({ ...sample, seatrial: {} }));
  const found = findLeaks(mute, asked.durationMs).find(({ name }) => name === "memory of Seatrial")!;
  expect(found).toMatchObject({ verdict: "too short to say", points: 0, spanMs: 0 });
});
