// From many requests that went wrong to few findings: one for each kind of fault, with the smallest request that shows it.
import type { ProbeFinding } from "../probe.ts";
import { curlLine } from "./shell.ts";
import { requestSize, type WireRequest } from "./wire-request.ts";

/** One request that went wrong. */
export interface ProbeFault {
  /** What makes two faults one: where it was sent, what was wrong with it, what came of it. */
  readonly kind: string;
  readonly requirements: readonly string[];
  /** What was sent, in words. */
  readonly text: string;
  readonly expected: string;
  readonly seen: string;
  /** In the order in which they were sent; absent where no HTTP request was. */
  readonly requests: readonly WireRequest[];
  /** Instead of requests: shell lines. */
  readonly shell?: readonly string[];
}

/** One finding for each kind, in the order in which the kinds came up. */
export function findingsOf(faults: readonly ProbeFault[], baseUrl: string): readonly ProbeFinding[] {
  const kinds = new Map<string, ProbeFault[]>();
  for (const fault of faults) {
    const alike = kinds.get(fault.kind);
    if (alike === undefined) kinds.set(fault.kind, [fault]);
    else alike.push(fault);
  }
  return [...kinds.values()].map((alike) => {
    const { requirements, text, expected, seen, requests, shell = [] } = smallest(alike);
    const others = alike.length - 1;
    return {
      requirements,
      text: others === 0 ? text : `${text} (and ${others} more of this kind)`,
      expected,
      seen,
      reproduce: [...requests.map((request) => curlLine(request, baseUrl)), ...shell],
    };
  });
}

function smallest(alike: readonly ProbeFault[]): ProbeFault {
  const size = ({ requests }: ProbeFault): number =>
    requests.reduce((sum, request) => sum + requestSize(request), 0);
  return alike.reduce((least, fault) => (size(fault) < size(least) ? fault : least));
}
