// The fault swarm of a plan: which kinds of chance it may use, and how often. Each kind is off in half of the plans, so
// that a kind that drowns others (a server that crashes all the time pushes nothing) leaves plans in which it does not
// exist. Odds vary over decades: rare faults leave long orderly stretches between two of them, and much goes wrong only
// then.
import type { Stream } from "../stream.ts";

/** The least and the most odds in a million of each kind of chance, where a swarm has it. */
const oddsByKind = {
  loseRequest: [1_000, 200_000],
  loseReply: [1_000, 200_000],
  duplicateRequest: [1_000, 300_000],
  zombieRequest: [1_000, 60_000],
  delay: [5_000, 300_000],
  refuse: [1_000, 60_000],
  refuseAfterEffect: [1_000, 60_000],
  portal: [1_000, 40_000],
  truncateReply: [1_000, 40_000],
  loseFrame: [2_000, 300_000],
  repeatFrame: [2_000, 300_000],
  lateFrame: [2_000, 300_000],
  cutSocket: [1_000, 50_000],
  halfOpenSocket: [1_000, 30_000],
  crashServer: [50, 5_000],
  loseDatabaseAnswer: [50, 5_000],
  crashDevice: [300, 20_000],
  failDisk: [300, 20_000],
} as const satisfies Readonly<Record<string, readonly [number, number]>>;

/** The kinds of chance that a swarm draws from. */
export const chanceKinds = Object.keys(oddsByKind) as readonly (keyof typeof oddsByKind)[];

/** A scenario's `trouble`. A third of the plans have none at all: what the steps say is then all that goes wrong. */
export function drawTrouble(swarm: Stream): Readonly<Record<string, number>> {
  const trouble: Record<string, number> = {
    latencyMinMs: swarm.pick([0, 1, 5]),
    latencyMaxMs: swarm.pick([5, 20, 40, 400]),
  };
  if (swarm.onceIn(3)) return trouble;
  for (const kind of chanceKinds) {
    const [least, most] = oddsByKind[kind];
    if (swarm.onceIn(2)) trouble[kind] = drawOdds(swarm, { least, most });
  }
  trouble.duplicateAfterMaxMs = swarm.pick([0, 50, 5_000, 40_000]);
  trouble.zombieAfterMaxMs = swarm.pick([0, 5_000, 30_000]);
  trouble.delayMaxMs = swarm.pick([100, 3_000, 15_000]);
  trouble.lateFrameMaxMs = swarm.pick([20, 500, 5_000]);
  trouble.restartAfterMaxMs = swarm.pick([50, 2_000, 10_000]);
  return trouble;
}

/** As likely between 100 and 1,000 as between 1,000 and 10,000. Whole numbers only. */
export function drawOdds(
  swarm: Stream,
  { least, most }: { readonly least: number; readonly most: number },
): number {
  const decades: (readonly [number, number])[] = [];
  for (let low = least; low < most; low *= 10) decades.push([low, Math.min(most, low * 10)]);
  const [low, high] = swarm.pick(decades);
  return swarm.between(low, high);
}
