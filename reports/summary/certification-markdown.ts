// A certification as Markdown: what may be claimed, what is broken and how to see it again, what another hook would show.
import type {
  Certification,
  CertificationCheck,
  CertificationOutcome,
  CertifiedLevel,
} from "../../invariants/certification-result.ts";
import { markdownCode, markdownTable, markdownText } from "./markdown.ts";

/** Of more than this, results.json tells. */
const failuresMax = 50;
const reasonsMax = 3;

/** The lines between the title and the stories of the failures. */
export function certificationMarkdown(certification: Certification): readonly string[] {
  return [
    ...levelTable(certification),
    ...countLine(certification),
    ...failureTable(certification),
    ...baselineLines(certification),
    ...lockedLines(certification),
    ...adviceLines(certification),
    ...habitLines(certification),
  ];
}

const verdictWords: Readonly<Record<CertifiedLevel["verdict"], string>> = {
  granted: "✅ granted",
  refused: "❌ refused",
  "not assessed": "⚪ not assessed",
};

function levelTable({ levels, complete }: Certification): readonly string[] {
  const rows = levels.map(({ name, verdict, passed, failed, blocked, why }) => [
    `**${markdownText(name)}**`,
    verdictWords[verdict],
    `${passed} of ${passed + failed + blocked}`,
    reasonsText(why),
  ]);
  return [
    ...markdownTable(["level", "verdict", "rules that hold", "why not"], rows),
    "",
    ...(complete ? [] : ["The run was not complete, so nothing is certified.", ""]),
  ];
}

function reasonsText(why: readonly string[]): string {
  const rest = why.length - reasonsMax;
  const told = why.slice(0, reasonsMax).map(markdownText);
  return [...told, ...(rest > 0 ? [`and ${rest} more`] : [])].join("<br>");
}

const outcomeWords: Readonly<Record<CertificationOutcome, string>> = {
  pass: "passed",
  fail: "failed",
  advice: "advice not followed",
  blocked: "blocked",
  unsupported: "not applicable",
  error: "errors of Seatrial",
  skipped: "not judged",
};

function countLine({ counts, checks }: Certification): readonly string[] {
  const parts = (Object.keys(outcomeWords) as CertificationOutcome[])
    .filter((outcome) => counts[outcome] > 0)
    .map((outcome) => `${counts[outcome]} ${outcomeWords[outcome]}`);
  return [`${checks.length} checks: ${parts.join(", ")}.`, ""];
}

/** The unexpected ones first, because they are what has to be done. */
function failureTable({ checks }: Certification): readonly string[] {
  const failing = checks
    .filter(({ outcome }) => outcome === "fail")
    .toSorted((left, right) => Number(left.expected !== undefined) - Number(right.expected !== undefined));
  if (failing.length === 0) return [];
  const rows = failing
    .slice(0, failuresMax)
    .map((check) => [
      `**${markdownText(check.requirement)}**`,
      markdownCode(check.scenario),
      [markdownText(check.why ?? ""), ...knownText(check)].join("<br>"),
      markdownCode(check.replay ?? ""),
    ]);
  const rest = failing.length - failuresMax;
  return [
    "### Rules that are broken",
    "",
    ...markdownTable(["rule", "scenario", "what was seen", "again"], rows),
    ...(rest > 0 ? ["", `and ${rest} more; results.json has them all.`] : []),
    "",
  ];
}

const knownText = ({ expected }: CertificationCheck): readonly string[] =>
  expected === undefined ? [] : [`known: ${markdownText(expected)}`];

function baselineLines({ baseline }: Certification): readonly string[] {
  const { file, expected, fixed, expired } = baseline;
  if (file === undefined) return [];
  return [
    `Baseline ${markdownCode(file)}: ${expected.length} fail as it says.`,
    ...fixed.map((id) => `- no longer fails, take it out: ${markdownCode(id)}`),
    ...expired.map((id) => `- its day has passed, it excuses nothing: ${markdownCode(id)}`),
    "",
  ];
}

function lockedLines({ locked }: Certification): readonly string[] {
  if (locked.length === 0) return [];
  const rows = locked.map(({ hook, checks }) => [markdownText(hook), String(checks)]);
  return ["### What would let more be seen", "", ...markdownTable(["missing", "checks"], rows), ""];
}

function adviceLines({ requirements }: Certification): readonly string[] {
  const advice = requirements.filter(({ verdict }) => verdict === "advice");
  if (advice.length === 0) return [];
  return [
    "### Advice that is not followed",
    "",
    ...advice.map(({ id, why = "" }) => `- **${markdownText(id)}** ${markdownText(why)}`),
    "",
  ];
}

function habitLines({ observations }: Certification): readonly string[] {
  if (observations.length === 0) return [];
  return [
    "<details><summary>Habits, all of them lawful</summary>",
    "",
    ...observations.map((text) => `- ${markdownText(text)}`),
    "",
    "</details>",
    "",
  ];
}
