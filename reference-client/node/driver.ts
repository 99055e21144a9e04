// The reference device as a client under test: a driver for `seatrial certify-client`, and an example of one. It knows
// nothing of the harness but the lines that docs/certify-client.md describes.
//   seatrial certify-client -- node reference-client/node/driver.ts
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { JsonValue } from "../../protocol/json.ts";
import {
  BindingRefused,
  Device,
  type DeviceConfig,
  isRefusal,
  ModeRefused,
  type PassOutcome,
} from "../waveflow/index.ts";
import { FetchTransport } from "./fetch-transport.ts";
import { RandomIds } from "./random-ids.ts";
import { SqliteDisk } from "./sqlite-disk.ts";
import { SystemClock } from "./system-clock.ts";

type Words = Readonly<Record<string, JsonValue>>;

/** The client would not, for a reason that a person can read. */
class Refused extends Error {
  override readonly name = "Refused";
}

/** From `configure` on. */
let starting: Promise<Device> | undefined;
/** How far the device's clock is from the machine's.  Units: milliseconds. */
let clockOffsetMs = 0;

say({
  seatrial: "driver/1",
  protocol: "waveflow/1",
  name: "seatrial reference device",
  can: [
    "push",
    "pull",
    "resync",
    "ack",
    "connect",
    "mode",
    "token",
    "account",
    "automatic",
    "clock",
    "restart",
    "sizes",
  ],
});

createInterface({ input: process.stdin })
  .on("line", (line) => void answer(JSON.parse(line) as Words))
  // The other end has gone.
  .on("close", () => process.exit(0));

async function answer(words: Words): Promise<void> {
  const { id } = words;
  try {
    say({ id, ok: (await carryOut(words)) ?? {} });
    if (words["do"] === "stop") process.exit(0);
  } catch (error) {
    const isOurs =
      error instanceof Refused || error instanceof BindingRefused || error instanceof ModeRefused;
    const what = error instanceof Error ? error.message : String(error);
    say(isOurs ? { id, refused: what } : { id, error: what });
  }
}

async function carryOut(words: Words): Promise<unknown> {
  const { do: verb } = words;
  if (verb === "configure") starting = configure(words);
  const it = await starting;
  if (it === undefined) throw new Error(`${String(verb)} came before configure`);
  const entity = { entityType: String(words["type"]), entityId: String(words["entity"]) };
  switch (verb) {
    case "configure":
      return undefined;
    case "edit":
      return must(await it.edit({ ...entity, field: String(words["field"]), value: words["value"]! }));
    case "delete":
      return must(await it.remove(entity));
    case "push":
      return ended(await it.drain());
    case "pull":
      return ended(await it.pull());
    case "resync":
      return ended(await it.resync());
    case "ack":
      return ended(await it.acknowledge());
    case "sync": {
      const { drain, pull, acknowledge } = await it.sync();
      return [drain, pull, acknowledge].forEach(ended);
    }
    case "connect":
      return ended(await it.connect());
    case "disconnect":
      return it.disconnect();
    case "mode":
      return it.setMode(String(words["mode"]));
    case "token":
      return words["token"] === null ? it.signOut() : it.setToken(String(words["token"]));
    case "account":
      return it.bind(bindingOf(words));
    case "clock":
      clockOffsetMs = Number(words["offsetMs"]);
      return undefined;
    case "state":
      return show(it);
    case "stop":
      return it.stop();
    default:
      throw new Error(`there is no command "${String(verb)}"`);
  }
}

async function configure(words: Words): Promise<Device> {
  const timers = words["timers"] as Readonly<Record<string, number | undefined>>;
  const sizes = (words["sizes"] ?? {}) as Readonly<Record<string, number>>;
  const config: Partial<DeviceConfig> = {
    automatic: words["automatic"] === true,
    deviceId: String(words["deviceId"]),
    ...(words["mode"] === undefined ? {} : { mode: String(words["mode"]) }),
    ...sizes,
    ...withoutHoles({
      drainIntervalMs: timers["syncIntervalMs"],
      backoffFirstMs: timers["backoffFirstMs"],
      backoffMaxMs: timers["backoffMaxMs"],
    }),
  };
  const clock = new SystemClock();
  const device = new Device(
    {
      // Whoever kills us kills the process and not the machine.
      disk: new SqliteDisk({ file: join(String(words["storage"]), "device.sqlite"), outlives: "process" }),
      transport: new FetchTransport(withoutHoles({ timeoutMs: timers["requestTimeoutMs"] })),
      clock: { now: () => clock.now() + clockOffsetMs, after: (delayMs, run) => clock.after(delayMs, run) },
      ids: new RandomIds(),
      events: {},
    },
    config,
  );
  await device.start();
  // A device that has its account keeps it; it may have been signed out.
  if (device.userId === "") await device.bind(bindingOf(words));
  return device;
}

const bindingOf = (words: Words) => ({
  server: String(words["server"]),
  user: String(words["user"]),
  token: String(words["token"]),
});

function must(outcome: object): void {
  if (isRefusal(outcome)) throw new Refused(outcome.why);
}

function ended({ outcome, why = outcome }: PassOutcome): void {
  if (outcome === "not_allowed") throw new Refused(why);
}

function show(it: Device): unknown {
  const status = it.status();
  const { deviceId, mode, cursor, acknowledged, lamport, unshared, deadLetters, parked } = status;
  return {
    entities: it.visible(),
    pending: status.pending - unshared,
    socket: status.isLive ? "open" : "closed",
    stopped: status.halted !== undefined,
    ...{ deviceId, mode, cursor, acknowledged, lamport, unshared, deadLetters, parked },
  };
}

function withoutHoles(
  members: Readonly<Record<string, number | undefined>>,
): Readonly<Record<string, number>> {
  const there = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(there) as Readonly<Record<string, number>>;
}

function say(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
