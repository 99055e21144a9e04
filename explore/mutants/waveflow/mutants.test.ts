// The mutants fit the sources as they stand, and no row of the catalogue of hazards is without one.
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { describe, expect, test } from "vitest";
import { waveflowRequirements } from "../../../protocol/waveflow/requirements.ts";
import { checkEdits } from "../load.ts";
import type { SourceEdit } from "../mutant.ts";
import { realMutant } from "../real-edits.ts";
import { waveflowMutants } from "./index.ts";
import { onPostgres } from "./on-postgres.ts";

/** How builds of this protocol have lost data, by name. */
const serverHazards = [
  "id-before-lock",
  "id-before-lock-then-compact",
  "receipt-dies-with-op",
  "no-receipt",
  "raw-unique-violation",
  "receipt-scope-device",
  "content-ignored",
  "lamport-unchecked",
  "lamport-off-by-one",
  "no-stored-max",
  "batch-half-stored",
  "broadcast-before-commit",
  "ack-200-before-commit",
  "pull-writes-cursor",
  "pull-skips-own",
  "guard-missing",
  "guard-blocks-zero",
  "guard-off-by-one",
  "guard-on-every-page",
  "cursor-ahead-unnoticed",
  "ack-unbounded",
  "ack-goes-back",
  "ack-buffer-ignored",
  "flush-loses-ack",
  "stale-by-silence",
  "compact-includes-stale-boundary",
  "compact-takes-max",
  "compact-at-m",
  "compact-keeps-highest-lamport",
  "watermark-outside-transaction",
  "watermark-falls",
  "tombstone-collapsed-with-fields",
  "socket-no-gap-signal",
  "socket-drops-between-hello-and-first-frame",
  "cross-user-receipt",
  "json-number-rounded",
  "poison-op",
];
const deviceHazards = [
  "drop-on-any-200",
  "drop-unlisted",
  "new-operation-id-on-retry",
  "no-restamp",
  "restamp-one",
  "restamp-outside-transaction",
  "push-moves-cursor",
  "cursor-before-apply",
  "ack-before-apply",
  "echo-suppressed-by-device",
  "pending-hidden-by-remote",
  "wipe-takes-queue",
  "wipe-takes-clock",
  "resync-not-atomic",
  "resync-without-sweep",
  "socket-frame-moves-cursor",
  "clock-not-durable",
  "clock-ignores-remote",
  "edit-and-queue-apart",
  "id-reuse-after-drain",
  "two-drains",
  "account-switch-keeps-queue",
  "mode-checked-once",
  "poison-apply-blocks",
];

const root = new URL("../../../", import.meta.url);

/** Each file that is edited, with all of its edits. */
function editedSources(edits: readonly SourceEdit[]): readonly (readonly [file: string, source: string])[] {
  const files = [...new Set(edits.map(({ file }) => file))];
  return files.map((file) => {
    const source = readFileSync(new URL(file, root), "utf8");
    const own = edits.filter((edit) => edit.file === file);
    return [file, own.reduce((text, { find, replace }) => text.split(find).join(replace), source)];
  });
}

function whyNoProgram(source: string): string | undefined {
  try {
    stripTypeScriptTypes(source);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const names = waveflowMutants.map(({ name }) => name);

describe("mutants of WaveFlow", () => {
  test("have one name each, in the form of a file's", () => {
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^[a-z0-9]+(?:-[a-z0-9]+)*$/u.test(name))).toEqual([]);
  });

  test("cover the catalogue of hazards, and half as much again from the rules", () => {
    const servers = waveflowMutants.filter(({ part }) => part !== "device").map(({ name }) => name);
    expect(serverHazards.filter((name) => !servers.includes(name))).toEqual([]);
    expect(deviceHazards.filter((name) => !names.includes(name))).toEqual([]);
    expect(servers.length).toBeGreaterThan(1.5 * serverHazards.length);
  });

  test.each(waveflowMutants.map((mutant) => [mutant.name, mutant] as const))(
    "%s fits the source exactly once in each place",
    (_name, mutant) => {
      expect(mutant.edits.length).toBeGreaterThan(0);
      expect(() => checkEdits(mutant)).not.toThrow();
    },
  );

  test.each(waveflowMutants.map((mutant) => [mutant.name, mutant] as const))(
    "%s is a mutant of a real process as well, and fits its source exactly once in each place",
    (_name, mutant) => {
      const real = realMutant(mutant);
      if (real.place === "nowhere") throw new Error(real.why);
      expect(real.edits.length).toBeGreaterThan(0);
      expect(() => checkEdits({ ...mutant, edits: real.edits })).not.toThrow();
    },
  );

  test("can be loaded: edited sources are still programs", () => {
    const broken = waveflowMutants.flatMap((mutant) => {
      const real = realMutant(mutant);
      const edits = [mutant.edits, real.place === "nowhere" ? [] : real.edits];
      return edits.flatMap(editedSources).flatMap(([file, source]) => {
        const why = whyNoProgram(source);
        return why === undefined ? [] : [`${mutant.name}: ${file}: ${why}`];
      });
    });
    expect(broken).toEqual([]);
  });

  test("of the simulated store are all in on-postgres.ts, which speaks of nobody who is no mutant", () => {
    const ofStore = waveflowMutants.filter(({ edits }) => edits.some(({ file }) => file.startsWith("sim/")));
    expect(Object.keys(onPostgres)).toEqual(expect.arrayContaining(ofStore.map(({ name }) => name)));
    expect(names).toEqual(expect.arrayContaining(Object.keys(onPostgres)));
  });

  test("tell a story and break rules of the page", () => {
    const rules = new Set(waveflowRequirements.map(({ id }) => id));
    for (const { name, story, requirements } of waveflowMutants) {
      expect(story, name).toMatch(/^\S.*\.$/u);
      expect(requirements.length, name).toBeGreaterThan(0);
      expect(
        requirements.filter((rule) => !rules.has(rule)),
        name,
      ).toEqual([]);
    }
  });

  test("leave no rule of S or P whole", () => {
    const broken = new Set(waveflowMutants.flatMap(({ requirements }) => requirements));
    const whole = waveflowRequirements.filter(({ id, kind }) => kind !== "A" && !broken.has(id));
    expect(whole.map(({ id }) => id)).toEqual([]);
  });
});
