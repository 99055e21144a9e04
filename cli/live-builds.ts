// A mutant in the real world: a server process with other sources than those on the disk, or devices of such sources beside
// the reference server.
import type { Mutant } from "../explore/mutants/mutant.ts";
import { loadMutant } from "../explore/mutants/load.ts";
import { realMutant } from "../explore/mutants/real-edits.ts";
import type { LiveBuild } from "../live/run.ts";
import { editedReferenceCommand } from "../live/subjects/edited-server.ts";
import type { LiveProtocol } from "../live/world/protocol.ts";
import { UsageError } from "./errors.ts";
import type { ProtocolEntry } from "./protocols.ts";

/** The build that a mutant is, or why there is none in the real world: a sentence.
 *  Errors: `EditMisplaced`. */
export async function liveBuildOf(
  protocol: Pick<ProtocolEntry, "live" | "liveBinding">,
  mutant: Mutant,
): Promise<{ readonly build: LiveBuild } | { readonly why: string }> {
  if (!import.meta.url.endsWith(".ts")) {
    return { why: "mutants are edits of the sources, which the published package does not have" };
  }
  const real = realMutant(mutant);
  switch (real.place) {
    case "nowhere":
      return { why: real.why };
    case "device":
      return { build: { protocol: await loadMutant<LiveProtocol>(protocol.liveBinding, mutant) } };
    case "server": {
      const { server } = await protocol.live();
      return { build: { server: editedReferenceCommand(server.entry, { ...real, name: mutant.name }) } };
    }
  }
}

/** The build of a mutant that somebody has asked for by its name.
 *  Errors: UsageError where it is none, or none in the real world. */
export async function liveBuildNamed(protocol: ProtocolEntry, name: string): Promise<LiveBuild> {
  const mutant = protocol.mutants.find((one) => one.name === name);
  if (mutant === undefined) throw new UsageError(`${protocol.id} has no mutant "${name}"`);
  const found = await liveBuildOf(protocol, mutant);
  if ("why" in found) throw new UsageError(`${name} cannot be run in the real world: ${found.why}`);
  return found.build;
}
