// Accidents read as they are written, and every way to get one wrong is told with its place and what would be right.
import { describe, expect, test } from "vitest";
import { scenarioProtocols } from "../catalogue.ts";
import { accidentLine } from "./accident-lines.ts";
import { formatErrors, parseScenarios } from "./parse.ts";

const file = (lines: readonly string[], more = ""): string => `id: waveflow/push/one
title: One edit is stored
protocol: waveflow/1
requirements: [WF-PUSH-1]
needs: [${more === "" ? "" : "processes, "}chance]
devices: [laptop, phone]
${more}accidents:
${lines.map((line) => `  - ${line}`).join("\n")}
steps: []
`;

function read(lines: readonly string[], more?: string): readonly string[] | string {
  const result = parseScenarios(file(lines, more), { protocols: scenarioProtocols, file: "s.yaml" });
  return result.ok ? result.scenarios[0]!.accidents!.map(accidentLine) : formatErrors(result.errors);
}

describe("an accident", () => {
  test.each([
    "laptop push#3: lose-reply",
    "laptop pull: lose-request",
    "phone ack#2: duplicate-request after 50ms",
    "phone push: zombie-request by 12s",
    "phone push: delay by 0s",
    "phone push: refuse with 502",
    "phone push: refuse-after-effect with 503",
    "phone socket#2: portal",
    "phone push: truncate-reply",
    "laptop frame#12: late-frame by 3s",
    "laptop frame: half-open-socket",
    "laptop durable step#4: crash-before and back after 1500ms",
    "laptop durable step: crash-after",
    "laptop durable step: fail",
    "server push insertOps#2: crash-after and back after 300ms",
    "server push commit: lose-answer",
  ])("is written as it is read: %s", (line) => {
    expect(read([line])).toEqual([line]);
  });

  test("of one of several processes names it", () => {
    const line = "server 2 push insertOps: crash-before";
    expect(read([line], "processes: 2\n")).toEqual([line]);
  });

  test("of nobody at all is a scenario without chance", () => {
    const text = file([]).replace("needs: [chance]\n", "").replace("accidents:\n\n", "accidents: []\n");
    const result = parseScenarios(text, { protocols: scenarioProtocols, file: "s.yaml" });
    expect(result.ok ? result.scenarios[0]!.accidents : formatErrors(result.errors)).toEqual([]);
  });
});

describe("a mistake is told with its place", () => {
  test.each([
    [
      "an unknown device",
      "lapto push: lose-reply",
      `8:5: expected a device, or server (laptop, phone, server), saw "lapto"; did you mean "laptop"?`,
    ],
    [
      "an unknown message",
      "laptop pusch: lose-reply",
      `8:12: expected a message, frame, or durable step (push, pull, ack, socket, frame, durable), saw "pusch"; did you mean "push"?`,
    ],
    [
      "an unknown kind",
      "laptop push: lose-replay",
      `8:18: expected what can befall a push (lose-request, lose-reply, duplicate-request, zombie-request, delay, refuse, refuse-after-effect, portal, truncate-reply), saw "lose-replay"; did you mean "lose-reply"?`,
    ],
    [
      "a kind of something else",
      "laptop frame: lose-reply",
      `8:19: expected what can befall a frame (lose-frame, repeat-frame, late-frame, cut-socket, half-open-socket), saw "lose-reply"`,
    ],
    [
      "a number that is none",
      "laptop push#0: lose-reply",
      `8:16: expected which one it is, such as #2, saw "#0"`,
    ],
    [
      "words too many",
      "laptop push: lose-reply twice",
      `8:29: expected nothing more after "lose-reply", saw "twice"`,
    ],
    ["words too few", "laptop push: delay", `8:23: the line ends too early: expected "by"`],
    [
      "a time with a sign",
      "laptop push: delay by -5s",
      `8:27: expected a duration without a sign, saw "-5s"`,
    ],
    ["no status", "laptop push: refuse with 99", `8:30: expected an HTTP status from 200 to 599, saw "99"`],
    ["an unknown purpose", "server posh commit: lose-answer", `8:12: expected what the transaction is for`],
    ["an unknown statement", "server push insertOp: lose-answer", `did you mean "insertOps"?`],
    ["no map", "laptop push lose-reply", `8:5: expected an accident as a map, saw "laptop push lose-reply"`],
    [
      "two in one",
      "{ laptop push: portal, phone push: portal }",
      `each accident is an item of its own: write "- phone push:"`,
    ],
  ])("%s", (_name, line, message) => {
    expect(read([line])).toContain(`s.yaml:`);
    expect(read([line])).toContain(message);
  });

  test("the same address twice", () => {
    expect(read(["laptop push: portal", "laptop push#1: lose-reply"])).toBe(
      `s.yaml:9:5: "laptop push" stands here twice`,
    );
  });

  test("a process that is not there", () => {
    expect(read(["server 3 push commit: lose-answer"], "processes: 2\n")).toBe(
      `s.yaml:9:12: expected the number of the process (1 to 2), saw "3"`,
    );
  });

  test("accidents that no world without chance can make", () => {
    const text = file(["laptop push: portal"]).replace("needs: [chance]\n", "");
    const result = parseScenarios(text, { protocols: scenarioProtocols, file: "s.yaml" });
    expect(result.ok ? "no error" : formatErrors(result.errors)).toBe(
      `s.yaml:1:1: "needs" lacks "chance": "accidents" asks for it`,
    );
  });

  test("a digest that is none", () => {
    const text = `${file(["laptop push: portal"])}digest: 123\n`;
    const result = parseScenarios(text, { protocols: scenarioProtocols, file: "s.yaml" });
    expect(result.ok ? "no error" : formatErrors(result.errors)).toBe(
      `s.yaml:10:9: expected a digest (sixteen hexadecimal digits), saw "123"`,
    );
  });
});
