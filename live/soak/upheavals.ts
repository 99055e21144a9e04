// What befalls the servers of a soak, one thing after another at a seeded rhythm, and the telling of it: a crash of a
// process stands in the history of every account that was there, as laws expect it.
import { setTimeout as sleep } from "node:timers/promises";
import type { Subject } from "../subjects/subject.ts";
import type { ServerGroup } from "../world/server-group.ts";
import type { CalmGate } from "./calm-gate.ts";
import type { ServerFate, Stay } from "./stay.ts";

export interface Upheaval {
  /** SIGKILL; an end in good order; SIGSTOP, and SIGCONT after a while. */
  readonly kind: "kill" | "stop" | "pause";
  /** From 1; struck one after the other. */
  readonly processes: readonly number[];
  readonly downMs: number;
  /** How long after the one before, as a part of the usual pause. */
  readonly pause: { readonly numerator: number; readonly denominator: number };
}

export interface UpheavalOptions {
  readonly group: ServerGroup;
  readonly gate: CalmGate;
  /** Those who are there at this moment. */
  readonly stays: () => Iterable<Stay>;
  /** What befalls the servers for the n-th time, from 1. */
  readonly upheaval: (n: number) => Upheaval;
  /** Units: milliseconds. */
  readonly pauseMs: number;
  /** Something has befallen a process, in a few words. */
  readonly onMark: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Goes on until the signal.  Errors: `SubjectFailed` of a server that does not come up again. */
export async function letServersSuffer(options: UpheavalOptions): Promise<void> {
  const { gate, pauseMs, signal, group } = options;
  for (let n = 1; !signal.aborted; n++) {
    const upheaval = options.upheaval(n);
    const { numerator, denominator } = upheaval.pause;
    await pause((pauseMs * numerator) / denominator, signal);
    for (const number of upheaval.processes) {
      const subject = group.subjects[number - 1];
      if (subject === undefined || signal.aborted) continue;
      await gate.strike(() => strike(subject, upheaval, options));
    }
  }
}

/** Lets a process suffer for a while, and brings it back, whatever the signal says meanwhile. */
async function strike(subject: Subject, { kind, downMs }: Upheaval, options: UpheavalOptions): Promise<void> {
  const { group, signal, onMark } = options;
  const tell = (verb: ServerFate): void => {
    for (const stay of options.stays()) stay.suffer(subject, verb);
  };
  if (signal.aborted) return;
  if (kind === "pause") {
    if (subject.url === undefined) return;
    subject.pause();
    tell("pause");
    onMark(`${subject.name} paused`);
    await pause(downMs, signal);
    subject.resume();
    tell("resume");
    return;
  }
  if (subject.url !== undefined) {
    if (kind === "kill") await subject.kill();
    else await subject.stop();
    tell(kind === "kill" ? "crash" : "stop");
    onMark(`${subject.name} ${kind === "kill" ? "killed" : "restarted"}`);
  }
  await pause(downMs, signal);
  tell("restart");
  await group.start(subject);
}

async function pause(forMs: number, signal: AbortSignal): Promise<void> {
  await sleep(forMs, undefined, { signal }).catch(() => undefined);
}
