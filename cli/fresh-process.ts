// A process of plain node that has run nothing yet, and answers one job after another.
import { type ChildProcess, fork } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { AuditAnswer, AuditJob } from "./audit-child.ts";

/** Sources run as they are, the package runs what was made of them. */
const ending = extname(fileURLToPath(import.meta.url));

export class FreshProcess {
  readonly #child: ChildProcess;
  readonly #waiting: {
    readonly resolve: (answer: AuditAnswer) => void;
    readonly reject: (error: Error) => void;
  }[] = [];
  #isOver = false;

  constructor() {
    this.#child = fork(new URL(`./audit-child${ending}`, import.meta.url), [], {
      // The engine's switches of this process, which change how fast things run and nothing else.
      execArgv: process.execArgv.filter((flag) => flag.startsWith("--no-")),
      // Maps arrive as Maps.
      serialization: "advanced",
      // Ctrl-C reaches every process of the terminal; this one ends when its parent says so.
      detached: true,
    });
    this.#child.on("message", (answer: AuditAnswer) => this.#waiting.shift()?.resolve(answer));
    this.#child.on("error", (error) => this.#end(error));
    this.#child.on("exit", (code) => this.#end(new Error(`the fresh process ended with code ${code}`)));
  }

  /** Answers come in the order of the questions.  Errors: Error when the process has died. */
  ask(job: AuditJob): Promise<AuditAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#isOver) {
        reject(new Error("the fresh process is gone"));
        return;
      }
      this.#waiting.push({ resolve, reject });
      this.#child.send(job);
    });
  }

  close(): void {
    this.#isOver = true;
    this.#waiting.length = 0;
    this.#child.kill();
  }

  #end(error: Error): void {
    this.#isOver = true;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
