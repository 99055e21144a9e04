import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { RecordedEvent } from "../../actors/actor.ts";
import { Network } from "../faults/network.ts";
import { waveflowLive } from "../waveflow/binding.ts";
import { DeviceSlot } from "./device-slot.ts";

const server = "http://sync.test";
const undoings: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const undo of undoings.splice(0).reverse()) await undo();
});

/** A device with nobody to talk to, and what it has told. */
function createSlot() {
  const directory = mkdtempSync(join(tmpdir(), "seatrial-slot-"));
  const network = new Network({
    carrier: waveflowLive.createCarrier({ timeoutMs: 100 }),
    errors: waveflowLive.errors,
    server,
    messageOf: (request) => waveflowLive.messageOf(request),
    targetOf: () => undefined,
    onFault: () => undefined,
  });
  const told: RecordedEvent[] = [];
  let calls = 0;
  const slot = new DeviceSlot({
    spec: { name: "laptop", user: "alice", mode: "hybrid", automatic: true, process: 1 },
    protocol: waveflowLive,
    network,
    recorder: { record: (event) => void told.push(event) },
    accounts: { server, mintToken: () => "a.b.c" },
    config: {},
    nextCall: () => ++calls,
    directory,
    wallNow: () => Date.now(),
    onBug: (error) => {
      throw error;
    },
    onCrash: () => undefined,
  });
  undoings.push(
    () => rmSync(directory, { recursive: true, force: true }),
    () => network.close(),
    () => slot.end(),
  );
  return { slot, told };
}

test("a device that crashed begins another life on its disk", async () => {
  const { slot, told } = createSlot();
  await slot.start();
  const { deviceId } = slot.actor!.identity();
  slot.crash("killed");
  expect(slot.isDown).toBe(true);
  expect(await slot.start()).toEqual({ outcome: "ok" });
  expect(slot.actor!.identity().deviceId).toBe(deviceId);
  expect(told.filter(({ kind }) => kind === "joined")).toHaveLength(2);
});

test("a device whose run is over begins no other life, whoever had still begun something", async () => {
  const { slot } = createSlot();
  await slot.start();
  slot.end();
  expect(await slot.start()).toEqual({ outcome: "blocked" });
  expect(slot.isDown).toBe(true);
});
