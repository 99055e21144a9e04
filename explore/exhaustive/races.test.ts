import { describe, expect, test } from "vitest";
import { Footprint } from "./footprint.ts";
import { findRaces, type Step } from "./races.ts";

const touching = ({ reads = [], writes = [] }: { reads?: number[]; writes?: number[] } = {}): Footprint => {
  const footprint = new Footprint();
  for (const object of reads) footprint.read(object);
  for (const object of writes) footprint.write(object);
  return footprint;
};

const step = (lane: number, touches: Parameters<typeof touching>[0] = {}, createdBy = -1): Step => ({
  lane,
  createdBy,
  footprint: touching(touches),
});

const racesOf = (steps: readonly Step[]): readonly string[] => {
  const races: string[] = [];
  findRaces(steps, undefined, (at, lane) => races.push(`${lane} before ${at}`));
  return races;
};

describe("races", () => {
  test("steps that share nothing, or only read, do not race", () => {
    expect(racesOf([step(0, { writes: [1] }), step(1, { writes: [40] })])).toEqual([]);
    expect(racesOf([step(0, { reads: [1] }), step(1, { reads: [1] })])).toEqual([]);
  });

  test("a read could have gone before a write, and a write before a read", () => {
    expect(racesOf([step(0, { writes: [40] }), step(1, { reads: [40] })])).toEqual(["1 before 0"]);
    expect(racesOf([step(0, { reads: [3] }), step(1, { writes: [3] })])).toEqual(["1 before 0"]);
  });

  test("what follows from a step could not have gone before it", () => {
    expect(racesOf([step(0, { writes: [1] }), step(1, { writes: [1] }, 0)])).toEqual([]);
    // Lane 1's second step follows its first, which came after lane 0's by the object that both wrote.
    const steps = [step(0, { writes: [1] }), step(1, { writes: [1] }), step(1, { writes: [1] })];
    expect(racesOf(steps)).toEqual(["1 before 0"]);
  });

  test("what is still to come races with what has been", () => {
    const races: string[] = [];
    const future = { footprints: [undefined, touching({ writes: [1] })], createdBy: [-1, -1] };
    findRaces([step(0, { reads: [1] }), step(0)], future, (at, lane) => races.push(`${lane} before ${at}`));
    expect(races).toEqual(["1 before 0"]);
  });
});
