// Whatever a stranger's program does instead of being a driver ends in one sentence, in bounded time, and leaves nothing.
import { describe, expect, test } from "vitest";
import { DriverFailed } from "./driver-failed.ts";
import { DriverProcess } from "./driver-process.ts";
import { examineDriver } from "./examine-driver.ts";

const greeting = `console.log(JSON.stringify({seatrial:"driver/1",protocol:"waveflow/1",name:"x",can:[]}));`;
const times = { greetingMs: 8_000, replyMs: 8_000 };

/** A program that answers every line by what `reply` makes of `words`. */
const driver = (reply: string): string =>
  `${greeting} require("node:readline").createInterface({input:process.stdin}).on("line", (line) => {
     const words = JSON.parse(line); const say = (value) => console.log(JSON.stringify(value));
     ${reply}
   });`;

const node = (source: string) => ({ file: process.execPath, args: ["-e", source] });

async function faultOf(source: string, limits: Partial<typeof times> = {}): Promise<DriverFailed> {
  const failed: unknown = await examineDriver(node(source), { ...times, ...limits }).catch(
    (error: unknown) => error,
  );
  expect(failed).toBeInstanceOf(DriverFailed);
  return failed as DriverFailed;
}

const good = `say({ id: words.id, ok: words.do === "state" ? { entities: {}, pending: 0, cursor: 0, deadLetters: 0, own: 1 } : {} });
  if (words.do === "stop") process.exit(0);`;

describe("a driver", () => {
  test("that keeps to the conversation is known by its greeting and its state", async () => {
    const examined = await examineDriver(node(driver(good)), times);
    expect(examined.greeting).toMatchObject({ name: "x", can: [] });
    expect([...examined.members]).toEqual(["entities", "pending", "cursor", "deadLetters", "own"]);
  });

  test("may answer several commands in any order", async () => {
    const slow = driver(`setTimeout(() => say({ id: words.id, ok: words.do }), words.id === 1 ? 100 : 0);`);
    const { driver: process } = await DriverProcess.start({ command: node(slow), times });
    try {
      const answers = await Promise.all([process.ask({ do: "push" }), process.ask({ do: "pull" })]);
      expect(answers).toEqual([{ ok: "push" }, { ok: "pull" }]);
    } finally {
      process.kill();
    }
  });
});

describe.concurrent("what is no driver is told apart", () => {
  test.each<[string, string, DriverFailed["fault"], RegExp]>([
    ["one that dies at its start", "process.exit(7)", "died", /exit code 7, before it had greeted/u],
    ["one that dies later", driver("process.exit(3)"), "died", /exit code 3, in the middle/u],
    ["one that prints what is no JSON", `console.log("ready!")`, "garbage", /"?ready!"?, which is no JSON/u],
    ["one that prints a page", `console.log("<html>")`, "garbage", /looks like HTML/u],
    ["another version", `console.log('{"seatrial":"driver/9"}')`, "wrong_version", /driver\/9.*driver\/1/u],
    ["JSON that is no greeting", `console.log('{"hello":1}')`, "no_greeting", /Expected the line/u],
    [
      "another number",
      driver("say({ id: 99, ok: {} })"),
      "wrong_id",
      /replied to 99.*waiting for a reply to 1/u,
    ],
    ["a reply of no kind", driver("say({ id: words.id, yes: 1 })"), "garbage", /no reply; expected/u],
    ["its own failure", driver(`say({ id: words.id, error: "boom" })`), "failed_itself", /boom/u],
    [
      "a refused beginning",
      driver(`say({ id: words.id, refused: "no" })`),
      "failed_itself",
      /refused "configure": no/u,
    ],
    [
      "a state that is none",
      driver(`say({ id: words.id, ok: {} })`),
      "garbage",
      /is no state: ok\.entities/u,
    ],
    [
      "a state that is not of an empty storage",
      driver(`say({ id: words.id, ok: { entities: {}, pending: 0, cursor: 4, deadLetters: 0 } })`),
      "failed_itself",
      /expected nothing/u,
    ],
  ])("%s", async (_what, source, fault, words) => {
    const failed = await faultOf(source);
    expect(failed.fault).toBe(fault);
    expect(failed.message).toMatch(words);
  });

  test("one that says nothing", async () => {
    const failed = await faultOf("setInterval(() => {}, 1000)", { greetingMs: 300 });
    expect(failed).toMatchObject({ fault: "no_greeting" });
    expect(failed.message).toContain("within 300 ms");
  });

  test("one that never answers", async () => {
    const failed = await faultOf(driver(""), { replyMs: 300 });
    expect(failed).toMatchObject({ fault: "no_reply" });
    expect(failed.message).toContain('"do":"configure"');
  });

  test("a command that is not there", async () => {
    const command = { file: "/nowhere/driver", args: [] };
    const failed = await examineDriver(command, times).catch((error: unknown) => error);
    expect(failed).toMatchObject({ fault: "not_started" });
  });

  test("what it wrote on standard error is told with it", async () => {
    const failed = await faultOf(`console.error("no such module"); process.exit(1)`);
    expect(failed.message).toContain("on standard error:\n  no such module");
  });
});
