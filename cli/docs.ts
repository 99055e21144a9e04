// `seatrial docs`: the pages that are made from the code, so that they cannot drift from it.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { parse } from "yaml";
import { z } from "zod";
import { documentLaws } from "../invariants/document.ts";
import { writeAtomically } from "../reports/write-atomically.ts";
import { scenariosFolder } from "../scenarios/catalogue.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { UsageError } from "./errors.ts";
import { exitCodes } from "./exit-codes.ts";
import { addHelp } from "./help.ts";
import { scenariosFor } from "./options.ts";
import { type ProtocolEntry, protocols } from "./protocols.ts";
import { coverageProblems, type ProtocolCoverage, requirementsPage } from "./requirements-page.ts";

const reasons = z.record(z.string(), z.string().min(1));

export function createDocsCommand(): Command {
  return addHelp(new Command("docs"), {
    summary: "write the pages of docs/ that are made from the code",
    sentence:
      "Writes docs/requirements.md (which scenario and law shows which rule) and docs/invariants.md (what the laws promise).",
    examples: [
      ["seatrial docs", "write them"],
      ["seatrial docs --check", "fail where they are out of date, or a rule is neither shown nor excused"],
    ],
  })
    .option("--check", "write nothing; exit code 1 where a page would change")
    .option("--folder <folder>", "where the pages stand", "docs")
    .action(({ check = false, folder }: { check?: boolean; folder: string }) => {
      const coverage = protocols.map((protocol) => coverageOf(protocol, scenariosFor([], {})));
      const problems = coverage.flatMap(coverageProblems);
      const pages = new Map([
        ["requirements.md", requirementsPage(coverage)],
        ["invariants.md", documentLaws(protocols.flatMap(({ laws }) => laws))],
      ]);
      const stale = [...pages].filter(([name, text]) => currentText(join(folder, name)) !== text);
      if (!check) for (const [name, text] of stale) writeAtomically(join(folder, name), text);
      for (const problem of problems) process.stderr.write(`${problem}\n`);
      for (const [name] of stale) {
        process.stderr.write(
          `${join(folder, name)} ${check ? 'is out of date; "seatrial docs" writes it' : "written"}\n`,
        );
      }
      if (problems.length > 0 || (check && stale.length > 0)) process.exitCode = exitCodes.violation;
    });
}

function coverageOf(protocol: ProtocolEntry, scenarios: readonly Scenario[]): ProtocolCoverage {
  return {
    protocol: protocol.id,
    requirements: protocol.requirements,
    scenarios: scenarios.filter((scenario) => scenario.protocol === protocol.id),
    laws: protocol.laws,
    uncovered: readReasons(join(scenariosFolder, protocol.name, "uncovered.yaml")),
  };
}

function readReasons(file: string): Readonly<Record<string, string>> {
  if (!existsSync(file)) return {};
  const parsed = reasons.safeParse(parse(readFileSync(file, "utf8")));
  if (parsed.success) return parsed.data;
  throw new UsageError(`${file} must give a reason by rule id:\n${z.prettifyError(parsed.error)}`);
}

function currentText(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}
