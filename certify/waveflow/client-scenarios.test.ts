// What is put to somebody else's client holds it to the page and to nothing of ours.
import { describe, expect, test } from "vitest";
import { loadCatalogue } from "../../scenarios/catalogue.ts";
import type { DeviceExpectation, Scenario, Step } from "../../scenarios/format/types.ts";
import type { Greeting } from "../client/messages.ts";
import { clientLevels, clientRequirements } from "./client-profile.ts";
import { ownClientScenarios } from "./client-own-scenarios.ts";
import { clientScenarios } from "./client-scenarios.ts";
import { withheld, withheldHabits } from "./client-withheld.ts";

const corpus = loadCatalogue().scenarios;
const greeting: Greeting = { seatrial: "driver/1", protocol: "waveflow/1", name: "x", can: [] };
const least = { greeting, members: new Set(["entities", "pending", "cursor", "deadLetters"]) };
const all = clientScenarios(corpus, least);
const own = ownClientScenarios();

const flat = (steps: readonly Step[]): readonly Step[] =>
  steps.flatMap((step) => (step.kind === "together" || step.kind === "start" ? flat(step.steps) : [step]));

function expectationsOf({ steps, expect: end }: Scenario): readonly DeviceExpectation[] {
  const checks = flat(steps).flatMap((step) => (step.kind === "check" ? [step.expect] : []));
  return [...checks, end].flatMap(({ devices = {} }) => Object.values(devices));
}

describe("a scenario that is put to a client", () => {
  test("is one of more than a hundred, and every rule of a client is in some", () => {
    expect(all.length).toBeGreaterThan(100);
    const asked = new Set(all.flatMap(({ scenario }) => scenario.requirements));
    expect(clientRequirements.map(({ id }) => id).filter((id) => !asked.has(id))).toEqual([]);
  });

  test("expects of its answers no more than that nothing was asked, or what a person reads", () => {
    for (const { scenario } of all) {
      for (const step of flat(scenario.steps)) {
        if (step.kind !== "device" || step.expect === undefined) continue;
        const { counts = {}, outcome, status, type } = step.expect;
        expect([status, type], scenario.id).toEqual([undefined, undefined]);
        expect(["blocked", undefined], scenario.id).toContain(outcome);
        for (const [name, count] of Object.entries(counts))
          expect([["batches", "pages", "acks"].includes(name), count], scenario.id).toEqual([true, 0]);
      }
    }
  });

  test("holds a client that shows the least to nothing that it does not show", () => {
    const shown = new Set(["pending", "cursor", "deadLetters", "mode", "hasToken", "server"]);
    for (const { scenario } of all)
      for (const { status = {} } of expectationsOf(scenario))
        expect(
          Object.keys(status).filter((name) => !shown.has(name)),
          scenario.id,
        ).toEqual([]);
  });

  test("asks a client that shows more for more", () => {
    const more = { greeting, members: new Set([...least.members, "parked"]) };
    const parked = (scenarios: typeof all): number =>
      scenarios
        .flatMap(({ scenario }) => expectationsOf(scenario))
        .filter(({ status }) => "parked" in (status ?? {})).length;
    expect(parked(all)).toBe(0);
    expect(parked(clientScenarios(corpus, more))).toBeGreaterThan(3);
  });

  test("belongs to the last level that it needs an ability of", () => {
    const levelOf = (id: string) => all.find(({ scenario }) => scenario.id === id);
    expect(levelOf("waveflow/client/killed-with-a-queue")).toMatchObject({ level: "client-crash" });
    expect(levelOf("waveflow/device/captive-portal/200-html")).toMatchObject({
      level: "client-core",
      needs: ["pull", "push"],
    });
    expect(levelOf("waveflow/socket/op-arrives")!.needs).toContain("connect");
    const names = clientLevels.map(({ name }) => name);
    for (const { level } of all) expect(names).toContain(level);
  });

  test("crashes at no durable step of our own disk, and names no server elsewhere", () => {
    for (const { scenario } of all) {
      const isOwn = own.some(({ id }) => id === scenario.id);
      if (!isOwn) expect(withheld(scenario), scenario.id).toBeUndefined();
      const text = JSON.stringify(scenario.steps);
      expect(text, scenario.id).not.toMatch(/https?:\/\/(?!127\.0\.0\.1)[a-z]/u);
    }
  });
});

test("every scenario that is left out for a habit is there to be left out", () => {
  const names = new Set(corpus.map(({ id }) => id.split("/").slice(0, 3).join("/")));
  expect(withheldHabits.filter((name) => !names.has(name))).toEqual([]);
});

test("our own scenarios have ids of their own", () => {
  const ids = [...corpus, ...own].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
