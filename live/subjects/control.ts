// The hooks of a server under test: calls below its control URL, with a token that only Seatrial and the server know, or
// commands of whoever is tested. Both mean the same.
import { CommandFailed, runShellCommand } from "./shell-command.ts";
import type { Subject } from "./subject.ts";
import { SubjectFailed } from "./subject.ts";
import type { HookSpecs } from "./target.ts";

export interface CompactionReport {
  readonly compactedUpTo: number;
  readonly deleted: number;
}

/** What a test of the server may ask of it beside the protocol.
 *  Errors: `HookUnanswered` when it may or may not have happened; `SubjectFailed` for a hook that is not there. */
export interface Hooks {
  /** Runs compaction for a user. */
  compact(subject: Subject, user: string): Promise<CompactionReport>;
  /** Moves the clock of one process and answers its time. Moves add up.  Units: milliseconds, since the epoch. */
  moveClock(subject: Subject, byMs: number): Promise<number>;
}

export interface HooksOptions {
  readonly specs: HookSpecs;
  /** Of the hooks over HTTP; those that `specs` do not speak of are below the server's own address. */
  readonly token: string;
  /** What no message may show. */
  readonly secrets: readonly string[];
}

/** A hook that did not do what was asked: the process was down, went down, or said no. */
export class HookUnanswered extends Error {
  override readonly name = "HookUnanswered";
  readonly code = "hook_unanswered";
  /** What the server answered, where it did. */
  readonly status: number | undefined;

  constructor(
    message: string,
    { cause, status }: { readonly cause?: unknown; readonly status?: number } = {},
  ) {
    super(message, { cause });
    this.status = status;
  }
}

/** How long a hook may take. Compaction of one user is the longest.  Units: milliseconds. */
const hookTimeoutMs = 10_000;

/** What passes between two readings is no difference between clocks.  Units: milliseconds. */
const clockToleranceMs = 50;

export function createHooks(options: HooksOptions): Hooks {
  const { compactCommand, clockCommand } = options.specs;
  return {
    async compact(subject, user) {
      const [how, body] =
        compactCommand === undefined
          ? await call(subject, { path: "/control/compact", body: { user } }, options)
          : await run(subject, { line: compactCommand, values: { user } }, options);
      return reportOf(body, how);
    },
    async moveClock(subject, byMs) {
      const [how, body] =
        clockCommand === undefined
          ? await call(subject, { path: "/control/clock", body: { advance_ms: byMs } }, options)
          : await run(subject, { line: clockCommand, values: { advance_ms: String(byMs) } }, options);
      return timeOf(body, how);
    },
  };
}

/** Moves the clock of a process on until it is that far ahead of this machine's. A hook only adds, and whether a restart
 *  keeps what was added is the server's affair, so the clock is read first.  Units: milliseconds. */
export async function bringClockTo(subject: Subject, aheadMs: number, hooks: Hooks): Promise<void> {
  const offsetMs = (await hooks.moveClock(subject, 0)) - Date.now();
  const missingMs = Math.round(aheadMs - offsetMs);
  if (missingMs > clockToleranceMs) await hooks.moveClock(subject, missingMs);
}

/** Who answered, in words, and what. */
type Answered = readonly [how: string, body: unknown];

function reportOf(body: unknown, how: string): CompactionReport {
  const { compacted_up_to: compactedUpTo, deleted } = membersOf(body);
  if (typeof compactedUpTo === "number" && typeof deleted === "number") return { compactedUpTo, deleted };
  throw new SubjectFailed(
    "hook_failed",
    `${how} answered ${shown(body)}; expected {"compacted_up_to":…, "deleted":…}`,
  );
}

function timeOf(body: unknown, how: string): number {
  const { now } = membersOf(body);
  const epochMs = typeof now === "string" ? Date.parse(now) : now;
  if (typeof epochMs === "number" && Number.isFinite(epochMs)) return epochMs;
  throw new SubjectFailed(
    "hook_failed",
    `${how} answered ${shown(body)}; expected {"now":…}, in milliseconds or as RFC 3339`,
  );
}

const membersOf = (body: unknown): Readonly<Record<string, unknown>> =>
  typeof body === "object" && body !== null ? (body as Readonly<Record<string, unknown>>) : {};

const shown = (body: unknown): string =>
  (typeof body === "string" ? body.trim() || "nothing" : JSON.stringify(body)).slice(0, 200);

async function run(
  subject: Subject,
  { line, values }: { readonly line: string; readonly values: Readonly<Record<string, string>> },
  { secrets }: HooksOptions,
): Promise<Answered> {
  const { url, name } = subject;
  if (url === undefined) throw new HookUnanswered(`${name} is down`);
  try {
    const told = { ...values, url, port: new URL(url).port };
    const text = await runShellCommand({ line, values: told, timeoutMs: hookTimeoutMs, secrets });
    return [`the command "${line}"`, parsed(text)];
  } catch (error) {
    if (error instanceof CommandFailed) throw new HookUnanswered(error.message, { cause: error });
    throw error;
  }
}

async function call(
  subject: Subject,
  hook: { readonly path: string; readonly body: unknown },
  { specs, token }: HooksOptions,
): Promise<Answered> {
  const { url, name } = subject;
  if (url === undefined) throw new HookUnanswered(`${name} is down`);
  const how = `POST ${specs.control?.url ?? ""}${hook.path} of ${name}`;
  let status: number;
  let text: string;
  try {
    const response = await fetch(`${specs.control?.url ?? url}${hook.path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify(hook.body),
      redirect: "manual",
      signal: AbortSignal.timeout(hookTimeoutMs),
    });
    status = response.status;
    text = await response.text();
  } catch (error) {
    throw new HookUnanswered(`${how}: ${reasonOf(error)}`, { cause: error });
  }
  const said = `${how} answered ${`${status} ${text.trim().slice(0, 200)}`.trim()}`;
  if (status >= 500) throw new HookUnanswered(said, { status });
  if (status !== 200) throw new SubjectFailed("hook_failed", `${said}; expected 200`);
  return [how, parsed(text)];
}

/** `fetch` hides what went wrong behind "fetch failed". */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error && cause.message !== "" ? cause.message : message;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
