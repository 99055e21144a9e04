// Single faults as arbitraries, kind by kind: what the world does to a message, a process, a disk, a clock.
import fc from "fast-check";
import type { JsonObject } from "../protocol/json.ts";
import type { NetworkAction } from "../scenarios/format/types.ts";
import type { PlanWords } from "./plan-words.ts";
import { onDevice, type PlanStep, serverStep, withText } from "./plan-step.ts";

/** The kinds of fault that a plan can aim. The odds of `trouble` come on top. */
export const faultKinds = [
  "lost-reply",
  "lost-request",
  "repeated-request",
  "late-reply",
  "captive-portal",
  "device-crash",
  "device-restart",
  "server-crash",
  "server-restart",
  "partition",
  "heal",
  "held-frames",
  "cut-socket",
  "device-backup",
  "device-restore",
  "device-clone",
  "reinstall",
  "server-backup",
  "server-restore",
  "long-sleep",
] as const;

export type FaultKind = (typeof faultKinds)[number];

/** One fault of a kind. */
export function faultOf(
  kind: FaultKind,
  devices: readonly string[],
  words: PlanWords,
): fc.Arbitrary<PlanStep> {
  const device = fc.constantFrom(...devices);
  const verb = (name: string): fc.Arbitrary<PlanStep> =>
    onDevice(devices, fc.constant({ verb: name, args: {} }));
  const network = (action: fc.Arbitrary<NetworkAction>): fc.Arbitrary<PlanStep> =>
    action.map((one) => withText({ kind: "network", action: one }, `network: ${one.verb}`));
  const of = fc.record({
    device,
    message: fc.constantFrom(...words.vocabulary.messages.filter((message) => message !== "socket")),
    nth: fc.integer({ min: 1, max: 3 }),
  });
  const late = fc.constantFrom(50, 1_000, 12_000, 60_000);
  switch (kind) {
    case "lost-reply":
      return network(of.map((one) => ({ verb: "lose-reply", of: one })));
    case "lost-request":
      return network(of.map((one) => ({ verb: "lose-request", of: one })));
    case "repeated-request":
      return network(fc.tuple(of, late).map(([one, afterMs]) => ({ verb: "duplicate", of: one, afterMs })));
    case "late-reply":
      return network(fc.tuple(of, late).map(([one, byMs]) => ({ verb: "delay-reply", of: one, byMs })));
    case "captive-portal": {
      const body = fc.constantFrom("html" as const, "empty" as const);
      const answer = fc.tuple(of, body, fc.boolean());
      return network(
        answer.map(([one, says, withEffect]) => {
          return { verb: "answer", of: one, status: 200, body: says, withEffect };
        }),
      );
    }
    case "partition":
      return network(
        fc.record({
          verb: fc.constant("partition" as const),
          device,
          direction: fc.constantFrom("both" as const, "to-server" as const, "to-device" as const),
          inFlight: fc.constantFrom("drop" as const, "hold" as const),
        }),
      );
    case "heal":
      return network(device.map((name) => ({ verb: "heal", device: name })));
    case "held-frames":
      return network(
        fc
          .tuple(device, fc.constantFrom("hold-frames" as const, "release-frames" as const))
          .map(([name, one]) => {
            return { verb: one, device: name };
          }),
      );
    case "cut-socket":
      return network(device.map((name) => ({ verb: "cut-socket", device: name })));
    case "server-crash":
      return fc.constant(serverStep({ verb: "crash" }));
    case "server-restart":
      return fc.constant(serverStep({ verb: "restart" }));
    case "server-backup":
      return fc.constant(serverStep({ verb: "backup" }));
    case "server-restore":
      return fc.constant(serverStep({ verb: "restore" }));
    case "device-crash": {
      const position = fc.constantFrom("before", "after");
      const atCommit = fc.record({ position, commit: fc.integer({ min: 1, max: 3 }) });
      const args = fc.oneof(
        fc.constant<JsonObject>({}),
        atCommit.map((one): JsonObject => one),
      );
      return onDevice(
        devices,
        args.map((one) => ({ verb: "crash", args: one })),
      );
    }
    case "device-restart":
      return verb("restart");
    case "device-backup":
      return verb("backup");
    case "device-restore":
      return verb("restore");
    case "device-clone":
      return onDevice(
        devices,
        device.map((other) => ({ verb: "clone-from", args: { device: other } })),
      );
    case "reinstall":
      return verb("reinstall");
    case "long-sleep":
      return fc
        .constantFrom(60_000, 7 * 86_400_000, 91 * 86_400_000)
        .map((advanceMs) => withText({ kind: "clock", advanceMs }, "clock: advance"));
  }
}
