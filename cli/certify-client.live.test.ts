// What `seatrial certify-client` says to whoever starts it: the verdict, and the exit code, whatever stands behind `--`.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "certify-client-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number;
  readonly text: string;
}

function seatrial(...words: string[]): Promise<Ended> {
  const [before, behind] = words.includes("--")
    ? [words.slice(0, words.indexOf("--")), words.slice(words.indexOf("--"))]
    : [words, []];
  const args = [
    "cli/main.ts",
    "certify-client",
    ...before,
    "--output-dir",
    join(folder, "report"),
    ...behind,
  ];
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code ?? -1);
      resolve({ code, text: stdout + stderr });
    });
  });
}

const small = ["--", process.execPath, "test/small-client/driver.mjs"];
const defective = ["--", "env", "DEFECT=any-200", process.execPath, "test/small-client/driver.mjs"];

describe("who is no driver, and who asks for nothing, is told so at once", () => {
  test.each<[string, number, RegExp, string[]]>([
    ["nothing behind the dashes", 2, /expected the command of a driver/u, []],
    [
      "a program that ends",
      3,
      /exit code 7, before it had greeted/u,
      ["--", process.execPath, "-e", "process.exit(7)"],
    ],
    [
      "a level that there is not",
      2,
      /no client level "client-cor".*client-core/u,
      ["--level", "client-cor", ...small],
    ],
    [
      "a protocol that there is not",
      3,
      /speaks waveflow\/2; this Seatrial knows waveflow\/1/u,
      [
        "--",
        process.execPath,
        "-e",
        `console.log('{"seatrial":"driver/1","protocol":"waveflow/2","name":"x","can":[]}');
         require("node:readline").createInterface({input:process.stdin}).on("line", (line) => {
           const { id, do: what } = JSON.parse(line);
           console.log(JSON.stringify({ id, ok: { entities: {}, pending: 0, cursor: 0, deadLetters: 0 } }));
           if (what === "stop") process.exit(0);
         });`,
      ],
    ],
  ])("%s", async (_what, code, words, args) => {
    const ended = await seatrial(...args);
    expect(ended.text).toMatch(words);
    expect(ended.code).toBe(code);
  });

  test("what would be run is listed by level, without a server", async () => {
    const { code, text } = await seatrial("--list", ...small);
    expect(code).toBe(0);
    expect(text).toMatch(/^client-core +waveflow\/device\/captive-portal\/200-html /mu);
    expect(text).toMatch(/^client-crash +waveflow\/client\/killed-in-a-sync\/1 /mu);
    expect(text).not.toContain("client-realtime");
  });
});

describe("a client gets its verdict", () => {
  const scenario = "waveflow/client/what-is-no-binding/two-parts";

  test("0 where what was asked for holds, with the rules that it held", async () => {
    const { code, text } = await seatrial(scenario, ...small);
    expect(text).toMatch(/WF-DEV-15 +holds +in 1 scenario/u);
    expect(text).toMatch(/WF-DEV-1 +blocked/u);
    expect(text).toMatch(/client-realtime +not declared: the greeting lacks connect/u);
    const file = readFileSync(join(folder, "report", "client-verdict.json"), "utf8");
    const { client, rules } = JSON.parse(file) as { client: unknown; rules: { id: string }[] };
    expect(client).toMatchObject({ name: "small client", protocol: "waveflow/1" });
    expect(rules.find(({ id }) => id === "WF-DEV-15")).toEqual({
      id: "WF-DEV-15",
      outcome: "pass",
      passed: 1,
    });
    expect(code).toBe(0);
  }, 60_000);

  test("1 for a mistake, with the rule that it breaks and the command that shows it again", async () => {
    const { code, text } = await seatrial("waveflow/device/captive-portal/200-html", ...defective);
    expect(text).toMatch(/WF-DEV-4 +BROKEN .*2 of them are nowhere/u);
    expect(text).toMatch(
      /again: .* certify-client waveflow\/device\/captive-portal\/200-html --seed 1 -- env/u,
    );
    expect(text).toMatch(/client-core +refused/u);
    expect(code).toBe(1);
  }, 60_000);

  test("4 where what was asked for needs what the driver does not declare", async () => {
    const { code, text } = await seatrial("waveflow/socket/op-arrives", ...small);
    expect(text).toContain('"connect" in the driver\'s greeting');
    expect(code).toBe(4);
  }, 60_000);
});
