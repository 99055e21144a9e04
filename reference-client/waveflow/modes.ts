// What may leave the device.

/** `local`: nothing leaves, edits are kept. `hybrid`: edits queue and sync. `server`: edits go straight to the server. */
export type Mode = "local" | "hybrid" | "server";

/** Reads a mode; an unknown one counts as `local`, the one that gives nothing away.  Source: WF-DEV-13. */
export const parseMode = (text: unknown): Mode => (text === "hybrid" || text === "server" ? text : "local");

/** What a device wants to do over the wire: `push` sends the queue, `write` one edit past it, `follow` reads and
 *  acknowledges. */
export type Purpose = "push" | "write" | "follow";

/** Says whether the mode lets it.  Source: WF-DEV-5, WF-DEV-13. */
export function modeAllows(mode: Mode, purpose: Purpose): boolean {
  switch (mode) {
    case "local":
      return false;
    case "hybrid":
      return purpose !== "write";
    case "server":
      // Its queue is empty, but for what the server had stored and has lost since: that goes out again.
      return true;
  }
}

/** Mode `server` was asked for and the queue could not be emptied first; the mode is what it was. */
export class ModeRefused extends Error {
  readonly code = "mode_refused";
  override readonly name = "ModeRefused";
}
