// Ctrl-C, said once: stop after this scenario, clean up, write the reports. Said twice: stop now.
import { exitCodes } from "./exit-codes.ts";

const sigtermCode = 128 + 15;

export interface Interrupts {
  readonly signal: AbortSignal;
  /** The exit code that the interruption asks for; `undefined` where there was none. */
  code(): number | undefined;
  stopWatching(): void;
}

/** `onInterrupt`: for whoever paints the screen. */
export function watchInterrupts(onInterrupt: () => void): Interrupts {
  const controller = new AbortController();
  let code: number | undefined;
  const heard = (name: NodeJS.Signals): void => {
    const asked = name === "SIGINT" ? exitCodes.interrupted : sigtermCode;
    if (code !== undefined) process.exit(asked);
    code = asked;
    onInterrupt();
    controller.abort();
  };
  process.on("SIGINT", heard).on("SIGTERM", heard);
  return {
    signal: controller.signal,
    code: () => code,
    stopWatching: () => process.off("SIGINT", heard).off("SIGTERM", heard),
  };
}
