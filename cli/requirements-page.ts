// docs/requirements.md: every rule of every protocol, and which scenario and which law shows it. A rule that nothing
// shows needs a written reason; a reason for a rule that is shown, or does not exist, is refused, so that the list of
// excuses cannot outlive its need.
import type { Law } from "../invariants/verdict.ts";
import type { Requirement } from "../protocol/requirement.ts";
import type { Scenario } from "../scenarios/format/types.ts";

export interface ProtocolCoverage {
  /** `<name>/<version>` */
  readonly protocol: string;
  readonly requirements: readonly Requirement[];
  readonly scenarios: readonly Scenario[];
  readonly laws: readonly Pick<Law, "id" | "requirements">[];
  /** By requirement id: why no scenario shows it. */
  readonly uncovered: Readonly<Record<string, string>>;
}

/** What is wrong with the coverage, in sentences; empty where every rule has a scenario or a reason. */
export function coverageProblems({
  requirements,
  scenarios,
  uncovered,
}: ProtocolCoverage): readonly string[] {
  const shown = new Set(scenarios.flatMap((scenario) => scenario.requirements));
  const known = new Set(requirements.map(({ id }) => id));
  const missing = requirements
    .filter(({ id }) => !shown.has(id) && uncovered[id] === undefined)
    .map(({ id }) => `no scenario shows ${id}, and uncovered.yaml gives no reason`);
  const stale = Object.keys(uncovered).flatMap((id) => {
    if (!known.has(id)) return [`uncovered.yaml names ${id}, which is no rule`];
    return shown.has(id) ? [`uncovered.yaml excuses ${id}, which a scenario shows`] : [];
  });
  return [...missing, ...stale];
}

export function requirementsPage(protocols: readonly ProtocolCoverage[]): string {
  return [
    "# Requirements and what shows them",
    "",
    "Written by `seatrial docs` from the requirement lists in `protocol/`, the scenarios and the laws; do not edit.",
    "**S** is said by the published protocol, **P** follows from its promise, **A** is advice that never fails a build.",
    "",
    ...protocols.flatMap(protocolLines),
  ].join("\n");
}

function protocolLines(coverage: ProtocolCoverage): readonly string[] {
  const { protocol, requirements, scenarios } = coverage;
  const shown = requirements.filter(({ id }) =>
    scenarios.some((scenario) => scenario.requirements.includes(id)),
  );
  const sections = [...new Set(requirements.map(({ section }) => section))];
  return [
    `## ${protocol}`,
    "",
    `${shown.length} of ${requirements.length} rules are shown by ${scenarios.length} scenarios.`,
    "",
    ...sections.flatMap((section) => [
      `### ${section}`,
      "",
      ...requirements.filter((one) => one.section === section).flatMap((one) => ruleLines(one, coverage)),
    ]),
  ];
}

function ruleLines(
  { id, kind, subject, summary }: Requirement,
  { scenarios, laws, uncovered }: ProtocolCoverage,
): readonly string[] {
  const showing = scenarios.filter(({ requirements }) => requirements.includes(id));
  const judging = laws.filter(({ requirements }) => requirements.includes(id));
  return [
    `**${id}** (${kind}, ${subject}) ${summary}`,
    "",
    ...(showing.length === 0
      ? [`- not shown: ${uncovered[id] ?? "no reason is written down"}`]
      : familyLines(showing)),
    ...(judging.length === 0 ? [] : [`- judged by ${judging.map((law) => `\`${law.id}\``).join(", ")}`]),
    "",
  ];
}

/** The scenarios of one file share a title and a folder; they are one line. */
function familyLines(scenarios: readonly Scenario[]): readonly string[] {
  const families = Map.groupBy(
    scenarios,
    ({ id, title }) => `${id.split("/").slice(0, -1).join("/")}\n${title}`,
  );
  return [...families.values()].map((members) => {
    const { id, title } = members[0]!;
    if (members.length === 1) return `- \`${id}\`: ${title}`;
    return `- \`${id.split("/").slice(0, -1).join("/")}/*\` (${members.length}): ${title}`;
  });
}
