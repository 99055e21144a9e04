// The hooks of a server under test: calls below its control URL, with a token that only Seatrial knows.
import type { Subject } from "./subject.ts";
import { SubjectFailed } from "./subject.ts";

export interface CompactionReport {
  readonly compactedUpTo: number;
  readonly deleted: number;
}

export interface ControlOptions {
  readonly token: string;
  readonly timeoutMs: number;
}

/** A hook that did not do what was asked: the process was down, went down, or said no. */
export class HookUnanswered extends Error {
  override readonly name = "HookUnanswered";
  readonly code = "hook_unanswered";
}

/** Runs compaction for a user.
 *  Errors: `HookUnanswered` when it may or may not have happened; `SubjectFailed` for a hook that is not there. */
export async function compact(
  subject: Subject,
  user: string,
  options: ControlOptions,
): Promise<CompactionReport> {
  const body = await call(subject, { path: "/control/compact", body: { user } }, options);
  const { compacted_up_to: compactedUpTo, deleted } = body as Readonly<Record<string, unknown>>;
  if (typeof compactedUpTo !== "number" || typeof deleted !== "number") {
    throw new SubjectFailed(
      "hook_failed",
      `POST /control/compact of ${subject.name} answered ${JSON.stringify(body)}; expected {compacted_up_to, deleted}`,
    );
  }
  return { compactedUpTo, deleted };
}

/** Moves the clock of one process and answers its time. Moves add up.  Units: milliseconds, since the epoch.
 *  Errors: as `compact`. */
export async function moveClock(subject: Subject, byMs: number, options: ControlOptions): Promise<number> {
  const body = await call(subject, { path: "/control/clock", body: { advance_ms: byMs } }, options);
  const { now } = body as { readonly now?: unknown };
  const epochMs = typeof now === "string" ? Date.parse(now) : now;
  if (typeof epochMs === "number" && Number.isFinite(epochMs)) return epochMs;
  throw new SubjectFailed(
    "hook_failed",
    `POST /control/clock of ${subject.name} answered ${JSON.stringify(body)}; expected {now}`,
  );
}

async function call(
  subject: Subject,
  hook: { readonly path: string; readonly body: unknown },
  { token, timeoutMs }: ControlOptions,
): Promise<unknown> {
  const { url, name } = subject;
  if (url === undefined) throw new HookUnanswered(`${name} is down`);
  let status: number;
  let text: string;
  try {
    const response = await fetch(`${url}${hook.path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify(hook.body),
      signal: AbortSignal.timeout(timeoutMs),
    });
    status = response.status;
    text = await response.text();
  } catch (error) {
    throw new HookUnanswered(`POST ${hook.path} of ${name}: ${(error as Error).message}`, { cause: error });
  }
  if (status >= 500)
    throw new HookUnanswered(`POST ${hook.path} of ${name} answered ${status} ${text.slice(0, 200)}`);
  if (status !== 200) {
    throw new SubjectFailed(
      "hook_failed",
      `POST ${hook.path} of ${name} answered ${status} ${text.slice(0, 200)}; expected 200`,
    );
  }
  return JSON.parse(text) as unknown;
}
