// Reads a results.json back whole. The file may come from anywhere, so its shape is checked as far as anything here leans
// on it; members that a newer Seatrial added are kept as they are.
import * as z from "zod";
import type { RunResult } from "../invariants/result.ts";

/** A file that is no results document; the message says why. */
export class NoResults extends Error {
  override readonly name = "NoResults";
  readonly code = "no_results";
}

const names = z.array(z.string());

const verdict = z.discriminatedUnion("outcome", [
  z.looseObject({ outcome: z.literal("holds"), cases: z.number() }),
  z.looseObject({
    outcome: z.literal("violated"),
    violations: z.number(),
    witness: z.looseObject({ events: z.array(z.number()), explanation: z.string() }),
  }),
  z.looseObject({ outcome: z.literal("inconclusive"), reason: z.string() }),
]);

const result = z
  .looseObject({
    id: z.string().min(1),
    title: z.string(),
    protocol: z.string(),
    requirements: names,
    world: z.enum(["sim", "live"]),
    seed: z.string(),
    outcome: z.enum(["pass", "fail", "drifted", "blocked", "error", "skipped"]),
    checks: z.array(
      z.looseObject({
        pass: z.boolean(),
        line: z.number(),
        text: z.string(),
        expected: z.string(),
        seen: z.string(),
      }),
    ),
    judgements: z.array(
      z.looseObject({ law: z.string(), requirements: names, promise: z.string(), verdict }),
    ),
    durationMs: z.number(),
    faults: z.record(z.string(), z.number()),
    unusedFaults: names,
    missing: names,
    replay: z.string(),
    history: z
      .looseObject({ events: z.array(z.looseObject({ kind: z.string(), at: z.number() })) })
      .optional(),
  })
  .refine(hasItsWitnesses, "expected each witness to name events that the history has");

/** Stories are told of the events that a witness names. */
function hasItsWitnesses({
  history,
  judgements,
}: {
  readonly history?: { readonly events: readonly unknown[] } | undefined;
  readonly judgements: readonly { readonly verdict: z.infer<typeof verdict> }[];
}): boolean {
  if (history === undefined) return true;
  return judgements.every(
    ({ verdict: said }) =>
      said.outcome !== "violated" || said.witness.events.every((event) => event in history.events),
  );
}

const checkOutcome = z.enum(["pass", "fail", "advice", "blocked", "unsupported", "error", "skipped"]);

const certification = z.looseObject({
  protocol: z.string(),
  target: z.looseObject({
    title: z.string(),
    kind: z.enum(["url", "command"]),
    said: z.record(z.string(), z.string()),
  }),
  configuration: z.looseObject({}),
  levels: z.array(
    z.looseObject({
      name: z.string(),
      promise: z.string(),
      verdict: z.enum(["granted", "refused", "not assessed"]),
      passed: z.number(),
      failed: z.number(),
      blocked: z.number(),
      why: names,
    }),
  ),
  requirements: z.array(
    z.looseObject({
      id: z.string(),
      kind: z.enum(["S", "P", "A"]),
      section: z.string(),
      summary: z.string(),
      verdict: z.enum(["holds", "violated", "advice", "blocked", "unsupported", "not assessed"]),
      levels: names,
      checks: names,
    }),
  ),
  checks: z.array(
    z.looseObject({
      id: z.string(),
      scenario: z.string(),
      requirement: z.string(),
      level: z.string(),
      outcome: checkOutcome,
    }),
  ),
  counts: z.record(checkOutcome, z.number()),
  complete: z.boolean(),
  shard: z.looseObject({ index: z.number(), of: z.number(), complete: z.boolean() }).optional(),
  observations: names,
  locked: z.array(z.looseObject({ hook: z.string(), checks: z.number() })),
  baseline: z.looseObject({ expected: names, unexpected: names, fixed: names, expired: names }),
});

const document = z.looseObject({
  format: z.literal("seatrial-results/1"),
  version: z.string(),
  startedAt: z.iso.datetime(),
  durationMs: z.number(),
  command: z.string(),
  node: z.string(),
  interrupted: z.boolean(),
  certification: certification.optional(),
  results: z.array(result),
});

/** The run that was written down.  Errors: NoResults. */
export function readResults(text: string, file: string): RunResult {
  const parsed = document.safeParse(parseJson(text, file));
  if (!parsed.success)
    throw new NoResults(`${file} is no results document of Seatrial:\n${z.prettifyError(parsed.error)}`);
  const { format: _format, totals: _totals, laws: _laws, disagreements: _, ...run } = parsed.data;
  return run as unknown as RunResult;
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new NoResults(`${file} is no JSON: ${(error as Error).message}`, { cause: error });
  }
}
