// What a test of the server may ask beside the protocol: compact now, move the clock, show the state.
// Without the control token these paths do not exist, for anybody who does not know it.
import { createHash, timingSafeEqual } from "node:crypto";
import * as z from "zod";
import type { HttpRequest, HttpResponse } from "../../protocol/http.ts";
import type { JsonValue } from "../../protocol/json.ts";

/** What control endpoints act on. */
export interface Controls {
  compact(user: string): Promise<{ readonly deleted: number; readonly compactedUpTo: number }>;
  /** Answers the new time, or `undefined` when the clock would leave the calendar. */
  advanceClock(advanceMs: number): Promise<number | undefined>;
  readState(user: string): Promise<JsonValue>;
}

/** Answers requests below /control/; `undefined` for all others, and for whoever may not know that there is one. */
export class ControlEndpoints {
  readonly #token: Buffer;
  readonly #controls: Controls;

  constructor(token: string, controls: Controls) {
    this.#token = digest(`Bearer ${token}`);
    this.#controls = controls;
  }

  answer(request: HttpRequest): Promise<HttpResponse> | undefined {
    if (!request.path.startsWith("/control/") || !this.#isAllowed(request)) return undefined;
    const { method, path } = request;
    if (method === "POST" && path === "/control/compact") return this.#compact(request);
    if (method === "POST" && path === "/control/clock") return this.#advanceClock(request);
    if (method === "GET" && path.startsWith(statePrefix))
      return this.#readState(path.slice(statePrefix.length));
    return undefined;
  }

  async #compact(request: HttpRequest): Promise<HttpResponse> {
    const parsed = parse(compactSchema, request);
    if ("refused" in parsed) return parsed.refused;
    const { deleted, compactedUpTo } = await this.#controls.compact(parsed.value.user);
    return ok({ compacted_up_to: compactedUpTo, deleted });
  }

  async #advanceClock(request: HttpRequest): Promise<HttpResponse> {
    const parsed = parse(clockSchema, request);
    if ("refused" in parsed) return parsed.refused;
    const now = await this.#controls.advanceClock(parsed.value.advance_ms);
    if (now === undefined)
      return refuse([{ path: "/advance_ms", message: "the clock would leave the calendar" }]);
    return ok({ now });
  }

  async #readState(encodedUser: string): Promise<HttpResponse> {
    let user: string;
    try {
      user = decodeURIComponent(encodedUser);
    } catch {
      return refuse([{ path: statePrefix, message: "expected a user in percent-encoding" }]);
    }
    if (!userSchema.safeParse(user).success) {
      return refuse([{ path: statePrefix, message: "expected a user" }]);
    }
    return ok(await this.#controls.readState(user));
  }

  #isAllowed({ headers }: HttpRequest): boolean {
    return timingSafeEqual(digest(headers["authorization"] ?? ""), this.#token);
  }
}

const statePrefix = "/control/state/";

// Of equal length, as the comparison needs them.
const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

const userSchema = z
  .string()
  .min(1)
  .refine((user) => user.isWellFormed() && !user.includes("\0"), "expected text that the database can keep");

const compactSchema = z.object({ user: userSchema });

/** A thousand years: anything further is a slip of the unit, and no date. */
const advanceMaxMs = 1_000 * 366 * 86_400_000;

const clockSchema = z.object({ advance_ms: z.int().min(0).max(advanceMaxMs) });

function parse<T>(
  schema: z.ZodType<T>,
  { body }: HttpRequest,
): { readonly value: T } | { readonly refused: HttpResponse } {
  let value: unknown;
  try {
    value = body !== undefined && "text" in body ? JSON.parse(body.text) : undefined;
  } catch {
    return { refused: refuse([{ path: "", message: "expected JSON" }]) };
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data };
  const issues = parsed.error.issues.map(({ path, message }) => ({
    path: path.map((step) => `/${String(step)}`).join(""),
    message,
  }));
  return { refused: refuse(issues) };
}

const refuse = (issues: readonly { readonly path: string; readonly message: string }[]): HttpResponse => ({
  status: 400,
  headers,
  body: { type: "invalid_request", errors: issues.map(({ path, message }) => ({ path, message })) },
});

const ok = (body: JsonValue): HttpResponse => ({ status: 200, headers, body });

const headers = { "cache-control": "no-store", "content-type": "application/json" } as const;
