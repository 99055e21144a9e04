// Several builds side by side: which level and which rule each of them holds. As data, and as Markdown.
import type {
  Certification,
  CertifiedLevel,
  CertifiedRequirement,
  RequirementVerdict,
} from "../invariants/certification-result.ts";
import { markdownTable, markdownText } from "../reports/summary/markdown.ts";

export interface MatrixBuild {
  /** Of the column; each once. */
  readonly name: string;
  readonly certification: Certification;
}

export interface MatrixRow<Verdict> {
  readonly id: string;
  readonly summary: string;
  /** By build; absent where the build's certification does not speak of it. */
  readonly verdicts: Readonly<Record<string, Verdict>>;
}

export interface Matrix {
  /** Grows when a member changes its meaning or goes. */
  readonly format: "seatrial-matrix/1";
  readonly protocol: string;
  readonly builds: readonly { readonly name: string; readonly target: string; readonly complete: boolean }[];
  readonly levels: readonly MatrixRow<CertifiedLevel["verdict"]>[];
  readonly requirements: readonly (MatrixRow<RequirementVerdict> & {
    readonly kind: CertifiedRequirement["kind"];
    readonly section: string;
  })[];
}

/** One matrix for each protocol, in the order in which they come up. */
export function matricesOf(builds: readonly MatrixBuild[]): readonly Matrix[] {
  const byProtocol = Map.groupBy(builds, ({ certification }) => certification.protocol);
  return [...byProtocol].map(([protocol, members]) => matrixOf(protocol, members));
}

function matrixOf(protocol: string, builds: readonly MatrixBuild[]): Matrix {
  const levels = firsts(
    builds.flatMap(({ certification }) => certification.levels),
    ({ name }) => name,
  );
  const rules = firsts(
    builds.flatMap(({ certification }) => certification.requirements),
    ({ id }) => id,
  );
  return {
    format: "seatrial-matrix/1",
    protocol,
    builds: builds.map(({ name, certification: { target, complete } }) => ({
      name,
      target: target.title,
      complete,
    })),
    levels: levels.map(({ name, promise }) => ({
      id: name,
      summary: promise,
      verdicts: verdictsBy(builds, ({ levels }) => levels.find((level) => level.name === name)?.verdict),
    })),
    requirements: rules.map(({ id, kind, section, summary }) => ({
      id,
      kind,
      section,
      summary,
      verdicts: verdictsBy(
        builds,
        ({ requirements }) => requirements.find((rule) => rule.id === id)?.verdict,
      ),
    })),
  };
}

function firsts<Item>(items: readonly Item[], keyOf: (item: Item) => string): readonly Item[] {
  const seen = new Map<string, Item>();
  for (const item of items) if (!seen.has(keyOf(item))) seen.set(keyOf(item), item);
  return [...seen.values()];
}

function verdictsBy<Verdict>(
  builds: readonly MatrixBuild[],
  verdictOf: (certification: Certification) => Verdict | undefined,
): Readonly<Record<string, Verdict>> {
  const pairs = builds.flatMap(({ name, certification }) => {
    const verdict = verdictOf(certification);
    return verdict === undefined ? [] : [[name, verdict] as const];
  });
  return Object.fromEntries(pairs);
}

const levelMarks: Readonly<Record<CertifiedLevel["verdict"], string>> = {
  granted: "✅",
  refused: "❌",
  "not assessed": "⚪",
};

const ruleMarks: Readonly<Record<RequirementVerdict, string>> = {
  holds: "✅",
  violated: "❌",
  advice: "💡",
  blocked: "🔒",
  unsupported: "–",
  "not assessed": "⚪",
};

const legend =
  "✅ granted, or holds · ❌ refused, or violated · 💡 advice not followed · 🔒 needs a hook · – not applicable · ⚪ not assessed";

export function matrixMarkdown({ protocol, builds, levels, requirements }: Matrix): string {
  const names = builds.map(({ name }) => name);
  const cells = <Verdict extends string>(
    { verdicts }: MatrixRow<Verdict>,
    marks: Readonly<Record<Verdict, string>>,
  ): readonly string[] =>
    names.map((name) => {
      const verdict = verdicts[name];
      return verdict === undefined ? "" : marks[verdict];
    });
  const heads = builds.map(({ name, complete }) =>
    complete ? markdownText(name) : `${markdownText(name)} (not complete)`,
  );
  return [
    `## ${markdownText(protocol)}`,
    "",
    ...markdownTable(
      ["level", ...heads],
      levels.map((row) => [`**${markdownText(row.id)}**`, ...cells(row, levelMarks)]),
    ),
    "",
    ...markdownTable(
      ["rule", "", ...heads],
      requirements.map((row) => [
        `**${markdownText(row.id)}** ${row.kind}`,
        markdownText(row.summary),
        ...cells(row, ruleMarks),
      ]),
    ),
    "",
    legend,
    "",
  ].join("\n");
}
