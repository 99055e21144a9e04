// The parts of one run put together: what several machines ran side by side, judged as if one had run it all. Parts that
// are of different versions, protocols or targets are refused, and so is a scenario that stands in two of them: whatever
// the sum of those said, nobody could tell of whom.
import type { Certification } from "../invariants/certification-result.ts";
import type { RunResult } from "../invariants/result.ts";
import { verdictsOf } from "./certification.ts";
import type { CertificationProfile } from "./levels.ts";

export interface RunPart {
  /** For messages. */
  readonly file: string;
  readonly run: RunResult;
}

/** Parts that are not of one run; the message names the two that do not fit. */
export class CannotMerge extends Error {
  override readonly name = "CannotMerge";
  readonly code = "cannot_merge";
}

/** `profileOf`: of the protocol of a certification.  Errors: CannotMerge. */
export function mergeRuns(
  parts: readonly RunPart[],
  profileOf: (protocol: string) => CertificationProfile,
): RunResult {
  const [first, ...others] = parts;
  if (first === undefined) throw new CannotMerge("expected the results of at least one part, saw none");
  for (const other of others) mustFit(first, other);
  refuseTwice(parts);
  const runs = parts.map(({ run }) => run);
  const starts = runs.map(({ startedAt }) => Date.parse(startedAt));
  const ends = runs.map(({ startedAt, durationMs }) => Date.parse(startedAt) + durationMs);
  const start = Math.min(...starts);
  const certification = mergedCertification(parts, profileOf);
  return {
    version: first.run.version,
    startedAt: new Date(start).toISOString(),
    durationMs: Math.max(...ends) - start,
    command: each(runs.map(({ command }) => command)).join("; "),
    node: each(runs.map(({ node }) => node)).join(", "),
    interrupted: runs.some(({ interrupted }) => interrupted),
    ...(certification === undefined ? {} : { certification }),
    results: runs.flatMap(({ results }) => results),
  };
}

/** The numbers, from 1, of the parts that are not there. */
export function missingParts(parts: readonly RunPart[]): readonly number[] {
  const shards = parts.flatMap(({ run }) => run.certification?.shard ?? []);
  const there = new Set(shards.map(({ index }) => index));
  const count = Math.max(0, ...shards.map(({ of }) => of));
  return Array.from({ length: count }, (_, place) => place + 1).filter((index) => !there.has(index));
}

const each = (texts: readonly string[]): readonly string[] => [...new Set(texts)];

function mustFit(first: RunPart, other: RunPart): void {
  const facts: readonly (readonly [string, (run: RunResult) => string | undefined])[] = [
    ["of one version of Seatrial", ({ version }) => version],
    ["with a certification, or without", ({ certification }) => certification && "with one"],
    ["of one protocol", ({ certification }) => certification?.protocol],
    ["of one target", ({ certification }) => certification?.target.title],
    ["of one target, by its server header", ({ certification }) => certification?.target.said["server"]],
    ["for the same levels", ({ certification }) => certification?.levels.map(({ name }) => name).join(", ")],
    ["under one baseline", ({ certification }) => certification?.baseline.file],
    ["of one number of parts", ({ certification }) => certification?.shard?.of.toString()],
  ];
  for (const [expected, fact] of facts) {
    const [left, right] = [fact(first.run), fact(other.run)];
    if (left === right) continue;
    throw new CannotMerge(
      `expected parts ${expected}; saw ${left ?? "none"} in ${first.file} and ${right ?? "none"} in ${other.file}`,
    );
  }
}

function refuseTwice(parts: readonly RunPart[]): void {
  const fileByKey = new Map<string, string>();
  const fileByShard = new Map<number, string>();
  for (const { file, run } of parts) {
    const index = run.certification?.shard?.index;
    const twin = index === undefined ? undefined : fileByShard.get(index);
    if (twin !== undefined)
      throw new CannotMerge(`part ${index} stands in ${twin} and in ${file}; expected each part once`);
    if (index !== undefined) fileByShard.set(index, file);
    for (const { world, id } of run.results) {
      const other = fileByKey.get(`${world} ${id}`);
      if (other !== undefined)
        throw new CannotMerge(`${id} (${world}) stands in ${other} and in ${file}; expected it once`);
      fileByKey.set(`${world} ${id}`, file);
    }
  }
}

function mergedCertification(
  parts: readonly RunPart[],
  profileOf: (protocol: string) => CertificationProfile,
): Certification | undefined {
  const all = parts.flatMap(({ run: { certification } }) => certification ?? []);
  const [first] = all;
  if (first === undefined) return undefined;
  const asked = first.levels.map(({ name }) => name);
  const profile = profileOf(first.protocol);
  const { seed } = first;
  const isOneSeed = all.every((other) => other.seed === seed);
  return {
    protocol: first.protocol,
    target: first.target,
    configuration: first.configuration,
    ...(seed === undefined || !isOneSeed ? {} : { seed }),
    ...verdictsOf(
      all.flatMap(({ checks }) => checks),
      { profile, asked, complete: areAllParts(all) },
    ),
    observations: each(all.flatMap(({ observations }) => observations)),
    baseline: {
      ...(first.baseline.file === undefined ? {} : { file: first.baseline.file }),
      expected: all.flatMap(({ baseline }) => baseline.expected),
      unexpected: all.flatMap(({ baseline }) => baseline.unexpected),
      fixed: all.flatMap(({ baseline }) => baseline.fixed),
      expired: each(all.flatMap(({ baseline }) => baseline.expired)),
    },
  };
}

/** Every part is there, and nothing of it was left out. One run that was whole by itself is so as well. */
function areAllParts(all: readonly Certification[]): boolean {
  const [first] = all;
  if (all.length === 1 && first!.shard === undefined) return first!.complete;
  const shards = all.map(({ shard }) => shard);
  return shards.length === first!.shard?.of && shards.every((shard) => shard?.complete === true);
}
