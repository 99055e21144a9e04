// What a certification came to, as data: made by `certify/` from the results of a run, read by every reporter. It says
// nothing that cannot be traced to a check, and nothing in it is a secret.
import type { JsonObject } from "../protocol/json.ts";
import type { RequirementKind } from "../protocol/requirement.ts";

/** `advice`: an A rule that is not followed; fails nothing. `blocked`: needs a hook that this target does not have.
 *  `unsupported`: not declared, and the probe agrees. `error`: Seatrial itself failed. `skipped`: left out by a filter,
 *  or by a run that was cut short.  Source: certification.md section 4. */
export type CertificationOutcome =
  | "pass"
  | "fail"
  | "advice"
  | "blocked"
  | "unsupported"
  | "error"
  | "skipped";

/** One scenario or probe held against one rule. */
export interface CertificationCheck {
  /** `waveflow/push/retry::WF-PUSH-2`: the scenario's or probe's id, two colons, the rule's. */
  readonly id: string;
  readonly scenario: string;
  readonly requirement: string;
  /** Of its scenario. */
  readonly level: string;
  readonly outcome: CertificationOutcome;
  /** Why it is no pass, in a sentence. */
  readonly why?: string;
  /** For `blocked`: the hooks or abilities that would unlock it. */
  readonly missing?: readonly string[];
  /** Why the baseline expects it to fail; only where an entry that counts does. */
  readonly expected?: string;
  /** The command that runs it again. */
  readonly replay?: string;
}

/** `not assessed`: nothing of it came up in a check that ran to its end. */
export type RequirementVerdict = "holds" | "violated" | "advice" | "blocked" | "unsupported" | "not assessed";

/** One rule of the protocol over all of its checks. */
export interface CertifiedRequirement {
  readonly id: string;
  readonly kind: RequirementKind;
  readonly section: string;
  readonly summary: string;
  readonly verdict: RequirementVerdict;
  /** The levels that it belongs to; empty for a rule that no level asks for. */
  readonly levels: readonly string[];
  /** Ids of its checks, in the order of the run. */
  readonly checks: readonly string[];
  /** What decided: why it is violated, or what is missing. Absent for one that holds. */
  readonly why?: string;
}

export type LevelVerdict = "granted" | "refused" | "not assessed";

export interface CertifiedLevel {
  readonly name: string;
  /** What a build of this level promises, in a sentence. */
  readonly promise: string;
  readonly verdict: LevelVerdict;
  /** Its S and P rules by their verdict: those that hold, are violated, and could not be assessed. */
  readonly passed: number;
  readonly failed: number;
  readonly blocked: number;
  /** What decided, one sentence each; empty for a level that is granted. */
  readonly why: readonly string[];
}

/** Who was tested, as far as it is known from outside. */
export interface CertifiedTarget {
  /** For people: the address, or the command. */
  readonly title: string;
  readonly kind: "url" | "command";
  /** What the target says of itself, by name: the `server` header, the body of its health URL, its command line. Enters
   *  the fingerprint. */
  readonly said: Readonly<Record<string, string>>;
}

/** What another hook of the target would let Seatrial see. */
export interface LockedHook {
  readonly hook: string;
  /** How many checks wait for it. */
  readonly checks: number;
}

/** The ids of checks, by what the baseline says of them. */
export interface BaselineComparison {
  /** The file; absent where there is none. */
  readonly file?: string;
  /** Fails, as an entry says. */
  readonly expected: readonly string[];
  /** Fails, and no entry that counts says so. */
  readonly unexpected: readonly string[];
  /** Has an entry, and no longer fails. */
  readonly fixed: readonly string[];
  /** Has an entry whose day has passed: it excuses nothing any more. */
  readonly expired: readonly string[];
}

export interface Certification {
  /** `<name>/<version>` */
  readonly protocol: string;
  readonly target: CertifiedTarget;
  /** As the run was set up, after flags, environment and file; secrets are taken out. */
  readonly configuration: JsonObject;
  /** The seed over all scenarios, where one was given. Each result carries its own. */
  readonly seed?: string;
  /** Levels that were asked for, in the protocol's order. */
  readonly levels: readonly CertifiedLevel[];
  readonly requirements: readonly CertifiedRequirement[];
  readonly checks: readonly CertificationCheck[];
  /** The checks by their outcome; adds up to their number. */
  readonly counts: Readonly<Record<CertificationOutcome, number>>;
  /** False where a filter, a shard, a bail or Ctrl-C left something out: then nothing is certified. */
  readonly complete: boolean;
  /** Where the run was one part of several (`--shard`): which of them, from 1, and whether it was all of that part. */
  readonly shard?: { readonly index: number; readonly of: number; readonly complete: boolean };
  /** Lawful habits of the target that are worth knowing, each once. */
  readonly observations: readonly string[];
  readonly locked: readonly LockedHook[];
  /** Where the target and another server part, a line for each kind: information. Absent where nobody asked. */
  readonly differences?: readonly string[];
  readonly baseline: BaselineComparison;
}
