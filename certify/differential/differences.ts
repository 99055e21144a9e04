// Many differences as few: each kind once, with how often and where it was first met, those first about which the rules
// say nothing. Four hundred scenarios make a dozen lines.
import type { Difference } from "./compare-runs.ts";

export interface FoundDifference extends Difference {
  readonly scenario: string;
}

/** All differences of one kind. */
export interface DifferenceGroup {
  /** The first of them. */
  readonly first: FoundDifference;
  readonly count: number;
  readonly scenarios: number;
  /** The exchanges that differ like this, by the protocol's names. */
  readonly messages: readonly string[];
  readonly ruledBy?: string;
}

/** Kinds of differences: the silent ones first, and of these the most common. */
export function differencesOf(found: readonly FoundDifference[]): readonly DifferenceGroup[] {
  const groups = [...Map.groupBy(found, kindOf).values()].map((ofKind): DifferenceGroup => {
    const first = ofKind[0]!;
    const scenarios = new Set(ofKind.map(({ scenario }) => scenario)).size;
    const { ruledBy } = first;
    const messages = [...new Set(ofKind.map(({ message }) => message))];
    return {
      first,
      count: ofKind.length,
      scenarios,
      messages,
      ...(ruledBy === undefined ? {} : { ruledBy }),
    };
  });
  return groups.toSorted(
    (left, right) =>
      Number(left.ruledBy !== undefined) - Number(right.ruledBy !== undefined) ||
      right.scenarios - left.scenarios ||
      right.count - left.count,
  );
}

/** How many there are is no kind of its own. A header that is another one everywhere is one habit. */
function kindOf({ message, about, member, here, there, ruledBy }: Difference): string {
  const values = about === "count" ? [] : [here, there];
  return [about === "header" ? "" : message, about, member, ...values, ruledBy ?? ""].join("\n");
}

/** A kind in a line: `pull: resync is absent here and present there (12 scenarios, first …)`. */
export function differenceLine(group: DifferenceGroup): string {
  const { first, scenarios, ruledBy } = group;
  const where = `${scenarios} ${scenarios === 1 ? "scenario" : "scenarios"}, first ${first.scenario}, ${placeOf(first)}`;
  const rule = ruledBy === undefined ? "" : `; ${ruledBy} speaks about it`;
  return `${sentenceOf(group)} (${where}${rule})`;
}

/** The step without what is expected of it. */
function placeOf({ line, step }: Difference): string {
  const short = step.split(/ expect: /u, 1)[0]!;
  const cut = short.length > stepMax ? `${short.slice(0, stepMax - 1)}…` : short;
  return line === 0 ? cut : `line ${line}: ${cut}`;
}

const stepMax = 60;

function sentenceOf({ first, messages }: DifferenceGroup): string {
  const { about, member, here, there, who } = first;
  const message = messages.join(", ");
  const what = member === "" ? "" : `${member} `;
  switch (about) {
    case "asked":
      return `${who} asks for ${here} here, and for ${there} there`;
    case "status":
      return `${message} is answered ${here} here and ${there} there`;
    case "header":
      return `${message}: header ${member} is ${here} here and ${there} there`;
    case "body":
      return `${message}: ${what}is ${here} here and ${there} there`;
    case "count":
      return `${message}: ${member === "" ? "frames" : member}: ${here} here, ${there} there`;
    case "state":
      return `${who} shows its user something else here than there`;
  }
}
