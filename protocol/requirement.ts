// What a rule of a protocol is, for every protocol alike.

/** S: said by the published protocol. P: follows from its promise. A: advice, measured and never failing. */
export type RequirementKind = "S" | "P" | "A";

/** Who keeps the rule: the server, the device, or both together. */
export type RequirementSubject = "server" | "device" | "system";

/** One rule of a protocol page. `summary` is one sentence in our words; the page is the authority. */
export interface Requirement {
  readonly id: string;
  readonly kind: RequirementKind;
  readonly subject: RequirementSubject;
  readonly section: string;
  readonly summary: string;
}
