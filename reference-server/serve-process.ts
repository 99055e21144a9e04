// The life of the server process: one line on standard output when it listens, everything else on standard error, an end
// in good order at SIGTERM and SIGINT, and an exit code that says what went wrong.
import { atMost } from "./http/at-most.ts";
import { MigrationRefused } from "./postgres/migrate.ts";
import { type RunningServer, serve } from "./serve.ts";
import { type GivenSettings, readSettings, type Settings } from "./serve-settings.ts";

const exitCodes = { ended: 0, badSettings: 2, cannotStart: 3 } as const;

/** Serves until a signal comes, and answers the exit code. `onListening` hears the address before the world does. */
export async function serveUntilSignal(
  given: GivenSettings,
  onListening: (url: string) => void | Promise<void> = () => undefined,
): Promise<number> {
  const read = readSettings(given);
  if ("problems" in read) {
    for (const problem of read.problems) complain(problem);
    return exitCodes.badSettings;
  }
  const signalled = nextSignal();
  let server: RunningServer;
  try {
    server = await serve({ ...read.settings, onFault: complainOfFault });
  } catch (error) {
    complain(whyNot(error, read.settings));
    return exitCodes.cannotStart;
  }
  await onListening(server.url);
  process.stdout.write(`${JSON.stringify({ listening: server.url })}\n`);
  await signalled;
  await atMost(endTimeoutMs, server.close());
  return exitCodes.ended;
}

/** A supervisor waits 5 s before it kills. */
const endTimeoutMs = 4_500;

/** The first signal ends in good order; the second ends at once. */
function nextSignal(): Promise<void> {
  return new Promise((resolve) => {
    let isEnding = false;
    const heard = (signal: "SIGTERM" | "SIGINT"): void => {
      if (isEnding) process.exit(128 + signalNumbers[signal]);
      isEnding = true;
      resolve();
    };
    process.on("SIGTERM", heard).on("SIGINT", heard);
  });
}

const signalNumbers = { SIGTERM: 15, SIGINT: 2 } as const;

function whyNot(error: unknown, settings: Settings): string {
  const { host, port } = settings;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof MigrationRefused) return message;
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  if (code === "EADDRINUSE" || code === "EACCES" || code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
    return `cannot listen at ${host}:${port}: ${message}. Choose another PORT or HOST; PORT=0 takes any free port.`;
  }
  const database = new URL(settings.databaseUrl);
  database.password = "";
  return `the database at ${database.href} cannot be used: ${message}. Is it running, and is DATABASE_URL right?`;
}

function complainOfFault(error: unknown): void {
  complain(error instanceof Error ? (error.stack ?? error.message) : String(error));
}

function complain(text: string): void {
  process.stderr.write(`seatrial serve: ${text}\n`);
}
