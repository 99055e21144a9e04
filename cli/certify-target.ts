// Who was certified, as far as it says so itself: what stands in a certificate beside the command or address.
import type { CertifiedTarget } from "../invariants/certification-result.ts";
import { secretsOf, type TargetSpec, withoutSecrets } from "../live/subjects/target.ts";
import type { LiveWorldRunner } from "./live-runner.ts";
import type { ProtocolEntry } from "./protocols.ts";
import { defaultHealthPath } from "./target-options.ts";

/** Units: milliseconds. */
const answerTimeoutMs = 5_000;
/** Units: characters. */
const saidMax = 500;

/** Asks the target once. One that does not answer says nothing.  Errors: none. */
export async function describeTarget(
  target: TargetSpec,
  { world, protocol }: { readonly world: LiveWorldRunner; readonly protocol: ProtocolEntry },
): Promise<CertifiedTarget> {
  const title = target.kind === "url" ? target.url : target.command.title;
  const shown = (text: string): string => withoutSecrets(text, secretsOf(target)).slice(0, saidMax);
  return { title, kind: target.kind, said: await saidBy(target, { world, protocol }, shown) };
}

async function saidBy(
  target: TargetSpec,
  { world, protocol }: { readonly world: LiveWorldRunner; readonly protocol: ProtocolEntry },
  shown: (text: string) => string,
): Promise<Readonly<Record<string, string>>> {
  const command = target.kind === "command" ? { command: target.command.title } : {};
  const lent = await world.probeTarget(protocol.id).catch(() => undefined);
  if (lent === undefined) return command;
  try {
    const health = await fetch(`${lent.baseUrl}${healthPathOf(target)}`, {
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    const server = health.headers.get("server");
    const body = shown(await health.text());
    return {
      ...command,
      ...(server === null ? {} : { server: shown(server) }),
      ...(body === "" ? {} : { health: body }),
    };
  } catch {
    return command;
  } finally {
    lent.release();
  }
}

function healthPathOf(target: TargetSpec): string {
  if (target.kind === "url") return target.healthPath;
  const { readiness } = target.command;
  return readiness === "says so" ? defaultHealthPath : readiness.healthPath;
}
