// A command of whoever is tested: what gives tokens, runs a hook or restarts a server. It is a line for the shell; places
// in braces are filled in. What it writes goes to files and not to pipes, because a server that it starts in the
// background keeps what it was given open, and would hold us up, or die of our end.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, openSync, readSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endWithUs, killGroup } from "./children.ts";
import { withoutSecrets } from "./target.ts";

export interface ShellCommand {
  readonly line: string;
  /** What stands for `{user}` and other places; the command finds them as `SEATRIAL_USER` in its environment as well. */
  readonly values: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** What no message may show. */
  readonly secrets: readonly string[];
}

/** A command ended with another exit code than 0, took too long, or could not be started. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
  readonly code = "command_failed";
}

/** Runs it and answers its standard output.  Errors: `CommandFailed`, with what it wrote last. */
export async function runShellCommand(command: ShellCommand): Promise<string> {
  const out = openUnnamed();
  const err = openUnnamed();
  try {
    const ended = await endOf(command, [out, err]);
    if (ended === "exit code 0") return readAll(out);
    const said = [readAll(err), readAll(out)].map((text) => text.trim()).find((text) => text !== "");
    const last = said === undefined ? "It wrote nothing." : `It wrote: ${said.slice(-saidMax)}`;
    throw new CommandFailed(
      withoutSecrets(`the command "${command.line}" ended with ${ended}. ${last}`, command.secrets),
    );
  } finally {
    closeSync(out);
    closeSync(err);
  }
}

/** Units: characters. */
const saidMax = 600;
const outputBytesMax = 1_048_576;

function endOf(
  { line, values, timeoutMs }: ShellCommand,
  [out, err]: readonly [number, number],
): Promise<string> {
  const filled = Object.entries(values).reduce(
    (text, [name, value]) => text.replaceAll(`{${name}}`, () => quoted(value)),
    line,
  );
  const told = Object.entries(values).map(([name, value]) => [`SEATRIAL_${name.toUpperCase()}`, value]);
  const child = spawn("/bin/sh", ["-c", filled], {
    detached: true,
    stdio: ["ignore", out, err],
    env: { ...process.env, ...Object.fromEntries(told) },
  });
  endWithUs(child);
  const ended = Promise.withResolvers<string>();
  const impatience = setTimeout(() => {
    ended.resolve(`no end within ${timeoutMs} ms`);
    killGroup(child, "SIGKILL");
  }, timeoutMs);
  child.once("error", (error) => ended.resolve(error.message));
  child.once("exit", (code, signal) =>
    ended.resolve(code === null ? `signal ${signal}` : `exit code ${code}`),
  );
  return ended.promise.finally(() => clearTimeout(impatience));
}

/** As the shell reads it back. */
const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** A file that nobody else finds, and that is gone with its last user. */
function openUnnamed(): number {
  const path = join(tmpdir(), `seatrial-output-${randomUUID()}`);
  const file = openSync(path, "wx+", 0o600);
  unlinkSync(path);
  return file;
}

function readAll(file: number): string {
  const buffer = Buffer.alloc(outputBytesMax);
  const length = readSync(file, buffer, 0, buffer.length, 0);
  return buffer.toString("utf8", 0, length);
}
