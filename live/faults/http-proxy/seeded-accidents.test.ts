import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { NetworkOdds } from "../../../actors/network-accidents.ts";
import { CountingServer } from "./counting-server.contract.ts";
import { FaultProxy } from "./fault-proxy.ts";
import { seededAccidents } from "./seeded-accidents.ts";

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const opened of open.splice(0).reverse()) await opened.close();
});

const everyFourth = 250_000;

async function setStage(seed: string, odds: Partial<NetworkOdds>) {
  const server = await CountingServer.start();
  const faults: string[] = [];
  const proxy = new FaultProxy({
    messageOf: ({ path }) => path.split(/[/?]/u)[1]!,
    targetOf: () => server.url,
    accidents: seededAccidents({ seed, odds }),
    onFault: ({ kind, device }) => void faults.push(`${device}: ${kind}`),
  });
  open.push({ close: () => server.stop() }, proxy);
  const [laptop, phone] = [await proxy.openLine("laptop"), await proxy.openLine("phone")];
  const ask = async (url: string): Promise<string> => {
    const reply = await fetch(`${url}/push`, { method: "POST" }).catch(() => undefined);
    return reply === undefined ? "none" : String(reply.status);
  };
  return { server, proxy, faults, ask, laptop: laptop.url, phone: phone.url };
}

const harmless: Partial<NetworkOdds> = {
  refuse: everyFourth,
  portal: everyFourth,
  duplicateRequest: everyFourth,
};

async function statuses(seed: string, others: number): Promise<readonly string[]> {
  const { ask, laptop, phone } = await setStage(seed, harmless);
  const heard: string[] = [];
  for (let round = 0; round < 30; round++) {
    for (let other = 0; other < others; other++) await ask(phone);
    heard.push(await ask(laptop));
  }
  return heard;
}

describe("chance on the wire", () => {
  test("does the same to the same messages, whatever other devices do", async () => {
    const [once, again, other] = await Promise.all([statuses("1", 0), statuses("1", 2), statuses("2", 0)]);
    expect(again).toEqual(once);
    expect(other).not.toEqual(once);
    expect(new Set(once)).toEqual(new Set(["200", "502", "503"]));
  });

  test("waits for what a scenario says, and ends in the calm", async () => {
    const { ask, laptop, proxy, faults, server } = await setStage("1", { refuse: 1_000_000 });
    proxy.apply({ verb: "delay-reply", of: { device: "laptop", message: "push", nth: 2 }, byMs: 1 });
    expect([await ask(laptop), await ask(laptop), await ask(laptop)]).toEqual([
      expect.stringMatching(/^50[23]$/u),
      "200",
      expect.stringMatching(/^50[23]$/u),
    ]);
    proxy.calm();
    expect(await ask(laptop)).toBe("200");
    expect(faults).toEqual(["laptop: gateway error", "laptop: reply late", "laptop: gateway error"]);
    expect(server.seen).toHaveLength(2);
  });

  test.each([
    ["loseFrame", [], "frame lost"],
    ["repeatFrame", ["1", "1"], "frame repeated"],
    ["halfOpenSocket", [], "socket half-open"],
    ["cutSocket", ["closed"], "socket cut"],
  ] as const)("befalls frames: with %s a device hears %j", async (kind, expected, told) => {
    const { laptop, server, faults } = await setStage("1", { [kind]: 1_000_000 });
    const socket = new WebSocket(`${laptop.replace("http", "ws")}/socket`);
    open.push({ close: async () => socket.terminate() });
    const heard: string[] = [];
    socket.on("message", (data) => heard.push(String(data)));
    socket.on("close", () => heard.push("closed"));
    await new Promise((resolve) => socket.once("open", resolve));
    await expect.poll(() => server.sockets.length).toBe(1);
    server.sockets[0]!.send("1");
    await expect.poll(() => faults).toEqual([`laptop: ${told}`]);
    await expect.poll(() => heard).toEqual(expected);
  });
});
