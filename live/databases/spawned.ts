// What a short-lived child said and how it ended, in words for an error message.
import type { ChildProcess } from "node:child_process";

const outputMax = 8_192;

/** Answers the end of all that the child has written so far. */
export function collectOutput(child: ChildProcess): () => string {
  let text = "";
  const add = (chunk: Buffer | Error) => {
    text = (text + String(chunk)).slice(-outputMax);
  };
  child.stdout?.on("data", add);
  child.stderr?.on("data", add);
  child.on("error", add);
  return () => text.trim();
}

/** "exit code 0", "signal SIGKILL", or why it could not be started. */
export async function untilEnd(child: ChildProcess): Promise<string> {
  return await new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(code === null ? `signal ${signal}` : `exit code ${code}`));
  });
}
