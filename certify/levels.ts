// What a build may claim, in steps: each level adds something that a target must let itself be asked for. A scenario
// belongs to the last level that it needs anything of, so that a target that can be asked for less is blocked in the
// levels above and in none below.
import type { Requirement } from "../protocol/requirement.ts";
import type { Ability, Scenario } from "../scenarios/format/types.ts";
import { foreignLacks } from "../live/subjects/foreign-command.ts";

export interface Level {
  readonly name: string;
  /** What a build of this level keeps, in a sentence. */
  readonly promise: string;
  /** What it takes to find out. */
  readonly needs: string;
}

/** What certification has to know of a protocol.  Source: certification.md section 3. */
export interface CertificationProfile {
  /** `<name>/<version>` */
  readonly protocol: string;
  readonly requirements: readonly Requirement[];
  /** In order: what one needs, the next may need as well. */
  readonly levels: readonly Level[];
  /** What a build may declare not to have, and the level that it then does not ask for. */
  readonly features: Readonly<Record<string, string>>;
  /** The level that an ability belongs to; undefined for what every target can be asked for. */
  levelOfAbility(ability: Ability): string | undefined;
  /** The level that the steps belong to whatever the abilities say, if any. */
  levelOfSteps(scenario: Scenario): string | undefined;
}

/** The level of a scenario; undefined where it says nothing of a server of which nothing is known but its protocol:
 *  because it looks at the devices only, leans on the reference's settings or statements, or lets chance decide. */
export function levelOf(scenario: Scenario, profile: CertificationProfile): string | undefined {
  const { needs, requirements } = scenario;
  const isOfServers = profile.requirements.some(
    ({ id, subject }) => subject !== "device" && requirements.includes(id),
  );
  if (!isOfServers || needs.some((ability) => simulatedOnly.has(ability))) return undefined;
  if (foreignLacks(scenario).length > 0) return undefined;
  const names = profile.levels.map(({ name }) => name);
  const asked = [
    ...needs.map((ability) => profile.levelOfAbility(ability)),
    profile.levelOfSteps(scenario),
  ].map((name) => (name === undefined ? 0 : names.indexOf(name)));
  return names[Math.max(0, ...asked)];
}

/** What only the simulation has. */
const simulatedOnly: ReadonlySet<Ability> = new Set(["chance", "unbuffered-sockets"]);
