// The levels of WaveFlow, and which scenarios belong to which.
import { waveflowRequirements } from "../../protocol/waveflow/requirements.ts";
import type { Ability, Scenario, Step } from "../../scenarios/format/types.ts";
import type { CertificationProfile, Level } from "../levels.ts";

const levels = [
  {
    name: "core",
    promise:
      "Push, pull and ACK keep order, lose nothing, repeat nothing and keep users apart, also when messages are lost or come twice.",
    needs: "an address, or a command",
  },
  {
    name: "realtime",
    promise: "The socket never loses an op, never shows one that is not committed, and never leaks one.",
    needs: "a socket",
  },
  {
    name: "compaction",
    promise:
      "Compaction is invisible to live devices; a 410 comes exactly when it is needed; a resync ends and loses nothing.",
    needs: "the compact hook",
  },
  {
    name: "clock",
    promise: "Staleness, the life of tokens and clocks that differ are dealt with as the rules say.",
    needs: "the clock hook, and tokens of every kind",
  },
  {
    name: "crash",
    promise:
      "What was accepted survives a kill behind every statement and a database that fails; what was not leaves no trace.",
    needs: "process and database in Seatrial's hands",
  },
  {
    name: "cluster",
    promise: "Several processes on one database behave like one.",
    needs: "two processes on one database",
  },
] as const satisfies readonly Level[];

type LevelName = (typeof levels)[number]["name"];

const levelByAbility: Readonly<Partial<Record<Ability, LevelName>>> = {
  "socket-faults": "realtime",
  compaction: "compaction",
  clock: "clock",
  skew: "clock",
  tokens: "clock",
  crash: "crash",
  statements: "crash",
  pause: "crash",
  backup: "crash",
  database: "crash",
  "database-restart": "crash",
  "disk-full": "crash",
  processes: "cluster",
};

export const waveflowProfile: CertificationProfile = {
  protocol: "waveflow/1",
  requirements: waveflowRequirements,
  levels,
  features: { socket: "realtime" },
  levelOfAbility: (ability) => levelByAbility[ability],
  levelOfSteps: (scenario) => (usesSocket(scenario) ? "realtime" : undefined),
};

function usesSocket({ devices, requirements, steps }: Scenario): boolean {
  return (
    devices.some(({ automatic }) => automatic) ||
    requirements.some((id) => id.startsWith("WF-WS-")) ||
    steps.some(isOfSocket)
  );
}

function isOfSocket(step: Step): boolean {
  switch (step.kind) {
    case "together":
    case "start":
      return step.steps.some(isOfSocket);
    case "device":
      return (
        step.action.verb === "connect" ||
        (step.action.args as { via?: unknown } | undefined)?.via === "socket"
      );
    case "request":
      return step.request.path.startsWith("/sync/ws");
    default:
      return false;
  }
}
