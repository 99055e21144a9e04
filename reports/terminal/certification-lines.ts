// A certification at the end of a terminal's report: what may be claimed, which rules are broken and by which scenario,
// what could not be asked, and how the target goes about things where the rules leave it free.
import type {
  Certification,
  CertificationOutcome,
  CertifiedLevel,
  CertifiedRequirement,
} from "../../invariants/certification-result.ts";
import type { Ink } from "../ink.ts";
import { printable, wrap } from "../wrap.ts";

export interface CertificationLayout {
  readonly ink: Ink;
  /** Units: characters. */
  readonly width: number;
}

/** Reasons shown for one level; the rest is counted. */
const reasonsMax = 4;
const observationsMax = 20;

export function certificationLines(
  certification: Certification,
  layout: CertificationLayout,
): readonly string[] {
  const { ink } = layout;
  const { protocol, target } = certification;
  return [
    `${ink.bold(protocol)} ${ink.dim("·")} ${printable(target.title)}`,
    "",
    ...levelLines(certification, layout),
    ...violatedLines(certification, layout),
    ...errorLines(certification, layout),
    ...baselineLines(certification, layout),
    ...lockedLines(certification, layout),
    ...habitLines(certification, layout),
    ...differenceLines(certification, layout),
    ...countLines(certification, layout),
    "",
  ];
}

const marks: Readonly<Record<CertifiedLevel["verdict"], string>> = {
  granted: "✓ granted",
  refused: "✗ refused",
  "not assessed": "○ not assessed",
};

/** Of a part of a run, the levels that it has something of. */
function levelLines(
  { levels: all, complete }: Certification,
  { ink, width }: CertificationLayout,
): readonly string[] {
  const levels = all.filter(({ passed, failed, blocked }) => complete || passed + failed + blocked > 0);
  if (levels.length === 0) return [];
  const nameWidth = Math.max(...levels.map(({ name }) => name.length));
  const markWidth = Math.max(...Object.values(marks).map((mark) => mark.length));
  const colours = { granted: ink.green, refused: ink.red, "not assessed": ink.yellow };
  return [
    ...levels.flatMap((level) => {
      const { name, verdict, passed, failed, blocked, why } = level;
      const colour = colours[verdict];
      const total = passed + failed + blocked;
      const head = `  ${ink.bold(name.padEnd(nameWidth))}  ${colour(marks[verdict].padEnd(markWidth))}`;
      const rest = why.length > reasonsMax ? [`and ${why.length - reasonsMax} more`] : [];
      const reasons = verdict === "refused" ? [] : [...why.slice(0, reasonsMax), ...rest];
      return [
        `${head}  ${ink.dim(`${passed} of ${total} rules hold`)}`,
        ...reasons
          .flatMap((text) => wrap(printable(text), width - 8))
          .map((line) => ink.dim(`        ${line}`)),
      ];
    }),
    "",
  ];
}

function violatedLines(
  { requirements, checks }: Certification,
  layout: CertificationLayout,
): readonly string[] {
  const violated = requirements.filter(({ verdict }) => verdict === "violated");
  if (violated.length === 0) return [];
  const { ink, width } = layout;
  const indented = (text: string): readonly string[] =>
    wrap(printable(text), width - 6).map((line) => `      ${line}`);
  const failing = ({ id }: CertifiedRequirement) =>
    checks.filter(({ requirement, outcome }) => requirement === id && outcome === "fail");
  return [
    ink.bold("rules that are broken"),
    ...violated.flatMap((rule) => {
      const [first, ...others] = failing(rule);
      const more = others.length === 0 ? "" : ` and ${others.length} more`;
      const known = first?.expected === undefined ? "" : `  (known: ${first.expected})`;
      return [
        `  ${ink.red("✗")} ${ink.bold(rule.id)} ${rule.kind}  ${ink.dim(printable(rule.summary))}`,
        ...indented(`in ${first?.scenario ?? "?"}${more}${known}`),
        ...indented(rule.why ?? ""),
        ...(first?.replay === undefined ? [] : [`      again: ${ink.cyan(printable(first.replay))}`]),
      ];
    }),
    "",
  ];
}

/** Broken off, by the target's end or by us: what was asked then says nothing. */
function errorLines({ checks }: Certification, { ink, width }: CertificationLayout): readonly string[] {
  const broken = checks.filter(({ outcome }) => outcome === "error");
  if (broken.length === 0) return [];
  const byReason = Map.groupBy(broken, ({ why = "" }) => why.split("\n")[0]!);
  return [
    ink.bold("broken off, so that nothing can be said of it"),
    ...[...byReason].flatMap(([reason, members]) => {
      const scenarios = [...new Set(members.map(({ scenario }) => scenario))];
      const more = scenarios.length === 1 ? "" : ` and ${scenarios.length - 1} more`;
      const lines = wrap(`${printable(reason)}: ${scenarios[0]!}${more}`, width - 4);
      return lines.map((line, place) => `  ${place === 0 ? ink.red("✗") : " "} ${line}`);
    }),
    "",
  ];
}

function baselineLines({ baseline }: Certification, { ink }: CertificationLayout): readonly string[] {
  const { file, expected, fixed, expired } = baseline;
  if (file === undefined) return [];
  return [
    `${ink.bold("baseline")} ${printable(file)}: ${expected.length} fail as it says`,
    ...fixed.map((id) => ink.yellow(`  no longer fails, take it out: ${printable(id)}`)),
    ...expired.map((id) => ink.yellow(`  its day has passed, it excuses nothing: ${printable(id)}`)),
    "",
  ];
}

function lockedLines({ locked }: Certification, { ink, width }: CertificationLayout): readonly string[] {
  if (locked.length === 0) return [];
  return [
    ink.bold("what would let more be seen"),
    ...locked.flatMap(({ hook, checks }) => {
      const count = checks === 1 ? "1 check" : `${checks} checks`;
      return wrap(`${printable(hook)}: would unlock ${count}`, width - 2).map((line) => `  ${line}`);
    }),
    "",
  ];
}

const habitLines = ({ observations }: Certification, layout: CertificationLayout): readonly string[] =>
  listed("habits, all of them lawful", observations, layout);

const differenceLines = (
  { differences = [] }: Certification,
  layout: CertificationLayout,
): readonly string[] =>
  listed(
    "where the other server does it otherwise; what the rules leave open comes first",
    differences,
    layout,
  );

function listed(
  title: string,
  texts: readonly string[],
  { ink, width }: CertificationLayout,
): readonly string[] {
  if (texts.length === 0) return [];
  const rest = texts.length - observationsMax;
  return [
    ink.bold(title),
    ...texts
      .slice(0, observationsMax)
      .flatMap((text) =>
        wrap(printable(text), width - 4).map((line, place) => `  ${place === 0 ? "·" : " "} ${line}`),
      ),
    ...(rest > 0 ? [`    and ${rest} more in results.json`] : []),
    "",
  ];
}

const words: Readonly<Record<CertificationOutcome, string>> = {
  pass: "passed",
  fail: "failed",
  advice: "advice not followed",
  blocked: "blocked",
  unsupported: "not applicable",
  error: "broken off",
  skipped: "not judged",
};

function countLines({ counts, checks }: Certification, { ink }: CertificationLayout): readonly string[] {
  const parts = (Object.keys(words) as CertificationOutcome[])
    .filter((outcome) => counts[outcome] > 0)
    .map((outcome) => `${counts[outcome]} ${words[outcome]}`);
  return [ink.dim(`${checks.length} checks: ${parts.join(", ")}`)];
}
