// A reference server with other sources than those on the disk, as a command: how a deliberate defect comes to a process of
// its own. See edit-sources.ts.
import { referenceCommand } from "./reference-command.ts";
import type { ServerCommand } from "./server-process.ts";

export interface EditedServer {
  /** For messages: "guard-missing". */
  readonly name: string;
  readonly edits: readonly {
    /** From the root of the project, `/` between the parts. */
    readonly file: string;
    /** As it stands there, exactly once. */
    readonly find: string;
    readonly replace: string;
  }[];
}

/** `entry` as of `referenceCommand`. A process whose sources do not fit ends before it listens, and says why. */
export function editedReferenceCommand(entry: string, { name, edits }: EditedServer): ServerCommand {
  const command = referenceCommand(entry, [new URL("edit-sources.ts", import.meta.url).href]);
  return {
    ...command,
    title: `${command.title} with ${name}`,
    env: { ...command.env, SEATRIAL_SOURCE_EDITS: JSON.stringify(edits) },
  };
}
