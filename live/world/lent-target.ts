// The server under test as a generated suite asks for it: an address, users that nobody has had, and tokens. The shape is
// that of the suites (certify/probe.ts), which this folder does not know.
import { randomUUID } from "node:crypto";
import type { TokenSpec } from "../../scenarios/format/types.ts";
import type { TargetSpec } from "../subjects/target.ts";
import { needsSecret } from "../subjects/token-source.ts";
import type { Ground } from "./ground.ts";
import type { Group } from "./group.ts";
import type { Lease } from "./server-pool.ts";
import { usersNeverSeen } from "./tokens.ts";

export interface LentTarget {
  readonly baseUrl: string;
  readonly controlUrl?: string;
  readonly controlToken?: string;
  /** Errors: `UsersExhausted`. */
  freshUser(): string;
  freshDevice(): string;
  /** undefined: it cannot be had without the secret. */
  mintToken(user: string, device: string, token?: TokenSpec): Promise<string | undefined>;
  /** False once the process has died. A server at an address counts as alive. */
  isAlive(): boolean;
  /** Gives it back. May be called twice. */
  release(): void;
}

export function lendTarget(
  lease: Lease<Group>,
  { ground, target }: { readonly ground: Ground; readonly target: TargetSpec | undefined },
): LentTarget {
  const { group } = lease;
  const subject = group.subjects[0]!;
  const desk = ground.plainDesk(() => undefined);
  // Where it listened last: one that has died is asked in vain.
  let baseUrl = subject.url ?? "";
  const hasControl = target?.kind !== "url" || target.hooks.control !== undefined;
  const hasSecret = target === undefined || target.tokens.kind === "secret";
  return {
    get baseUrl() {
      return (baseUrl = subject.url ?? baseUrl);
    },
    ...(hasControl
      ? { controlUrl: target?.hooks.control?.url ?? baseUrl, controlToken: ground.controlToken }
      : {}),
    freshUser: () => ground.listed?.take() ?? usersNeverSeen()("probe"),
    freshDevice: () => randomUUID(),
    async mintToken(user, device, token) {
      if (token !== undefined && !hasSecret && needsSecret(token)) return undefined;
      return desk.redeem(desk.mint(user, token), device);
    },
    isAlive: () => subject.url !== undefined,
    release: () => lease.release({ keep: group.isWhole }),
  };
}
