// Colour, or none. Reporters write with an ink and never ask again whether colour is wanted.
import pico from "picocolors";

type Paint = (text: string) => string;

export interface Ink {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

export const createInk = (isColoured: boolean): Ink => pico.createColors(isColoured);

export const plainInk: Ink = createInk(false);

/** `NO_COLOR` (anything but empty) says no, `FORCE_COLOR` (anything but `0` or `false`) says yes; else a terminal that
 *  is not dumb is coloured. Source: no-color.org, force-color.org. */
export function wantsColour(environment: NodeJS.ProcessEnv, stream: { readonly isTTY?: boolean }): boolean {
  const { NO_COLOR: no = "", FORCE_COLOR: force, TERM: terminal } = environment;
  if (no !== "") return false;
  if (force !== undefined && force !== "") return force !== "0" && force !== "false";
  return stream.isTTY === true && terminal !== "dumb";
}
