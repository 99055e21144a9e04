// Which processes a mutant can be, and why it cannot be one.
import { expect, test } from "vitest";
import type { Mutant } from "./mutant.ts";
import { realMutant } from "./real-edits.ts";

const mutant = (file: string, more: Partial<Mutant> = {}): Mutant => ({
  name: "some-mutant",
  part: "server",
  story: "Something is wrong.",
  requirements: ["WF-PUSH-1"],
  edits: [{ file, find: "a", replace: "b" }],
  ...more,
});

test("a mutant of the server is a process of the server", () => {
  expect(realMutant(mutant("reference-server/waveflow/push.ts"))).toMatchObject({
    place: "server",
    edits: [{ file: "reference-server/waveflow/push.ts" }],
  });
});

test("one of the simulated store is what its SQL says, and the rest of it stays", () => {
  const onPostgres = [{ file: "reference-server/postgres/statements.ts", find: "c", replace: "d" }];
  const edits = [
    { file: "sim/waveflow/statements.ts", find: "a", replace: "b" },
    { file: "reference-server/waveflow/push.ts", find: "e", replace: "f" },
  ];
  expect(realMutant({ ...mutant(""), edits, onPostgres })).toEqual({
    place: "server",
    edits: [edits[1], onPostgres[0]],
  });
});

test("one of the simulation alone is nowhere, and says why", () => {
  expect(realMutant(mutant("sim/waveflow/statements.ts"))).toEqual({
    place: "nowhere",
    why: "its defect is in the simulation itself (sim/waveflow/statements.ts)",
  });
});

test("one of a device is no process of the server", () => {
  const device = mutant("reference-client/waveflow/push.ts", { part: "device" });
  expect(realMutant(device).place).toBe("device");
  expect(realMutant({ ...device, part: "server" })).toMatchObject({ place: "nowhere" });
});
