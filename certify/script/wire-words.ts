// What has to be known of a protocol to send its messages again, or to hold two servers' answers against each other:
// which members hold what a server chooses for itself, and which members of requests repeat it.

export interface WireWords {
  /** `<name>/<version>` */
  readonly protocol: string;
  /** Members of answers and frames that hold numbers of the server's own choosing. */
  readonly numbers: ReadonlySet<string>;
  /** Members of requests, in the query or the body, and of frames to the server that repeat one. */
  readonly echoes: ReadonlySet<string>;
  /** Members of answers that hold texts of the server's own choosing, repeated under the same name. */
  readonly texts: ReadonlySet<string>;
  /** Members that hold times. */
  readonly times: ReadonlySet<string>;
  /** The header by which a device is known, in lower case. */
  readonly deviceHeader: string;
  /** Members that are there to describe an answer to a person. */
  readonly prose: ReadonlySet<string>;
  /** What a device shows its user, of something that was found at the end of a run; `undefined` for anything else. */
  visibleOf(finding: unknown): unknown;
  /** The rule that speaks about a difference between two servers; `undefined` where the rules are silent. */
  ruleOf(difference: DifferenceKind): string | undefined;
}

/** A difference between two answers to the same request, without what is the runs' own. */
export interface DifferenceKind {
  /** The protocol's name of the exchange, or `frame`. */
  readonly message: string;
  /** `asked`: the device went another way. `header`, `body`: of answers with the same status. `count`: of things in a
   *  list. */
  readonly about: "asked" | "status" | "header" | "body" | "count" | "state";
  /** The path of the member with lists told as `*`, or the header's name. */
  readonly member: string;
  readonly here: string;
  readonly there: string;
}
