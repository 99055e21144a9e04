// The verdict on a client, for a person at a terminal.
import type { ClientVerdict, LevelVerdict, RuleVerdict } from "../certify/client/verdict.ts";

const ruleWidth = 12;

/** Rules first, then the levels that were asked for, then what would unlock more. */
export function clientVerdictText(
  name: string,
  { rules, levels: all, unlocks }: ClientVerdict,
  asked?: readonly string[],
): string {
  const levels = all.filter((level) => asked?.includes(level.name) ?? true);
  const levelWidth = Math.max(...levels.map((level) => level.name.length));
  return [
    "",
    `Rules of ${name}`,
    ...rules.map(ruleLine),
    "",
    `Levels of ${name}`,
    ...levels.map((level) => `  ${level.name.padEnd(levelWidth)}  ${levelWords(level)}`),
    ...(unlocks.length === 0 ? [] : ["", ...unlocks.map(unlockLine)]),
    "",
  ].join("\n");
}

function ruleLine({ id, outcome, passed, why, replay }: RuleVerdict): string {
  const name = `  ${id.padEnd(ruleWidth)}`;
  switch (outcome) {
    case "pass":
      return `${name} holds    in ${passed} ${passed === 1 ? "scenario" : "scenarios"}`;
    case "fail":
      return `${name} BROKEN   ${(why ?? "").split("\n")[0]!}\n${" ".repeat(ruleWidth + 3)}again: ${replay ?? ""}`;
    case "blocked":
      return `${name} blocked  nothing that was run says anything of it`;
  }
}

function levelWords({ verdict, passed, failed, left, missing, promise }: LevelVerdict): string {
  switch (verdict) {
    case "granted":
      return `granted: ${promise} (${passed} scenarios)`;
    case "refused":
      return `refused: ${failed} of ${passed + failed + left} scenarios fail`;
    case "not declared":
      return `not declared: the greeting lacks ${missing.join(", ")}`;
    case "not assessed":
      return `not assessed: ${left} of ${passed + failed + left} scenarios did not run`;
  }
}

const unlockLine = ({ ability, scenarios }: ClientVerdict["unlocks"][number]): string =>
  `"${ability}" in the greeting would unlock ${scenarios} ${scenarios === 1 ? "scenario" : "scenarios"}.`;
