// The command line. Every command sets the exit code of the process; what is thrown is turned into one here: usage
// errors say what was wrong, anything unexpected says that it is Seatrial's fault and how to report it.
import { CommanderError } from "commander";
import { SetupError, UsageError } from "./errors.ts";
import { exitCodes } from "./exit-codes.ts";
import { givenCommand } from "./invocation.ts";
import { createProgram } from "./program.ts";
import { version } from "./version.ts";

/** As shells count it: 128 + SIGPIPE. Not 0, because the verdict was not delivered. */
const brokenPipeCode = 141;

for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(brokenPipeCode);
  });
}

try {
  await createProgram().parseAsync(process.argv);
} catch (error) {
  process.exitCode = explain(error);
}

function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof UsageError) {
    process.stderr.write(`error: ${error.message}\n`);
    return exitCodes.usage;
  }
  if (error instanceof SetupError) {
    process.stderr.write(`error: could not set up: ${error.message}\n`);
    return exitCodes.broken;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    [
      "Seatrial itself failed. This says nothing about what was tested.",
      "Please report it with the lines below:",
      "",
      `  seatrial ${version()}, node ${process.version}, ${process.platform} ${process.arch}`,
      `  ${givenCommand()}`,
      ...stack.split("\n").map((line) => `  ${line}`),
      "",
    ].join("\n"),
  );
  return exitCodes.broken;
}
