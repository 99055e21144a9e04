import { expect, test } from "vitest";
import { SoleServer } from "./sole-server.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function createSole() {
  const log: string[] = [];
  let gone: Error | undefined;
  const server = new SoleServer({
    group: "group",
    makeWhole: async () => {
      log.push("made whole");
      await turn();
      if (gone !== undefined) throw gone;
    },
    dispose: async () => void log.push("disposed"),
  });
  const take = async (name: string, isShared: boolean): Promise<(keep?: boolean) => void> => {
    const lease = await server.lease({ isShared });
    log.push(`${name} in`);
    return (keep = true) => {
      log.push(`${name} out`);
      lease.release({ keep });
    };
  };
  return { server, log, take, breakDown: (error: Error) => void (gone = error) };
}

test("who does no harm shares; who does harm waits for them, and nobody passes", async () => {
  const { log, take } = createSole();
  const out1 = await take("one", true);
  const out2 = await take("two", true);
  const alone = take("alone", false);
  const late = take("late", true);
  await turn();
  expect(log).toEqual(["one in", "two in"]);
  out1();
  out2();
  (await alone)();
  (await late)();
  expect(log.slice(2)).toEqual(["one out", "two out", "alone in", "alone out", "late in", "late out"]);
});

test("a server that was left in doubt is looked after before anybody has it again", async () => {
  const { log, take } = createSole();
  (await take("one", true))(false);
  (await take("two", true))();
  (await take("three", true))();
  expect(log.filter((line) => line === "made whole")).toHaveLength(1);
});

test("a server that cannot be brought back is an error for everybody who asks", async () => {
  const { take, breakDown } = createSole();
  (await take("one", false))(false);
  breakDown(new Error("gone"));
  await expect(take("two", true)).rejects.toThrow("gone");
  await expect(take("three", false)).rejects.toThrow("gone");
});

test("nobody waits for ever on a server that is given up", async () => {
  const { server, log, take } = createSole();
  await take("one", false);
  const waiting = take("two", true);
  await server.close();
  await expect(waiting).rejects.toThrow("closed");
  expect(log).toEqual(["one in", "disposed"]);
});
