// What a probe is: a suite that is generated instead of written, held against a server of which nothing is known but its
// protocol. A probe asks its target only for what certification.md allows to be asked for.
import type { TokenSpec } from "../scenarios/format/types.ts";

/** The server under test as a probe sees it. */
export interface ProbeTarget {
  /** `http://127.0.0.1:1234`, without a slash at its end. */
  readonly baseUrl: string;
  /** Where the hooks are, if they are reached over HTTP. */
  readonly controlUrl?: string;
  readonly controlToken?: string;
  /** A user that this server has never heard of. */
  freshUser(): string;
  /** A UUID that this server has never heard of. */
  freshDevice(): string;
  /** A good token, or one that differs from it; undefined where no secret is known to make it with. */
  mintToken(user: string, device: string, token?: TokenSpec): Promise<string | undefined>;
  /** False once the process has died. A target that is only an address counts as alive. */
  isAlive(): boolean;
}

export interface ProbeOptions {
  /** The same seed makes the same requests. */
  readonly seed: string;
  readonly signal: AbortSignal;
  /** Wall time.  Units: milliseconds. */
  readonly budgetMs: number;
  /** What the target says it has or has not, by the names of the profile's features; the rest it does not say. */
  readonly declared: Readonly<Record<string, boolean>>;
  onProgress?(done: number, total: number): void;
}

/** One kind of fault, with the simplest request that shows it. */
export interface ProbeFinding {
  readonly requirements: readonly string[];
  /** What was sent. */
  readonly text: string;
  readonly expected: string;
  readonly seen: string;
  /** Shell lines that show it again. */
  readonly reproduce: readonly string[];
}

export interface ProbeReport {
  readonly outcome: "pass" | "fail" | "blocked" | "unsupported" | "error";
  readonly findings: readonly ProbeFinding[];
  /** The rules that were really put to the test. */
  readonly requirements: readonly string[];
  readonly requests: number;
  /** Habits: lawful, and worth knowing. */
  readonly observations: readonly string[];
  /** For `blocked`: which hook would unlock it. */
  readonly missing?: readonly string[];
}

export interface Probe {
  /** `<protocol>/probe/<name>` */
  readonly id: string;
  readonly title: string;
  /** `<name>/<version>` */
  readonly protocol: string;
  readonly level: string;
  readonly requirements: readonly string[];
  /** Bounds itself by its budget.  Errors: only bugs of ours. */
  run(target: ProbeTarget, options: ProbeOptions): Promise<ProbeReport>;
}
